"""The door's unit under a real systemd: started, sandboxed, killed, hung, without space, restarted."""

import contextlib
import re
import signal
import time

from device.errors import DoorError
from device.records import DoorCommand
from tests.rig.board import write
from tests.rig.camera import EILEEN, GRACE
from tests.rig.checks import Figures, Finding
from tests.system.door import BADGES, LIVE, UNIT, WATCHDOG_S, Door
from tests.system.machine import wait_for
from tests.system.steps import Steps

STEPS = Steps()
HOLDER = BADGES[EILEEN]
READY_S, SECURED_S, RESTARTED_S = 5.0, 1.0, WATCHDOG_S + 3.0
PULSE_S = 1.0
KILLS = 3
FACE_TRIES = 5
MOST_ROWS = 5000
STORE = "/var/lib/lintel"


@STEPS.step("`systemctl start`, three times", "READY=1 within 5 s of the first command, `door secure` included")
def ready(door: Door) -> Finding:
    figures, times = Figures(), []
    for _ in range(3):
        door.machine.must("systemctl", "stop", UNIT)
        times.append(door.start())
    figures.most("ready after", times, READY_S)
    (memory,) = door.machine.shows(UNIT, "MemoryCurrent")
    figures.note(f"{int(memory) / 2**20:.0f} MiB in its control group" if memory.isdigit() else "memory not counted")
    return figures.finding(3)


