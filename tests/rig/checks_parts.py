"""A part is missing at the start or lost later: the doors and the exit button work, and each part is found again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from device.errors import DoorError
from device.records import DoorCommand, DoorState
from tests.processes import output_of
from tests.rig.camera import EILEEN
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.checks_exits import EXIT_S, READER_EXIT_S, badge_exits, exits, in_state
from tests.rig.rig import BADGES, Rig, Wanted, new_rig
from tests.rig.strace import Skipped
from tests.rig.unit import unit_seconds

CHECKS = Room("parts")
READY_S = 15.0
BACK_S = 20.0
TOLD_S = 2.0
WATCHED_SHARE = 0.5
"""Of WatchdogSec: so long at most the watchdog waits for a beat."""
TROUBLED = Wanted("a trouble", lambda status: bool(status.troubles))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the door that can be taken away and put back."""

    take: Callable[[Rig], object]
    put_back: Callable[[Rig], object]
    is_reader: bool = False
    told_s: float = 2.0
    """A loss is in the status within this time."""


def _store(rig: Rig) -> Path:
    return rig.state / "lintel.db"


def _take_away(rig: Rig) -> None:
    shutil.move(rig.state, rig.folder / "away")
    rig.state.write_text("no folder")


def _bring_back(rig: Rig) -> None:
    rig.state.unlink()
    shutil.move(rig.folder / "away", rig.state)


def _garble(rig: Rig) -> None:
    for file in rig.state.glob("lintel.db*"):
        file.rename(rig.folder / f"{file.name}.good")
    _store(rig).write_bytes(os.urandom(65536))


def _restore(rig: Rig) -> None:
    for file in rig.state.glob("lintel.db*"):
        file.unlink()
    for file in rig.folder.glob("lintel.db*.good"):
        file.rename(rig.state / file.name.removesuffix(".good"))


def _empty(rig: Rig) -> None:
    _garble(rig)
    _store(rig).write_bytes(b"\x00" * 4096)


def _lock(rig: Rig) -> None:
    script = (
        "import sqlite3, sys, time\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('BEGIN EXCLUSIVE')\nprint('locked', flush=True)\ntime.sleep(600)\n"
    )
    rig.foreign = subprocess.Popen([sys.executable, "-c", script, str(_store(rig))], stdout=subprocess.PIPE, text=True)
    output_of(rig.foreign).readline()


def _unlock(rig: Rig) -> None:
    assert rig.foreign is not None
    rig.foreign.kill()
    rig.foreign.communicate()


def _no_models(rig: Rig) -> None:
    models = rig.folder / "models"
    shutil.move(models, rig.folder / "models-away")


def _models_back(rig: Rig) -> None:
    shutil.move(rig.folder / "models-away", rig.folder / "models")


def _block_reader(rig: Rig) -> None:
    with suppress(FileNotFoundError):
        (rig.folder / "outside.sock").unlink()
    (rig.folder / "outside.sock").write_text("in the way")


def _free_reader(rig: Rig) -> None:
    (rig.folder / "outside.sock").unlink()


PARTS = {
    "camera": Part(lambda rig: rig.camera.unplug(), lambda rig: rig.camera.plug()),
    "camera whose opening never returns": Part(
        lambda rig: rig.camera.does("hang-open"), lambda rig: rig.camera.does("live")
    ),
    "outside reader": Part(_block_reader, _free_reader, is_reader=True),
    "models": Part(_no_models, _models_back),
    "store (its folder is a file)": Part(_take_away, _bring_back),
    "store (random bytes)": Part(_garble, _restore),
    "store (zeros)": Part(_empty, _restore),
    "store (locked by another program)": Part(_lock, _unlock),
}


def with_models(rig: Rig) -> None:
    """A folder of models of its own, which can be taken away."""
    from device.vision.models import shipped_models_dir

    shutil.copytree(shipped_models_dir(), rig.folder / "models")
    rig.configure(models=rig.folder / "models")


