"""Evacuation, lockdown and fire: whatever is missing, slow, locked or killed."""

import signal
import sqlite3
import time
from contextlib import suppress
from functools import partial

from device.records import DoorCommand, DoorInput, DoorState, Line
from tests.rig.board import DPS, FIRE, REX, SHUNT
from tests.rig.camera import EILEEN
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.checks_exits import EXIT_S, LyingBadge, exits, in_state
from tests.rig.rig import BADGES, Rig, Wanted, new_rig
from tests.rig.strace import slow_syncs

CHECKS = Room("doors")
SAFETY_S = 0.1
GAP_S = 1.5
REX_QUIET = Wanted("the exit button is let go", lambda status: (DoorInput.REX, Line.QUIET) in status.lines)


def evacuated(rig: Rig, times: int, most_s: float, *, releases: int = 0) -> tuple[list[float | None], int]:
    """Evacuates and clears in turn, without waiting for an answer: from the last byte to the level on the pin."""
    found: list[float | None] = []
    ends = time.monotonic() + most_s
    while len(found) < times and time.monotonic() < ends:
        waiting = [rig.order(DoorCommand.RELEASE)[1] for _ in range(releases)]
        at, evacuation = rig.order(DoorCommand.EVACUATE)
        level = rig.board.when(high=True, since=at - 0.002, within_s=12.0)
        found.append(None if level is None else max(0.0, level - at))
        cleared_at, clearing = rig.order(DoorCommand.CLEAR)
        rig.board.when(high=False, since=cleared_at, within_s=12.0)
        for connection in (*waiting, evacuation, clearing):
            connection.close()
        if len(found) % 50 == 0:
            rig.board.forget()
    return found, len(found)


def locked_down(rig: Rig, times: int, most_s: float) -> tuple[list[float | None], int]:
    """Locks down while the door is released by its exit button, and clears, in turn."""
    found: list[float | None] = []
    ends = time.monotonic() + most_s
    while len(found) < times and time.monotonic() < ends:
        pressed = rig.board.press(REX)
        released = rig.board.when(high=True, since=pressed, within_s=2.0)
        rig.board.let_go(REX)
        if released is None:
            raise AssertionError(f"the exit button did not release: {rig.status()}, {rig.board.levels()[-3:]}")
        rig.when_status(REX_QUIET, 5.0)  # until then a lockdown yields to the one who is on the way out
        at, lockdown = rig.order(DoorCommand.LOCKDOWN)
        level = rig.board.when(high=False, since=at - 0.002, within_s=12.0)
        found.append(None if level is None else max(0.0, level - at))
        _, clearing = rig.order(DoorCommand.CLEAR)
        time.sleep(0.02)
        in_state(rig, DoorState.LOCKED)
        for connection in (lockdown, clearing):
            connection.close()
    return found, len(found)


@CHECKS.check(
    "no fault: evacuate and lockdown by operators", "under 0.1 s each", Size(small=5, full=100), in_suite=True
)
def safety(times: int) -> Finding:
    figures = Figures()
    with new_rig(strike_time_s=5.0) as rig:
        rig.start()
        evacuations, tried = evacuated(rig, times, 60.0)
        figures.most(f"evacuate ({tried}) to pin", evacuations, SAFETY_S)
        lockdowns, tried = locked_down(rig, times, 60.0)
        figures.most(f"lockdown ({tried}) to pin", lockdowns, SAFETY_S)
    return figures.finding(times)


