"""The way out is never closed by the door's state: exit button and exit badge in lockdown, faults and a mantrap."""

from collections.abc import Callable
from typing import Any

import pytest

from device.door.interlock import Interlock
from device.door.operation import Door
from device.records import (
    DoorCommand,
    DoorInput,
    DoorNotice,
    DoorState,
    DriveFailed,
    Event,
    InputChanged,
    Line,
    ScheduleChanged,
)
from device.settings.tables import DoorSettings
from device.virtual.clock import SimulatedClock
from tests.device.door.bench import Bench, FakeDoorIO, in_state

FAULTS = (
    *(
        InputChanged(wire, line)
        for wire in (DoorInput.DPS, DoorInput.STRIKE_FEEDBACK, DoorInput.LOCKDOWN)
        for line in (Line.CUT, Line.SHORT)
    ),
    DriveFailed("it does not answer"),
)
HOW = {
    "button": lambda bench: bench.press(DoorInput.REX),
    "badge": lambda bench: bench.let_out(),
}


@pytest.fixture(params=HOW, ids=str)
def leave(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return HOW[request.param]


@pytest.mark.parametrize("state", DoorState)
def test_it_releases_in_every_state(state: DoorState, leave: Callable[..., Any]) -> None:
    bench = in_state(state, rex="release")
    leave(bench)
    assert bench.released


@pytest.mark.parametrize("state", [DoorState.LOCKDOWN, DoorState.FAULT])
def test_a_door_stays_in_its_state_and_is_secure_after_3_s(state: DoorState, leave: Callable[..., Any]) -> None:
    bench = in_state(state, rex="release")
    leave(bench)
    assert (bench.wait(2.999).state, bench.released) == (state, True)
    assert (bench.wait(0.001).state, bench.released) == (state, False)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_no_fault_keeps_people_in(fault: DriveFailed | InputChanged, leave: Callable[..., Any]) -> None:
    bench = Bench(rex="release").tell(fault)
    assert bench.state is DoorState.FAULT
    leave(bench)
    assert bench.released


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_fault_does_not_end_it(fault: DriveFailed | InputChanged, leave: Callable[..., Any]) -> None:
    bench = Bench(rex="release")
    leave(bench)
    assert bench.tell(fault).wait(2.999).released
    assert not bench.wait(0.001).released


def test_lock_that_stays_unlocked_does_not_keep_people_in(leave: Callable[..., Any]) -> None:
    bench = Bench(rex="release").sense(DoorInput.STRIKE_FEEDBACK, Line.ACTIVE).wait(2)
    leave(bench)
    assert (bench.state, bench.released) == (DoorState.FAULT, True)
    assert (bench.wait(3).state, bench.released) == (DoorState.FAULT, False)


@pytest.mark.parametrize("command", [DoorCommand.SECURE, DoorCommand.LOCKDOWN])
def test_later_word_of_an_operator_ends_it_until_the_next_press(
    command: DoorCommand, leave: Callable[..., Any]
) -> None:
    bench = Bench(rex="release")
    leave(bench)
    assert not bench.command(command).released
    leave(bench.wait(0.1))
    assert bench.released


def test_lockdown_switch_ends_it_until_the_next_press(leave: Callable[..., Any]) -> None:
    bench = Bench(rex="release")
    leave(bench)
    assert not bench.sense(DoorInput.LOCKDOWN, Line.ACTIVE).released
    leave(bench.wait(0.1))
    assert bench.released


@pytest.mark.parametrize("state", [DoorState.LOCKDOWN, DoorState.FAULT])
def test_it_lets_nobody_in_beside_it(state: DoorState, leave: Callable[..., Any]) -> None:
    """A grant during it is refused as before, and is not released for when it ends."""
    bench = in_state(state, rex="release")
    leave(bench)
    bench.grant(extended=True)
    assert not bench.wait(3).released


@pytest.mark.parametrize("state", [DoorState.LOCKDOWN, DoorState.FAULT])
def test_opening_is_caused_once(state: DoorState, leave: Callable[..., Any]) -> None:
    bench = in_state(state, rex="release")
    leave(bench)
    assert (bench.open().siren, bench.released) == (False, False)
    assert bench.shut().wait(1).open().siren


def test_schedule_beneath_a_lockdown_is_not_free_passage(leave: Callable[..., Any]) -> None:
    bench = Bench(rex="release").tell(ScheduleChanged(unlocked=True)).command(DoorCommand.LOCKDOWN)
    leave(bench)
    assert bench.open().wait(30).buzzer


def test_stuck_button_does_not_hold_it_released() -> None:
    bench = Bench(rex="release").command(DoorCommand.LOCKDOWN).sense(DoorInput.REX, Line.ACTIVE)
    assert (bench.wait(2.999).released, bench.wait(0.001).released, bench.wait(3600).released) == (True, False, False)


def test_rattling_button_is_reported_after_60_s_until_it_is_quiet() -> None:
    bench = Bench(rex="release", wired=frozenset({DoorInput.REX})).command(DoorCommand.LOCKDOWN)
    bench.told()
    for _ in range(60):
        assert Event.DOOR_FAULT not in [event for event, _ in bench.told()]
        bench.press(DoorInput.REX).wait(1)
    assert (bench.released, Event.DOOR_FAULT in [event for event, _ in bench.told()]) == (True, True)
    assert (bench.wait(3).released, Event.DOOR_MENDED in [event for event, _ in bench.told()]) == (False, True)


def test_many_who_leave_one_after_the_other_are_not_reported() -> None:
    bench = Bench(rex="release")
    for _ in range(60):
        bench.press(DoorInput.REX).wait(1).open().wait(1).shut()
    assert Event.DOOR_FAULT not in [event for event, _ in bench.told()]


def test_button_pressed_since_before_the_start_releases_nothing() -> None:
    bench = Bench(rex="release", wired=frozenset()).command(DoorCommand.LOCKDOWN)
    bench.wired = frozenset({DoorInput.REX})
    assert not bench.sense(DoorInput.REX, Line.ACTIVE).released


def test_extended_badge_releases_for_10_s() -> None:
    bench = in_state(DoorState.LOCKDOWN).let_out(extended=True)
    assert bench.wait(9.999).released
    assert not bench.wait(0.001).released


@pytest.mark.parametrize(("back_s", "left_s"), [(1.0, 2.0), (1e6, 0.0)])
def test_clock_that_is_set_back_shortens_it(back_s: float, left_s: float, leave: Callable[..., Any]) -> None:
    bench = in_state(DoorState.LOCKDOWN, rex="release")
    leave(bench)
    bench.now -= back_s
    assert not bench.tell(ScheduleChanged(unlocked=False)).wait(left_s).released


@pytest.mark.parametrize(
    ("state", "detail"),
    [(DoorState.LOCKED, ""), (DoorState.LOCKDOWN, "in lockdown"), (DoorState.FAULT, "in fault")],
)
def test_badge_has_its_notice(state: DoorState, detail: str) -> None:
    assert in_state(state).let_out().told() == [(Event.DOOR_LET_OUT, detail)]


@pytest.mark.parametrize(
    ("state", "detail"),
    [(DoorState.LOCKED, "released"), (DoorState.LOCKDOWN, "released, in lockdown")],
)
def test_button_has_its_notice(state: DoorState, detail: str) -> None:
    bench = in_state(state, rex="release").sense(DoorInput.REX, Line.ACTIVE)
    assert bench.told() == [(Event.DOOR_EXIT_REQUESTED, detail)]


def test_shunting_button_releases_nothing_in_lockdown() -> None:
    assert not in_state(DoorState.LOCKDOWN, rex="shunt").press(DoorInput.REX).released


class Mantrap:
    """An inner and an outer door that wait for each other, on fake wires."""

    def __init__(self) -> None:
        self.clock, interlock = SimulatedClock(), Interlock()
        self.inner_io, self.outer_io = FakeDoorIO(self.clock), FakeDoorIO(self.clock)
        self.inner = Door(DoorSettings(name="inner", rex="release"), self.inner_io, self.clock, None, interlock)
        self.outer = Door(DoorSettings(name="outer", rex="release"), self.outer_io, self.clock, None, interlock)
        for door in (self.inner, self.outer):
            self.clock.attend(door)


@pytest.fixture
def mantrap() -> Mantrap:
    return Mantrap()


class TestOperation:
    def test_it_is_driven_in_lockdown_when_it_returns(self) -> None:
        clock = SimulatedClock()
        io = FakeDoorIO(clock)
        door = Door(DoorSettings(), io, clock)
        clock.attend(door)
        door.command(DoorCommand.LOCKDOWN)
        assert (door.let_out(), io.driven[-1][1].released) == (True, True)
        clock.sleep(3)
        assert (door.state, io.driven[-1][1].released) == (DoorState.LOCKDOWN, False)

    def test_failed_outputs_are_tried_for_the_strike_time(self) -> None:
        clock = SimulatedClock()
        io = FakeDoorIO(clock)
        door = Door(DoorSettings(), io, clock)
        clock.attend(door)
        io.fails = lambda outputs: outputs.released
        assert (door.let_out(), door.state) == (False, DoorState.FAULT)
        clock.sleep(1)
        io.fails = lambda _outputs: False
        clock.sleep(0.5)
        assert io.driven[-1][1].released
        clock.sleep(1.5)
        assert (door.state, io.driven[-1][1].released) == (DoorState.LOCKED, False)

    def test_outputs_that_failed_for_a_moment_let_out_again(self) -> None:
        clock = SimulatedClock()
        io = FakeDoorIO(clock)
        door = Door(DoorSettings(), io, clock)
        io.fails = lambda outputs: outputs.released
        assert not door.grant()
        io.fails = lambda _outputs: False
        assert (door.state, door.let_out(), io.driven[-1][1].released) == (DoorState.FAULT, True, True)

    def test_nothing_is_let_out_after_the_end(self) -> None:
        clock = SimulatedClock()
        io = FakeDoorIO(clock)
        door = Door(DoorSettings(), io, clock)
        door.close()
        assert (door.let_out(), io.driven[-1][1].released) == (False, False)


class TestMantrap:
    def test_it_yields_to_the_button_and_reports_it(self, mantrap: Mantrap) -> None:
        mantrap.outer.grant()
        mantrap.inner_io.change(DoorInput.REX, Line.ACTIVE)
        assert (mantrap.inner_io.driven[-1][1].released, mantrap.inner.notices()) == (
            True,
            (
                DoorNotice(Event.DOOR_EXIT_REQUESTED, 0.0, "released"),
                DoorNotice(
                    Event.DOOR_INTERLOCK_YIELDED, 0.0, "released for exit while another door was open or released"
                ),
            ),
        )

    def test_it_yields_to_the_exit_badge(self, mantrap: Mantrap) -> None:
        mantrap.outer_io.change(DoorInput.DPS, Line.ACTIVE)
        assert (mantrap.inner.let_out(), mantrap.inner_io.driven[-1][1].released) == (True, True)

    def test_it_yields_to_nobody_else(self, mantrap: Mantrap) -> None:
        mantrap.outer.grant()
        assert (mantrap.inner.grant(), mantrap.inner_io.driven[-1][1].released) == (False, False)

    def test_door_in_a_fault_does_not_keep_people_in_the_trap(self, mantrap: Mantrap) -> None:
        mantrap.outer_io.change(DoorInput.DPS, Line.CUT)
        mantrap.inner_io.change(DoorInput.REX, Line.ACTIVE)
        mantrap.outer_io.change(DoorInput.REX, Line.ACTIVE)
        assert (mantrap.inner_io.driven[-1][1].released, mantrap.outer_io.driven[-1][1].released) == (True, True)
