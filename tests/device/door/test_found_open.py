"""A door that is open when it is first seen: forced if it was closed before or forced, and never shunted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device.door.controller import new_controller
from device.door.lasting import Lasting, Mode, Order, Standing
from device.door.mode import ModeFile
from device.door.operation import Door
from device.records import DoorCommand, DoorInput, DoorOutput, DoorState, Event, Line
from device.settings.tables import DoorSettings
from device.virtual.clock import SimulatedClock
from tests.device.door.bench import ALL_WIRED, Bench, FakeDoorIO
from tests.waiting import PATIENCE_S


def started(standing: Standing, mode: Mode = Mode(), *, line: Line = Line.ACTIVE) -> Bench:  # noqa: B008 - frozen
    """A door whose program has just started, and that has heard of its position switch."""
    bench = Bench(wired=frozenset())
    bench.door = new_controller(mode, bench.now, standing)
    bench.wired = ALL_WIRED
    return bench.sense(DoorInput.DPS, line)


def test_forced_before_is_forced_again() -> None:
    bench = started(Standing.FORCED)
    assert (bench.state, bench.siren, bench.shunt) == (DoorState.FORCED, True, False)
    assert bench.told() == [(Event.DOOR_FORCED, "as before the start")]


def test_closed_before_was_opened_without_cause() -> None:
    bench = started(Standing.CLOSED)
    assert (bench.state, bench.siren, bench.shunt) == (DoorState.FORCED, True, False)
    assert bench.told() == [(Event.DOOR_FORCED, "opened since it was last seen closed")]


@pytest.mark.parametrize(
    ("standing", "detail"),
    [(Standing.UNKNOWN, "not seen before the start"), (Standing.OPEN, "open before the start as well")],
)
def test_otherwise_it_is_reported_and_not_shunted(standing: Standing, detail: str) -> None:
    bench = started(standing)
    assert (bench.state, bench.siren, bench.shunt) == (DoorState.OPEN, False, False)
    assert bench.told() == [(Event.DOOR_FOUND_OPEN, detail)]


def test_it_may_not_stay_open_for_longer_than_another() -> None:
    bench = started(Standing.UNKNOWN)
    assert bench.wait(29.9).state is DoorState.OPEN
    assert (bench.wait(0.1).state, bench.buzzer, bench.shunt) == (DoorState.HELD_OPEN, True, False)


def test_grant_at_it_does_not_shunt() -> None:
    assert not started(Standing.UNKNOWN).grant().shunt


def test_closing_it_makes_it_a_door_like_any_other() -> None:
    bench = started(Standing.UNKNOWN).shut()
    assert (bench.state, bench.grant().open().shunt) == (DoorState.LOCKED, True)


def test_operator_clears_it() -> None:
    bench = started(Standing.UNKNOWN)
    bench.told()
    assert bench.command(DoorCommand.CLEAR).shunt
    assert bench.told() == [(Event.DOOR_CLEARED, "found open")]


def test_forced_before_and_closed_now_is_loud_for_3_s() -> None:
    bench = started(Standing.FORCED, line=Line.QUIET)
    assert (bench.wait(2.9).state, bench.siren) == (DoorState.FORCED, True)
    assert (bench.wait(0.1).state, bench.siren) == (DoorState.LOCKED, False)
    assert [event for event, _ in bench.told()] == [Event.DOOR_FORCED, Event.DOOR_ALARM_ENDED]


@pytest.mark.parametrize("line", [Line.CUT, Line.SHORT])
def test_cutting_the_switch_does_not_end_the_alarm(line: Line) -> None:
    bench = started(Standing.FORCED, line=line)
    assert (bench.state, bench.siren, bench.door.lasting.standing) == (DoorState.FAULT, True, Standing.FORCED)
    assert bench.shut().wait(3).state is DoorState.LOCKED


def test_evacuation_before_is_its_cause() -> None:
    bench = started(Standing.CLOSED, Mode(ordered=Order.EVACUATION))
    assert (bench.state, bench.siren, bench.told()) == (DoorState.EVACUATION, False, [])


@pytest.mark.parametrize(
    ("do", "standing"),
    [
        (lambda bench: bench, Standing.CLOSED),
        (lambda bench: bench.grant(), Standing.CLOSED),
        (lambda bench: bench.grant().open(), Standing.OPEN),
        (lambda bench: bench.grant().open().wait(60), Standing.OPEN),
        (lambda bench: bench.grant().open().shut(), Standing.CLOSED),
        (lambda bench: bench.open(), Standing.FORCED),
        (lambda bench: bench.open().shut(), Standing.FORCED),
        (lambda bench: bench.open().shut().wait(3), Standing.CLOSED),
        (lambda bench: bench.open().command(DoorCommand.CLEAR), Standing.OPEN),
    ],
)
def test_what_outlasts_a_restart(do: Callable[..., Any], standing: Standing) -> None:
    assert do(Bench()).door.lasting.standing is standing


def test_without_a_switch_nothing_is_known() -> None:
    assert Bench(wired=frozenset()).grant().door.lasting == Lasting()


class TestPowerCut:
    """Doors one after the other on the same files, the first of which is never closed."""

    def start(self, folder: Path, lines: dict[DoorInput, Line]) -> tuple[Door, FakeDoorIO]:
        clock = SimulatedClock()
        io = FakeDoorIO(clock, lines)
        door = Door(DoorSettings(), io, clock, ModeFile(folder, "main"))
        clock.attend(door)
        return door, io

    def test_force_and_power_cut_sounds_again(self, tmp_path: Path) -> None:
        lines = dict.fromkeys(DoorInput, Line.QUIET)
        door, io = self.start(tmp_path, lines)
        io.change(DoorInput.DPS, Line.ACTIVE)
        assert door.wait_written(PATIENCE_S)
        again, io = self.start(tmp_path, lines | {DoorInput.DPS: Line.ACTIVE})
        assert (again.state, io.driven[-1][1].on) == (DoorState.FORCED, frozenset({DoorOutput.SIREN}))

    def test_closed_door_that_is_opened_without_power_sounds(self, tmp_path: Path) -> None:
        lines = dict.fromkeys(DoorInput, Line.QUIET)
        door, _ = self.start(tmp_path, lines)
        assert door.wait_written(PATIENCE_S)
        again, _ = self.start(tmp_path, lines | {DoorInput.DPS: Line.ACTIVE})
        assert again.state is DoorState.FORCED

    def test_door_that_is_found_open_is_in_the_status_until_it_is_closed(self, tmp_path: Path) -> None:
        lines = dict.fromkeys(DoorInput, Line.QUIET)
        door, io = self.start(tmp_path, lines | {DoorInput.DPS: Line.ACTIVE})
        assert door.status().troubles == (
            "the door was open when it was first seen; its alarm is not shunted until it is closed or cleared",
        )
        io.change(DoorInput.DPS, Line.QUIET)
        assert door.status().troubles == ()

    def test_fire_that_is_over_never_releases_it_at_the_start(self, tmp_path: Path) -> None:
        lines = dict.fromkeys(DoorInput, Line.QUIET)
        door, io = self.start(tmp_path, lines)
        io.change(DoorInput.FIRE, Line.ACTIVE)
        assert door.wait_written(PATIENCE_S)
        again, io = self.start(tmp_path, lines)
        assert (again.state, [released for _, released in io.strike()]) == (DoorState.LOCKED, [False])