@CHECKS.check("5 s a sync and a locked store: evacuate and lockdown", "under 0.1 s each", Size(small=4, full=1000))
def safety_on_a_slow_disk(times: int) -> Finding:
    figures = Figures()
    most_s = 20.0 if times < 50 else 120.0
    with new_rig(strike_time_s=5.0) as rig:
        rig.start(prefix=slow_syncs(5.0), ready_s=90.0)
        with sqlite3.connect(rig.state / "lintel.db", timeout=90, isolation_level=None) as foreign:
            foreign.execute("BEGIN EXCLUSIVE")
            evacuations, tried = evacuated(rig, times // 2, most_s)
            figures.most(f"evacuate ({tried}) to pin", evacuations, SAFETY_S)
            lockdowns, tried = locked_down(rig, times // 2, most_s)
            figures.most(f"lockdown ({tried}) to pin", lockdowns, SAFETY_S)
            foreign.execute("ROLLBACK")
        foreign.close()
    return figures.finding(len(evacuations) + len(lockdowns))


@CHECKS.check("three releases wait for a locked store: evacuate", "under 0.1 s", Size(small=2, full=50))
def safety_behind_releases(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        with sqlite3.connect(rig.state / "lintel.db", timeout=90, isolation_level=None) as foreign:
            foreign.execute("BEGIN EXCLUSIVE")
            evacuations, tried = evacuated(rig, times, 30.0 if times < 10 else 90.0, releases=3)
            figures.most(f"evacuate ({tried}) to pin", evacuations, SAFETY_S)
            foreign.execute("ROLLBACK")
        foreign.close()
    return figures.finding(len(evacuations))


@CHECKS.check("kill -9 during an ordered evacuation", "the pin is released again within 1.5 s", Size(small=1, full=20))
def evacuation_over_a_kill(times: int) -> Finding:
    figures, gaps = Figures(), []
    with new_rig() as rig:
        rig.start()
        rig.command(DoorCommand.EVACUATE)
        for _ in range(times):
            killed = rig.running.kill()
            time.sleep(0.02)
            gaps.append(_gap(rig, killed))
            rig.running.when_said("READY=1", since=killed, within_s=30.0)
            time.sleep(0.5)
        figures.most("secured for", gaps, GAP_S)
    return figures.finding(times)


def _gap(rig: Rig, killed: float) -> float | None:
    """How long the strike was secured after the kill: 0 if it never was; None if it is not released again."""
    rig.running.when_said("READY=1", since=killed, within_s=30.0)
    secured = rig.board.when(high=False, since=killed, within_s=0.5)
    if secured is None:
        return 0.0
    released = rig.board.when(high=True, since=secured, within_s=15.0)
    return None if released is None else released - killed


@CHECKS.check("kill -9 during a lockdown", "never released; in lockdown again", Size(full=10))
def lockdown_over_a_kill(times: int) -> Finding:
    figures, kept = Figures(), 0
    with new_rig() as rig:
        rig.start()
        rig.camera.shows(EILEEN)
        rig.command(DoorCommand.LOCKDOWN)
        since = time.monotonic()
        for life in range(times):
            rig.running.kill()
            rig.running.when_lives(life + 2)
            kept += in_state(rig, DoorState.LOCKDOWN)
            time.sleep(1.0)
            rig.swiped(BADGES[EILEEN])
        figures.count(f"of {times} in lockdown again", kept, times)
        figures.count("releases", len(rig.board.released_since(since)), 0)
    return figures.finding(times)


@CHECKS.check("a forced door, then kill -9 or a power cut", "forced again, never shunted", Size(full=5))
def forced_over_a_kill(times: int) -> Finding:
    figures, kept, shunted = Figures(), 0, 0
    more = f'[[doors.outputs]]\nsignal = "shunt"\npin = {SHUNT}\n'
    for _ in range(times):
        with new_rig(more=more) as rig:
            rig.start()
            rig.board.press(DPS)
            in_state(rig, DoorState.FORCED)
            since = rig.running.kill()
            rig.running.when_lives(2)
            kept += in_state(rig, DoorState.FORCED)
            time.sleep(1.0)
            shunted += len(rig.board.released_since(since, SHUNT))
    figures.count(f"of {times} forced again", kept, times)
    figures.count("shunts", shunted, 0)
    return figures.finding(times)


@CHECKS.check("a door that stands open at the start", "told, and not shunted", Size(full=5))
def found_open(times: int) -> Finding:
    figures, told, shunted = Figures(), 0, 0
    more = f'[[doors.outputs]]\nsignal = "shunt"\npin = {SHUNT}\n'
    for _ in range(times):
        with new_rig(more=more) as rig:
            rig.board.press(DPS)
            rig.start()
            time.sleep(1.0)
            status = rig.status()
            told += status is not None and status.state is not DoorState.LOCKED
            shunted += len(rig.board.released_since(0, SHUNT))
    figures.count(f"of {times} in the status", told, times)
    figures.count("shunts", shunted, 0)
    return figures.finding(times)


@CHECKS.check("40 idle connections to the operators' socket: evacuate", "under 0.1 s", Size(small=3, full=50))
def safety_behind_idlers(times: int) -> Finding:
    import socket

    figures, found = Figures(), []
    with new_rig() as rig:
        rig.start()
        for _ in range(times):
            idlers = []
            for _ in range(40):
                idlers.append(socket.socket(socket.AF_UNIX))
                idlers[-1].connect(str(rig.folder / "run" / "control.sock"))
                idlers[-1].send(b'{"command"')
            found += evacuated(rig, 1, 5.0)[0]
            for one in idlers:
                one.close()
        figures.most("evacuate to pin", found, SAFETY_S)
    return figures.finding(times)


@CHECKS.check(
    "a card lies on a reader for 10 s, and its holder stands there", "one release of one strike time", Size(full=3)
)
def one_presentation(times: int) -> Finding:
    figures, releases = Figures(), 0
    with new_rig(hold_time_s=3.0) as rig:
        rig.camera.shows(EILEEN)
        rig.start()
        for _ in range(times):
            since = time.monotonic()
            with LyingBadge(rig, BADGES[EILEEN]):
                time.sleep(9.0)
            releases += len(rig.board.released_since(since))
            time.sleep(3.3)
        figures.count("releases", releases, times)
    return figures.finding(times)


@CHECKS.check("the fire input's wire is cut", "told; the exit button works", Size(full=5))
def fire_cut(times: int) -> Finding:
    figures, told, pressed = Figures(), 0, []
    with new_rig() as rig:
        rig.start()
        for _ in range(times):
            rig.board.cut(FIRE)
            told += rig.when_status(Wanted("trouble", lambda status: bool(status.troubles)), 3.0) is not None
            pressed += exits(rig, 1)
            rig.board.let_go(FIRE)
            rig.command(DoorCommand.CLEAR)
            time.sleep(0.5)
    figures.count(f"of {times} in the status", told, times)
    figures.most("exit button to pin", pressed, EXIT_S)
    return figures.finding(times)


@CHECKS.check("fire during a lockdown", "released within 0.2 s", Size(full=5))
def fire_in_lockdown(times: int) -> Finding:
    figures, released = Figures(), []
    with new_rig() as rig:
        rig.start()
        for _ in range(times):
            rig.command(DoorCommand.LOCKDOWN)
            at = rig.board.press(FIRE)
            released.append(_after(rig.board.when(high=True, since=at, within_s=2.0), at))
            rig.board.let_go(FIRE)
            time.sleep(0.3)
            rig.command(DoorCommand.CLEAR)
            rig.command(DoorCommand.CLEAR)
        figures.most("fire to pin", released, EXIT_S)
    return figures.finding(times)


@CHECKS.check("the operators' socket is removed", "evacuate works again within 5 s", Size(full=3))
def socket_removed(times: int) -> Finding:
    figures, found = Figures(), []
    with new_rig() as rig:
        rig.start()
        for _ in range(times):
            (rig.folder / "run" / "control.sock").unlink()
            removed, back = time.monotonic(), None
            while back is None and time.monotonic() < removed + 8.0:
                with suppress(OSError):
                    evacuated(rig, 1, 1.0)
                    back = time.monotonic() - removed
                time.sleep(0.1)
            found.append(back)
        figures.most("evacuated after", found, 5.0)
        figures.count("restarts", len(rig.running.ended), 0)
    return figures.finding(times)


@CHECKS.check("fire input held over kill -9", "the pin is released again within 1.5 s", Size(small=1, full=10))
def fire_over_a_kill(times: int) -> Finding:
    figures, gaps = Figures(), []
    with new_rig() as rig:
        rig.start()
        pressed = rig.board.press(FIRE)
        figures.most("fire to pin", [_after(rig.board.when(high=True, since=pressed, within_s=2.0), pressed)], EXIT_S)
        for _ in range(times):
            gaps.append(_gap(rig, rig.running.kill()))
            time.sleep(0.5)
        figures.most("secured for", gaps, GAP_S)
    return figures.finding(times)


def _after(at: float | None, since: float) -> float | None:
    return None if at is None else at - since


def ended_while_released(times: int, number: int, within_s: float) -> Finding:
    """The process gets a signal."""
    figures = Figures()
    secured: list[float | None] = []
    with new_rig(strike_time_s=5.0) as rig:
        rig.start()
        rig.camera.shows(EILEEN)
        for life in range(times):
            rig.running.when_lives(life + 1)
            time.sleep(1.5)
            at = rig.swipe(BADGES[EILEEN])
            if rig.board.when(high=True, since=at, within_s=3.0) is None:
                secured.append(None)
                continue
            ended = rig.running.kill(number)
            secured.append(_after(rig.board.when(high=False, since=ended, within_s=5.0), ended))
        figures.most("secured after", secured, within_s)
    return figures.finding(times)


CHECKS.check("kill -9 while a grant has released the strike", "secured within 1.5 s", Size(full=20), in_suite=True)(
    partial(ended_while_released, number=signal.SIGKILL, within_s=GAP_S)
)
CHECKS.check("SIGTERM while a grant has released the strike", "secured within 0.5 s", Size(full=10), in_suite=True)(
    partial(ended_while_released, number=signal.SIGTERM, within_s=0.5)
)


@CHECKS.check(
    "GPIO chips renumbered: another chip has number 0, the header's is 11",
    "0 levels on the other chip; the exit button works",
    Size(small=1, full=1),
)
def renumbered(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.board.chips({0: "brcmstb-gpio", 11: "pinctrl-bcm2711"})
        rig.start(ready_s=None)
        rig.running.when_said("READY=1", within_s=10.0)
        figures.most("button to pin", exits(rig, 1), EXIT_S)
        rig.lintel("door", "secure")
        figures.count("pins of the other chip driven", len(rig.board.strangers()), 0)
    return figures.finding(times)