def missing(times: int, name: str) -> Finding:
    """A part is missing when the service starts."""
    figures, part = Figures(), PARTS[name]
    ready, pressed, badges, denied, told, back, evacuated = [], [], [], 0, 0, [], 0
    for _ in range(times):
        with new_rig() as rig:
            with_models(rig)
            part.take(rig)
            rig.camera.shows(EILEEN)
            unit = rig.start(ready_s=None)
            at = unit.when_said("READY=1", within_s=READY_S)
            ready.append(None if at is None else at - unit.started[0])
            pressed += exits(rig, 2)
            with suppress(DoorError):
                rig.command(DoorCommand.EVACUATE)
                evacuated += rig.board.is_released()
                rig.command(DoorCommand.CLEAR)
            told += rig.when_status(TROUBLED, 6.0) is not None
            with suppress(OSError):
                if part.is_reader:
                    badges += badge_exits(rig, 1)
                    denied += 1
                else:
                    denied += "DENIED" in rig.swiped(BADGES[EILEEN], within_s=12.0)[1]
            part.put_back(rig)
            back.append(_served(rig, time.monotonic()))
            lives = len(unit.started)
            figures.true("one process throughout", f"{lives} starts", kept=lives == 1)
    figures.most("ready after", ready, READY_S)
    figures.most("exit button to pin", pressed, EXIT_S)
    figures.count(f"of {times} evacuated", evacuated, times)
    figures.count(f"of {times} in the status", told, times)
    if part.is_reader:
        figures.most("badge at the other reader to pin", badges, READER_EXIT_S, of=times)
    else:
        figures.count(f"of {times} badges denied", denied, times)
    figures.most("put back, granted after", back, BACK_S)
    return figures.finding(times)


def _served(rig: Rig, since: float) -> float | None:
    """When the holder is granted again after `since`."""
    deadline = time.monotonic() + BACK_S + 5.0
    while time.monotonic() < deadline:
        with suppress(OSError):
            at = rig.swipe(BADGES[EILEEN])
            if rig.board.when(high=True, since=at, within_s=2.0) is not None:
                return at - since
        time.sleep(1.3)
    return None


def lost(seconds: int, name: str) -> Finding:
    """A part is taken away while the service runs, for so many seconds."""
    figures, part = Figures(), PARTS[name]
    with new_rig() as rig:
        with_models(rig)
        unit = rig.start()
        rig.camera.shows(EILEEN)
        time.sleep(1.5)
        part.take(rig)
        taken = time.monotonic()
        told = rig.when_status(TROUBLED, 8.0)
        figures.most("in the status after", [None if told is None else told - taken], part.told_s)
        pressed: list[float | None] = []
        while len(pressed) < 2 or time.monotonic() - taken < seconds:
            pressed += exits(rig, 1, pause_s=1.0)
        figures.most(f"exit button ({len(pressed)} times) to pin", pressed, EXIT_S)
        silent = unit.longest_silence_s(taken)
        limit = WATCHED_SHARE * unit_seconds("WatchdogSec")
        figures.true(f"watchdog fed every {silent:.1f} s", f"watchdog waited {silent:.1f} s", kept=silent < limit)
        part.put_back(rig)
        figures.most("put back, granted after", [_served(rig, time.monotonic())], BACK_S)
        figures.count("restarts", len(unit.ended), 0)
    return figures.finding(seconds)


for _name in PARTS:
    CHECKS.check(
        f"{_name} missing at the start",
        "ready within 15 s, exit button, evacuation; badges denied; in the status; granted within 20 s when it is back",
        Size(full=2),
    )(partial(missing, name=_name))
for _name, _part in PARTS.items():
    if _name not in ("models", "camera whose opening never returns"):
        CHECKS.check(
            f"{_name} lost while the service runs",
            f"in the status within {_part.told_s:.0f} s, exit button throughout, 0 restarts; "
            "granted within 20 s when it is back",
            Size(small=5, full=30, unit="s"),
        )(partial(lost, name=_name))


def _replaced(rig: Rig) -> None:
    other = rig.folder / "copy.db"
    shutil.copy(_store(rig), other)
    other.replace(_store(rig))


def _deleted(rig: Rig) -> None:
    for file in rig.state.glob("lintel.db*"):
        file.unlink()


@CHECKS.check("the store's file replaced by a copy", "the new file decides, and has the row", Size(full=3))
def replaced(times: int) -> Finding:
    figures, kept, granted = Figures(), 0, 0
    for _ in range(times):
        with new_rig() as rig:
            rig.start()
            rig.camera.shows(EILEEN)
            rig.swiped(BADGES[EILEEN])
            time.sleep(1.5)
            _replaced(rig)
            time.sleep(2.5)
            granted += "GRANTED" in rig.swiped(BADGES[EILEEN])[1]
            kept += rig.rows()[-1][2] == "granted" or rig.rows()[-2][2] == "granted"
            figures.true("", "restarted", kept=not rig.running.ended)
    figures.count(f"of {times} granted by the new file", granted, times)
    figures.count(f"of {times} rows in the new file", kept, times)
    return figures.finding(times)