@STEPS.step(
    "the running process, as the kernel has it", "another user, no capability, seccomp, no network, nothing to write"
)
def sandboxed(door: Door) -> Finding:
    figures, process = Figures(), str(door.process)
    status = door.machine.must("cat", f"/proc/{process}/status")
    held = dict(re.findall(r"^(\w+):\s+(\S+)", status, re.MULTILINE))
    number = door.machine.must("id", "-u", "lintel").strip()
    figures.true("user lintel", f"user {held['Uid']}", kept=held["Uid"] == number != "0")
    capabilities = [held[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")]
    figures.true("no capability", f"capabilities {capabilities}", kept=not any(int(one, 16) for one in capabilities))
    figures.true("seccomp filter", "no seccomp filter", kept=held["Seccomp"] == "2" and held["NoNewPrivs"] == "1")
    inside = ("nsenter", f"--target={process}", "--mount", "--net", f"--setuid={number}")
    links = door.machine.must(*inside, "cat", "/proc/net/dev").splitlines()[2:]
    figures.true("no network", "a network", kept=[line.split(":")[0].strip() for line in links] == ["lo"])
    places = ("/etc/lintel/x", "/usr/x", "/opt/lintel/x", "/var/log/x", "/home/x")
    refused = sum(door.machine.run(*inside, "touch", place).code != 0 for place in places)
    figures.count(f"of {len(places)} places elsewhere can't be written", refused, len(places))
    return figures.finding(1)


@STEPS.step(
    "a scenario at the socket reader", "holder granted, another face and an unknown badge denied, each with its reason"
)
def scenario(door: Door) -> Finding:
    figures = Figures()
    door.shows(EILEEN)
    at, answer = door.swiped(HOLDER)
    figures.true("holder granted", f"holder: {answer or 'no answer'}", kept="GRANTED (match)" in answer)
    released = door.board.when(high=True, since=at, within_s=1.0)
    figures.most("badge to relay", [None if released is None else released - at], 2.0)
    secured = None if released is None else door.board.when(high=False, since=released, within_s=3.0)
    figures.most("secured again after", [None if secured is None or released is None else secured - released], 1.2)
    door.shows(GRACE)
    for badge, reason in ((HOLDER, "non-match"), ("17:9999", "badge-unknown")):
        at, answer = door.swiped(badge)
        kept = f"DENIED ({reason})" in answer and door.board.when(high=True, since=at, within_s=0.2) is None
        figures.true(f"denied ({reason})", f"expected {reason}: {answer or 'no answer'}", kept=kept)
    return figures.finding(3)


@STEPS.step(f"SIGKILL during a pulse, {KILLS} times", "the relay is driven secure within 1 s, and a badge opens again")
def killed(door: Door) -> Finding:
    figures = Figures()
    secured: list[float | None] = []
    back: list[float | None] = []
    for _ in range(KILLS):
        door.shows(EILEEN)
        at = door.swipe(HOLDER)
        if door.board.when(high=True, since=at, within_s=5.0) is None:
            secured.append(None)
            continue
        killed_at = door.signal(signal.SIGKILL)
        low = door.board.when(high=False, since=killed_at, within_s=5.0)
        secured.append(None if low is None else low - killed_at)
        back.append(time.monotonic() - killed_at if wait_for(door.is_ready, 20.0) else None)
    figures.most("secured after", secured, SECURED_S)
    figures.most("ready again after", back, 1 + READY_S, of=KILLS)
    door.shows(EILEEN)
    figures.true("then granted", "then not granted", kept=door.granted_after(HOLDER) is not None)
    return figures.finding(KILLS)


def hung(door: Door, how: str) -> Finding:
    """The service hangs; a drop-in has a shorter WatchdogSec."""
    figures, before, first = Figures(), len(door.ends()), door.process
    at = time.monotonic()
    if how == "stopped":
        door.signal(signal.SIGSTOP)
    else:
        write(door.machine.inside / LIVE.lstrip("/") / "stuck", str(first))
        door.shows(EILEEN)
        door.swipe(HOLDER)
    since = door.machine.inside / LIVE.lstrip("/") / "stuck-since"
    if how == "stuck" and wait_for(since.is_symlink, 10.0):
        at = float(since.readlink().name)
    gone = wait_for(lambda: door.process not in (0, first), RESTARTED_S + 20.0)
    took = time.monotonic() - at
    figures.most("restarted after", [took if gone else None], RESTARTED_S)
    ended = door.ends()[before:]
    figures.true("by the watchdog", f"ended by {ended}", kept=ended == ["watchdog"])
    wait_for(door.is_ready, 20.0)
    figures.true("relay secure", "relay released", kept=not door.board.is_released())
    door.shows(EILEEN)
    figures.true("then granted", "then not granted", kept=door.granted_after(HOLDER) is not None)
    return figures.finding(1)


@STEPS.step(
    "the whole process stopped (SIGSTOP)", f"restarted within WatchdogSec + 3 s (WatchdogSec={WATCHDOG_S} by a drop-in)"
)
def stopped(door: Door) -> Finding:
    return hung(door, "stopped")


@STEPS.step(
    "the doors' thread hangs in the call that drives the relay",
    f"restarted within WatchdogSec + 3 s (WatchdogSec={WATCHDOG_S} by a drop-in)",
)
def stuck(door: Door) -> Finding:
    return hung(door, "stuck")


@STEPS.step(
    "no space on the store's disk (16 MiB), then space again",
    "denied while it is full; granted again by itself, without a restart",
)
def full_disk(door: Door) -> Finding:
    figures, machine = Figures(), door.machine
    machine.must("systemctl", "stop", UNIT)
    machine.must(
        "sh",
        "-c",
        f"cp -a {STORE} /srv/store; mount -t tmpfs -o size=16m,mode=0700 tmpfs {STORE}; cp -a /srv/store/. {STORE}",
    )
    machine.must("chown", "--reference=/srv/store", STORE)
    door.start()
    first = door.process
    door.shows(EILEEN)
    figures.true("granted before", "not granted before", kept=door.granted_after(HOLDER) is not None)
    machine.run("sh", "-c", f"cat /dev/zero > {STORE}/filler")
    rows = until_no_row_fits(door)
    while "GRANTED" in (answer := door.swiped(HOLDER)[1]) and rows < MOST_ROWS:
        rows += 1
    at, answer = door.swiped(HOLDER)
    opened = door.board.when(high=True, since=at, within_s=0.3) is not None
    reason = next(iter(re.findall(r"DENIED \(([a-z-]+)\)", answer)), answer)
    figures.note(f"{rows} more rows in the file's last pages")
    figures.true(f"full: denied ({reason})", f"full: {answer or 'no answer'}", kept="DENIED" in answer and not opened)
    machine.must("rm", f"{STORE}/filler")
    began, again = time.monotonic(), None
    while again is None and time.monotonic() - began < 30.0:
        again = door.granted_after(HOLDER)
    figures.most("granted again, from the space on, after", [time.monotonic() - began if again else None], 30.0)
    figures.true("no restart", "restarted", kept=door.process == first)
    machine.must("systemctl", "stop", UNIT)  # what was written meanwhile stays: an older store would be a rollback
    kept = f"cp -a {STORE} /srv/after; umount {STORE}; find {STORE} -mindepth 1 -delete; cp -a /srv/after/. {STORE}"
    machine.must("sh", "-ec", kept)
    door.start()
    return figures.finding(1)


def until_no_row_fits(door: Door) -> int:
    """Has an operator's commands fill the file's last pages; how many rows those took."""
    for number in range(MOST_ROWS):
        if wait_for(lambda: bool(door.commands().troubles), 0.0):
            return number
        with contextlib.suppress(DoorError):
            door.commands(DoorCommand.SECURE)
    raise AssertionError(f"the store took {MOST_ROWS} rows on a full disk")


@STEPS.step(
    f"{FACE_TRIES} wrong faces on a badge, then a reboot",
    "the badge's 30 s of delay outlast it, and another badge is granted",
)
def lock_out(door: Door) -> Finding:
    figures = Figures()
    door.shows(EILEEN)
    for _ in range(FACE_TRIES):
        door.swiped(BADGES[GRACE])
    door.shows(GRACE)
    _, before = door.swiped(BADGES[GRACE])
    figures.true("it waits before", f"before: {before}", kept="DENIED (wait-after-failures)" in before)
    away = door.machine.reboot()
    wait_for(door.is_ready, 20.0)
    figures.note(f"away for {away:.1f} s, ready {door.took_to_ready_s():.2f} s after its first command")
    door.shows(GRACE)
    _, after = door.swiped(BADGES[GRACE])
    figures.true("it waits after it", f"after: {after}", kept="DENIED (wait-after-failures)" in after)
    door.shows(EILEEN)
    figures.true("another badge granted", "another badge not granted", kept=door.granted_after(HOLDER) is not None)
    return figures.finding(1)


@STEPS.step("lockdown, evacuation: each, then a reboot and a power cut", "each outlasts both, until `clear`")
def lockdown(door: Door) -> Finding:
    figures, machine = Figures(), door.machine
    for command, state, high in (("lockdown", "lockdown", False), ("evacuate", "evacuat", True)):
        door.lintel("door", command)
        for way in ("reboot", "power cut"):
            if way == "reboot":
                machine.reboot()
            else:
                machine.power_cut()
                machine.boot()
            wait_for(door.is_ready, 20.0)
            said = door.lintel("door", "status")
            held = state in said.casefold() and _is_released(door, is_so=high)
            figures.true(f"{command} after a {way}", f"{command} after a {way}: {said.splitlines()[0]}", kept=held)
            if command == "lockdown":
                door.shows(EILEEN)
                _, answer = door.swiped(HOLDER)
                figures.true("", f"in lockdown: {answer}", kept="DENIED" in answer)
        door.lintel("door", "clear")
    door.shows(EILEEN)
    figures.true("then granted", "then not granted", kept=door.granted_after(HOLDER) is not None)
    return figures.finding(4)


def _is_released(door: Door, *, is_so: bool) -> bool:
    return wait_for(lambda: door.board.is_released() == is_so, 2.0)
