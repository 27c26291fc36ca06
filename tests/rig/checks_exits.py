"""People get out: by the button, by a badge at the exit reader, and with a badge whose answer is a lie."""

import sqlite3
import threading
import time
from functools import partial

from device.records import DoorCommand, DoorState
from tests.rig.board import DPS, REX
from tests.rig.camera import EILEEN, EMPTY
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import AGAIN_S, BADGES, UNKNOWN, Rig, Wanted, new_rig

CHECKS = Room("doors")
EXIT_S = 0.2
"""From the button to the level on the pin: 50 ms of debouncing, and some for this machine."""
READER_EXIT_S = 1.0


def exits(rig: Rig, times: int, pause_s: float = 0.7) -> list[float | None]:
    """Presses the exit button so many times: from the button to the level on the pin."""
    found = []
    for _ in range(times):
        secured_by = time.monotonic() + 6.0
        while rig.board.is_released() and time.monotonic() < secured_by:
            time.sleep(0.02)
        pressed = rig.board.press(REX)
        released = rig.board.when(high=True, since=pressed, within_s=2.0)
        found.append(None if released is None else released - pressed)
        time.sleep(0.1)
        rig.board.let_go(REX)
        time.sleep(pause_s)
    return found


def badge_exits(rig: Rig, times: int, pause_s: float = AGAIN_S + 0.5) -> list[float | None]:
    """Presents a badge at the exit reader so many times: from the badge to the level on the pin."""
    found = []
    for _ in range(times):
        at = rig.swipe(BADGES[EILEEN], "inside")
        released = rig.board.when(high=True, since=at, within_s=3.0)
        found.append(None if released is None else released - at)
        time.sleep(pause_s)
    return found


def in_state(rig: Rig, *states: DoorState) -> bool:
    """Waits until the door is in one of these states."""
    return rig.when_status(Wanted("state", lambda status: status.state in states), 3.0) is not None


@CHECKS.check("no fault: the exit button", "the strike is released within 0.2 s", Size(small=3, full=20), in_suite=True)
def exit_button(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        figures.most("button to pin", exits(rig, times), EXIT_S)
    return figures.finding(times)


@CHECKS.check(
    'lockdown, `rex = "release"`: the exit button', "the strike is released within 0.2 s", Size(small=2, full=10)
)
def exit_in_lockdown(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        rig.command(DoorCommand.LOCKDOWN)
        figures.most("button to pin", exits(rig, times), EXIT_S)
        figures.true("lockdown goes on", "lockdown ended", kept=in_state(rig, DoorState.LOCKDOWN))
    return figures.finding(times)


@CHECKS.check(
    'door switch cut (FAULT), `rex = "release"`: the exit button', "released within 0.2 s", Size(small=2, full=10)
)
def exit_in_fault(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        rig.board.cut(DPS)
        figures.true("in FAULT", "not in FAULT", kept=in_state(rig, DoorState.FAULT))
        figures.most("button to pin", exits(rig, times), EXIT_S)
    return figures.finding(times)


@CHECKS.check("lockdown: a badge at the exit reader", "released within 1 s", Size(small=1, full=5))
def exit_reader_in_lockdown(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        rig.command(DoorCommand.LOCKDOWN)
        figures.most("badge to pin", badge_exits(rig, times), READER_EXIT_S)
    return figures.finding(times)


@CHECKS.check("door switch cut (FAULT): a badge at the exit reader", "released within 1 s", Size(small=1, full=5))
def exit_reader_in_fault(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        rig.board.cut(DPS)
        in_state(rig, DoorState.FAULT)
        figures.most("badge to pin", badge_exits(rig, times), READER_EXIT_S)
    return figures.finding(times)


@CHECKS.check("camera unplugged: a badge at the exit reader", "released within 1 s", Size(small=1, full=5))
def exit_reader_without_camera(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        rig.camera.unplug()
        time.sleep(1.0)
        figures.most("badge to pin", badge_exits(rig, times), READER_EXIT_S)
    return figures.finding(times)


@CHECKS.check(
    "store locked by another program: a badge at the exit reader", "released within 1 s", Size(small=1, full=5)
)
def exit_reader_with_locked_store(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        rig.swiped(UNKNOWN)
        with sqlite3.connect(rig.state / "lintel.db", timeout=90, isolation_level=None) as foreign:
            foreign.execute("BEGIN EXCLUSIVE")
            figures.most("badge to pin", badge_exits(rig, times), READER_EXIT_S)
            foreign.execute("ROLLBACK")
        foreign.close()
    return figures.finding(times)


class LyingBadge:
    """A badge that lies on the outside reader: presented ten times a second."""

    def __init__(self, rig: Rig, badge: str) -> None:
        self._rig, self._badge = rig, badge
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "LyingBadge":
        self._thread.start()
        time.sleep(1.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(10.0)

    def _run(self) -> None:
        import socket

        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(0.1)
            connection.connect(str(self._rig.folder / "outside.sock"))
            while not self._ends.is_set():
                try:
                    connection.send(f"{self._badge}\n".encode(), socket.MSG_DONTWAIT)
                    connection.recv(100)
                except OSError:
                    pass
                self._ends.wait(0.1)


def lying(times: int, badge: str) -> Finding:
    """A badge lies outside, and nobody stands there."""
    figures = Figures()
    with new_rig(hold_time_s=3.0) as rig:
        rig.camera.shows(EMPTY)
        rig.start()
        with LyingBadge(rig, badge):
            figures.most("exit badge to pin", badge_exits(rig, times, pause_s=3.3), READER_EXIT_S)
            figures.most("exit button to pin", exits(rig, times), EXIT_S)
    return figures.finding(times)


CHECKS.check(
    "an enrolled badge lies on the outside reader",
    "exit badge within 1 s, exit button within 0.2 s",
    Size(small=1, full=8),
)(partial(lying, badge=BADGES[EILEEN]))
CHECKS.check(
    "an unknown badge lies on the outside reader",
    "exit badge within 1 s, exit button within 0.2 s",
    Size(small=1, full=8),
)(partial(lying, badge=UNKNOWN))