@CHECKS.check(
    "the store's file deleted", "denied, told within 2 s, no empty one; granted when a copy is back", Size(full=3)
)
def deleted(times: int) -> Finding:
    figures, denied, empty, told, back = Figures(), 0, 0, [], []
    for _ in range(times):
        with new_rig() as rig:
            rig.start()
            rig.camera.shows(EILEEN)
            time.sleep(1.5)
            shutil.copy(_store(rig), rig.folder / "copy.db")
            _deleted(rig)
            since = time.monotonic()
            seen = rig.when_status(TROUBLED, 6.0)
            told.append(None if seen is None else seen - since)
            denied += "DENIED" in rig.swiped(BADGES[EILEEN])[1]
            empty += _store(rig).exists()
            shutil.copy(rig.folder / "copy.db", _store(rig))
            back.append(_served(rig, time.monotonic()))
            figures.true("", "restarted", kept=not rig.running.ended)
    figures.count(f"of {times} denied", denied, times)
    figures.most("in the status after", told, TOLD_S)
    figures.count("empty ones made", empty, 0)
    figures.most("put back, granted after", back, BACK_S)
    return figures.finding(times)


@CHECKS.check("the disk is full", "denied, or its row is there; exit button; lockdown kept over kill -9", Size(full=3))
def full_disk(times: int) -> Finding:
    """A small file system of its own; root can make one."""
    figures, sound, kept, pressed = Figures(), 0, 0, []
    for _ in range(times):
        with new_rig(people=False) as rig, small_disk(rig.state):
            rig.populate()
            unit = rig.start()
            rig.camera.shows(EILEEN)
            time.sleep(1.5)
            _fill(rig.state / "filler")
            answer = rig.swiped(BADGES[EILEEN])[1]
            sound += "DENIED" in answer or ("GRANTED" in answer and rig.rows()[-1][2] == "granted")
            time.sleep(1.0)
            pressed += exits(rig, 2)
            with suppress(DoorError):
                rig.command(DoorCommand.LOCKDOWN)
            unit.kill()
            unit.when_lives(2)
            kept += in_state(rig, DoorState.LOCKDOWN)
            rig.stop()
    figures.count(f"of {times} decisions denied or written", sound, times)
    figures.most("exit button to pin", pressed, EXIT_S)
    figures.count(f"of {times} lockdowns kept", kept, times)
    return figures.finding(times)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of 2 MB at `folder`. Raises `Skipped` where that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise Skipped("only root can mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def _fill(path: Path) -> None:
    """Until there is no room for a byte."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))


@CHECKS.check("no file can grow (a limit of the process)", "denied with a reason; exit button", Size(full=3))
def no_growth(times: int) -> Finding:
    figures, denied, pressed = Figures(), 0, []
    with new_rig() as rig:
        unit = rig.start()
        rig.camera.shows(EILEEN)
        time.sleep(1.5)
        import resource

        resource.prlimit(unit.process, resource.RLIMIT_FSIZE, (1000, 1000))
        for _ in range(times):
            denied += "DENIED" in rig.swiped(BADGES[EILEEN])[1]
            pressed += exits(rig, 1)
            time.sleep(2.5)
        figures.count(f"of {times} badges denied", denied, times)
        figures.most("exit button to pin", pressed, EXIT_S)
        figures.count("restarts", len(unit.ended), 0)
    return figures.finding(times)


@CHECKS.check("the process is stopped (SIGSTOP) for 5 s", "0 restarts; exit button within 0.2 s after", Size(full=3))
def stopped(times: int) -> Finding:
    figures, pressed = Figures(), []
    with new_rig() as rig:
        unit = rig.start()
        for _ in range(times):
            unit.kill(signal.SIGSTOP)
            time.sleep(5.0)
            unit.kill(signal.SIGCONT)
            time.sleep(0.2)
            pressed += exits(rig, 2)
        figures.most("exit button to pin", pressed, EXIT_S)
        figures.count("restarts", len(unit.ended), 0)
    return figures.finding(times)
