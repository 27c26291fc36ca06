"""A release upgrade of Debian under a door in operation: bookworm becomes trixie, with Lintel's package or without."""

import contextlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.rig.camera import EILEEN
from tests.rig.checks import Figures, Finding
from tests.system.door import BADGES, UNIT, Door
from tests.system.fetched import give_release_upgrade, turn_sources
from tests.system.machine import Answer, Machine, wait_for
from tests.system.package import built
from tests.system.steps import Steps
from tests.system.trees import BOOKWORM, TRIXIE, Unready

STEPS = Steps()
HOLDER = BADGES[EILEEN]
WITHIN_S = 420.0
LOOK_S = 0.02
OPTIONS = ("--yes", "-oDpkg::Options::=--force-confold", "-oDpkg::Options::=--force-unsafe-io")
NEXT = "/srv/lintel_next.deb"
UNIT_WRITES = "/etc/systemd/system/lintel.service.d/writes.conf"


@dataclass(slots=True)
class Watched:
    """What a look at the relay every 20 ms saw."""

    looks: int = 0
    released: int = 0


@contextlib.contextmanager
def watched(door: Door) -> Iterator[Watched]:
    """Looks at the relay all the time."""
    seen, over, board = Watched(), threading.Event(), door.board

    def look() -> None:
        while not over.wait(LOOK_S):
            seen.looks += 1
            seen.released += board.is_released()

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield seen
    finally:
        over.set()
        looker.join()


@STEPS.step(
    "Debian's release upgrade, Lintel's package held, then with the next one at hand",
    "held: the door runs on, doctor is amber; at hand: on the new Python; relay secured in every look of 20 ms",
    releases=(BOOKWORM.name,),
)
def held(door: Door) -> Finding:
    figures = Figures()
    with watched(door) as seen:
        machine = door.machine
        _turn(machine)
        machine.must("apt-mark", "hold", "lintel")
        first = door.process
        answer = _full_upgrade(machine)
        figures.true(f"held: full-upgrade in {answer.took_s:.0f} s", answer.said[-600:], kept=answer.code == 0)
        shown = re.search(r"kept back:\n(?:  .*\n)*?  .*\bpython3\b", answer.said) is not None
        figures.true("apt shows that Python is kept back", answer.said[:1500], kept=shown)
        still = door.process == first and _release(machine) == "13"
        figures.true("same process on Debian 13", f"process {door.process}, Debian {_release(machine)}", kept=still)
        line = _doctor(door)
        figures.true(line, f"doctor: {line}", kept=line.startswith("amber"))
        machine.must("apt-mark", "unhold", "lintel")
        released = seen.released
        figures.count("looks that saw the relay released", released, 0)
        _moves_on(door, figures)
        figures.count("looks that saw the relay released, at hand", seen.released - released, 0)
        figures.note(f"{seen.looks} looks")
        _opens(door, figures)
        _writes_no_byte_code(door, figures)
    return figures.finding(1)


@STEPS.step(
    "Debian's release upgrade without Lintel's next package, which is installed later",
    "apt shows that Lintel goes or stays; the relay is secured in every look; people and badges stay",
    releases=(BOOKWORM.name,),
)
def removed(door: Door) -> Finding:
    figures = Figures()
    with watched(door) as seen:
        machine = door.machine
        _turn(machine)
        answer = _full_upgrade(machine)
        figures.true(f"full-upgrade in {answer.took_s:.0f} s", answer.said[-600:], kept=answer.code == 0)
        is_removed = re.search(r"REMOVED:\n(?:  .*\n)*?  .*\blintel\b", answer.said) is not None
        is_kept = re.search(r"kept back:\n(?:  .*\n)*?  .*\bpython3\b", answer.said) is not None
        said = "apt shows that Lintel is removed" if is_removed else "apt shows that Python is kept back"
        figures.true(said, answer.said[:1500], kept=is_removed != is_kept)
        runs = door.is_ready()
        figures.true("", f"the unit runs: {runs}", kept=runs is not is_removed)
        figures.true("", "people gone", kept=machine.run("test", "-s", "/var/lib/lintel/lintel.db").code == 0)
        _moves_on(door, figures)
        figures.count(f"of {seen.looks} looks saw the relay released", seen.released, 0)
        _opens(door, figures)
    return figures.finding(1)


def _turn(machine: Machine) -> None:
    turn_sources(machine)
    give_release_upgrade(machine)
    shutil.copy(built(TRIXIE), machine.root / NEXT.lstrip("/"))


def _full_upgrade(machine: Machine, *given: str) -> Answer:
    return machine.run("apt", "full-upgrade", *OPTIONS, *given, within_s=WITHIN_S)


def _release(machine: Machine) -> str:
    said = machine.must("cat", "/etc/os-release")
    return next(iter(re.findall(r'^VERSION_ID="?(\d+)', said, re.MULTILINE)), "")


def _doctor(door: Door) -> str:
    """Doctor's line about the system."""
    said = door.machine.run("lintel", "doctor").said
    return next((line.strip() for line in said.splitlines() if re.match(r"(green|amber|red)\s+system\b", line)), said)


def _moves_on(door: Door, figures: Figures) -> None:
    """The documented step; the door is in operation with the next release's Python after it."""
    machine = door.machine
    answer = _full_upgrade(machine, NEXT)
    figures.true(f"with its package: full-upgrade in {answer.took_s:.0f} s", answer.said[-600:], kept=answer.code == 0)
    if not door.is_ready():  # it was removed, and no package starts a door
        machine.must("systemctl", "daemon-reload")
        door.rig()
        door.start()
    runs = machine.must("readlink", f"/proc/{door.process}/exe").strip()
    figures.true(f"runs by {runs}", f"runs by {runs}", kept=runs.endswith(TRIXIE.python))
    figures.true("", "dpkg --audit", kept=not machine.must("dpkg", "--audit").strip())
    line = _doctor(door)
    figures.true(line, f"doctor: {line}", kept=line.startswith("green"))


def _opens(door: Door, figures: Figures) -> None:
    door.shows(EILEEN)
    took_s = door.granted_after(HOLDER)
    figures.true("the badge opens", "the badge does not open", kept=took_s is not None)


def _writes_no_byte_code(door: Door, figures: Figures) -> None:
    """What the service and root's commands open to write is looked at from outside, by the machine's first process."""
    if shutil.which("strace") is None:
        raise Unready("strace is missing. On Debian: sudo apt install strace")
    machine = door.machine
    machine.write(UNIT_WRITES, "[Service]\nEnvironment=PYTHONDONTWRITEBYTECODE=\n")
    machine.must("systemctl", "daemon-reload")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "calls")
        calls = "trace=open,openat,creat,rename,renameat,renameat2"
        command = ["strace", "-f", "-qq", "-y", "-e", calls, "-o", str(file), "-p", str(machine.leader)]
        tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(1.0)
            machine.must("systemctl", "restart", UNIT)
            wait_for(door.is_ready, 60.0)
            machine.must("systemd-run", "--wait", "--quiet", "lintel", "door", "status")
        finally:
            tracer.terminate()
            tracer.wait(30)
        said = file.read_text(errors="replace")
    machine.must("rm", UNIT_WRITES)
    calls_of = re.findall(r'^.*"/opt/lintel/[^"]*\.pyc.*$', said, re.MULTILINE)
    wrote = [line for line in calls_of if "O_RDONLY" not in line]
    figures.true(
        f"strace of a start: {len(calls_of)} files of byte code opened",
        "none was read",
        kept=len(calls_of) > len(wrote),
    )
    figures.true("none written", f"written: {wrote[:1]}", kept=not wrote)
