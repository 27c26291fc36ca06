"""The door's laws for any sequence of events and any clock, against an oracle that knows nothing of the rules.

The oracle keeps a list of permits: what happened that may release the strike, and until when, by a reckoning of its
own. It also knows what forbids a release, and what may be the cause of an opening.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import hypothesis.strategies as st
from hypothesis import given
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from device.door.controller import Controller, deadline, new_controller, outputs, times
from device.door.lasting import Lasting, Mode, Order, Standing
from device.door.notices import notices
from device.door.rules import step
from device.records import (
    Alerted,
    Commanded,
    DoorCommand,
    DoorEvent,
    DoorInput,
    DoorOutput,
    DoorState,
    DriveFailed,
    DriveMended,
    Event,
    Granted,
    InputChanged,
    Line,
    Prompted,
    ScheduleChanged,
    Tick,
)
from device.settings.tables import DoorSettings
from tests.device.door.bench import EVENTS, timeless
from tests.device.door.oracle import Oracle

door_settings = st.builds(
    DoorSettings,
    strike_time_s=st.floats(0.1, 10),
    extended_strike_time_s=st.floats(0.1, 30),
    relock=st.sampled_from(["open", "close"]),
    held_open_time_s=st.floats(1, 600),
    pre_alarm_s=st.floats(0, 60),
    rex=st.sampled_from(["shunt", "release"]),
)
moves = st.one_of(
    st.floats(0, 5),
    st.floats(0, 1000),
    st.floats(-1000, 0),
    st.sampled_from([0.0, 1e-9, 1e12, -1e12, math.inf, -math.inf, math.nan]),
)
ORDINARY = (
    Granted(),
    Granted(extended=True),
    Granted(egress=True),
    Granted(extended=True, egress=True),
    Commanded(DoorCommand.RELEASE),
    Commanded(DoorCommand.SECURE),
    ScheduleChanged(unlocked=True),
    ScheduleChanged(unlocked=False),
    *(InputChanged(wire, line) for wire in (DoorInput.DPS, DoorInput.REX) for line in (Line.ACTIVE, Line.QUIET)),
    InputChanged(DoorInput.STRIKE_FEEDBACK, Line.QUIET),
)
some_event = st.one_of(*([st.sampled_from(ORDINARY)] * 3), st.sampled_from(EVENTS))
"""Mostly what happens on an ordinary day, or the door would be in FAULT or EVACUATION most of the time."""
GRANTS = (Granted(), Granted(extended=True), Granted(egress=True), Granted(extended=True, egress=True))
CLEAR = Commanded(DoorCommand.CLEAR)
TROUBLES = (
    (Commanded(DoorCommand.LOCKDOWN), CLEAR),
    (Commanded(DoorCommand.EVACUATE), CLEAR),
    (DriveFailed("it does not answer"), DriveMended()),
    (Commanded(DoorCommand.EVACUATE), Commanded(DoorCommand.LOCKDOWN)),
    (InputChanged(DoorInput.LOCKDOWN, Line.ACTIVE), CLEAR, Granted()),
    (Commanded(DoorCommand.SECURE), InputChanged(DoorInput.REX, Line.CUT), InputChanged(DoorInput.REX, Line.ACTIVE)),
    *((InputChanged(wire, Line.CUT), InputChanged(wire, Line.QUIET)) for wire in DoorInput),
    *((InputChanged(wire, Line.ACTIVE), InputChanged(wire, Line.QUIET), CLEAR) for wire in DoorInput),
)


class AnyDoor(RuleBasedStateMachine):
    """A door to which anything may happen at any time."""

    @initialize(
        door=door_settings,
        wired=st.frozensets(st.sampled_from(DoorInput)) | st.just(frozenset(DoorInput)),
        before=st.builds(
            Lasting,
            st.builds(Mode, st.sampled_from(Order), st.booleans(), st.booleans()),
            st.sampled_from(Standing),
        ),
        now=st.floats(-1e6, 1e9),
        found=st.sampled_from((Line.QUIET, Line.ACTIVE)),
    )
    def begin(self, door: DoorSettings, wired: frozenset[DoorInput], before: Lasting, now: float, found: Line) -> None:
        self.settings, self.wired, self.now, mode = door, wired, now, before.mode
        self.door = new_controller(mode, now, before.standing)
        self.oracle = Oracle(times(door), door, wired)
        self.oracle.now = now
        self.oracle.fire, self.oracle.evacuated = mode.fire, mode.ordered is Order.EVACUATION
        self.oracle.switched, self.oracle.locked_down = mode.switched, mode.ordered is Order.LOCKDOWN
        for wire in sorted(wired - {DoorInput.DPS}):
            self.tell(InputChanged(wire, Line.QUIET))
        if DoorInput.DPS in wired:
            self._look_at_leaf(before.standing, found)

    def _look_at_leaf(self, standing: Standing, found: Line) -> None:
        """A door that was forced before, or is open and was closed before, is as loud as one forced now."""
        told = self.tell(InputChanged(DoorInput.DPS, found))
        driven, is_open = outputs(self.settings, self.door).on, found is Line.ACTIVE
        if self.door.mode.is_evacuation:
            return
        if standing is Standing.FORCED or (is_open and standing is Standing.CLOSED):
            assert Event.DOOR_FORCED in told
            assert DoorOutput.SIREN in driven
        elif is_open:
            assert Event.DOOR_FOUND_OPEN in told
        assert DoorOutput.SHUNT not in driven

    def tell(self, event: DoorEvent) -> list[Event]:
        """One event, now; checks what is between before and after."""
        before = step(self.settings, self.wired, self.door, Tick(), self.now)
        self.oracle.moved(self.now)
        may_be_caused = not self.oracle.surely_no_cause
        was_closed, self.door = self.oracle.dps is False, before
        after = step(self.settings, self.wired, before, event, self.now)
        told = [notice.event for notice in notices(before, after, event)]
        self.oracle.is_unlocked = before.is_unlocked
        self.oracle.heard(event)
        self.door = after
        opened = was_closed and self.oracle.dps is True
        if opened and not may_be_caused:
            assert Event.DOOR_FORCED in told
            assert DoorOutput.SIREN in outputs(self.settings, after).on
        if opened and before.is_released:
            assert Event.DOOR_FORCED not in told
        if isinstance(event, Commanded) and event.command in (DoorCommand.SECURE, DoorCommand.LOCKDOWN):
            assert after.is_released <= before.is_released
        if isinstance(event, DriveFailed | ScheduleChanged) and not getattr(event, "unlocked", False):
            assert after.is_released <= before.is_released
        return told

    @rule(by=moves)
    def time_passes(self, by: float) -> None:
        self.now = self.now + by if math.isfinite(by) else by
        self.tell(Tick())
        if not math.isfinite(self.now):
            self.now = self.door.at

    @rule(by=moves, event=some_event)
    def something_happens_later(self, by: float, event: DoorEvent) -> None:
        if math.isfinite(by):
            self.now += by
        self.tell(event)

    @precondition(lambda self: deadline(self.settings, self.door) is not None)
    @rule()
    def deadline_comes(self) -> None:
        due = deadline(self.settings, self.door)
        assert due is not None
        assert due > self.door.at
        self.now = due
        self.tell(Tick())

    @rule(event=some_event)
    def something_happens(self, event: DoorEvent) -> None:
        self.tell(event)

    @rule(extended=st.booleans())
    def somebody_is_granted(self, extended: bool) -> None:
        self.tell(Granted(extended))
        if self.door.state in (DoorState.LOCKED, DoorState.RELEASED):
            assert self.door.is_released

    @rule(extended=st.booleans())
    def somebody_is_let_out(self, extended: bool) -> None:
        self.tell(Granted(extended, egress=True))
        assert self.door.is_released

    @rule()
    def somebody_presses_the_exit_button(self) -> None:
        self.tell(InputChanged(DoorInput.REX, Line.QUIET))
        self.tell(InputChanged(DoorInput.REX, Line.ACTIVE))
        if DoorInput.REX in self.wired and self.settings.rex == "release":
            assert self.door.is_released

    @rule(is_open=st.booleans())
    def door_moves(self, is_open: bool) -> None:
        self.tell(InputChanged(DoorInput.DPS, Line.ACTIVE if is_open else Line.QUIET))

    @rule()
    def button_is_pressed(self) -> None:
        self.tell(InputChanged(DoorInput.REX, Line.ACTIVE))
        self.tell(InputChanged(DoorInput.REX, Line.QUIET))

    @rule(cause=st.sampled_from((*GRANTS, InputChanged(DoorInput.REX, Line.ACTIVE))))
    def somebody_passes_and_another_follows(self, cause: Granted | InputChanged) -> None:
        self.tell(InputChanged(DoorInput.REX, Line.QUIET))
        self.tell(cause)
        self.tell(InputChanged(DoorInput.REX, Line.QUIET))
        for line in (Line.ACTIVE, Line.QUIET, Line.ACTIVE):
            self.tell(InputChanged(DoorInput.DPS, line))

    @rule(grant=st.sampled_from(GRANTS), trouble=st.sampled_from(TROUBLES))
    def trouble_comes_and_goes_during_a_release(self, grant: Granted, trouble: tuple[DoorEvent, ...]) -> None:
        for event in (grant, *trouble):
            self.tell(event)

    @rule(trouble=st.sampled_from(TROUBLES), grant=st.sampled_from(GRANTS))
    def somebody_comes_during_a_trouble(
        self, trouble: tuple[Commanded | Granted | InputChanged, ...], grant: Granted
    ) -> None:
        self.tell(trouble[0])
        self.tell(grant)
        for event in trouble[1:]:
            self.tell(event)

    @rule()
    def everything_is_mended_and_cleared(self) -> None:
        for wire in DoorInput:
            self.tell(InputChanged(wire, Line.QUIET))
        self.tell(DriveMended())
        for _ in range(3):
            self.tell(Commanded(DoorCommand.CLEAR))

    @invariant()
    def strike_is_released_only_when_allowed(self) -> None:
        if hasattr(self, "door") and self.door.is_released:
            assert self.oracle.allows

    @invariant()
    def evacuation_releases(self) -> None:
        if hasattr(self, "door"):
            assert (self.door.state is DoorState.EVACUATION) == self.oracle.is_evacuation
            assert self.door.is_released >= self.oracle.is_evacuation

    @invariant()
    def only_the_way_out_releases_in_lockdown_or_fault(self) -> None:
        if hasattr(self, "door") and self.door.state in (DoorState.LOCKDOWN, DoorState.FAULT):
            ways_out = any(permit.holds(self.oracle.now) for permit in self.oracle.ways_out)
            assert outputs(self.settings, self.door).released <= ways_out

    @invariant()
    def every_release_that_is_not_free_will_end(self) -> None:
        if hasattr(self, "door") and self.door.is_released and not self.door.is_passage_free:
            due = deadline(self.settings, self.door)
            assert due is not None
            assert due <= math.nextafter(self.door.at + 30.0, math.inf)

    @invariant()
    def outputs_say_what_the_state_is(self) -> None:
        if not hasattr(self, "door"):
            return
        driven, state = outputs(self.settings, self.door), self.door.state
        assert (DoorOutput.LAMP in driven.on) == driven.released
        assert (DoorOutput.LED in driven.on) == driven.released
        assert (state is DoorState.FORCED) <= (DoorOutput.SIREN in driven.on)
        assert (state is DoorState.HELD_OPEN) <= (DoorOutput.BUZZER in driven.on)
        assert (state is DoorState.OPEN) <= ((DoorOutput.SHUNT in driven.on) != self.door.found_open)

    @invariant()
    def position_follows_the_switch(self) -> None:
        if hasattr(self, "door") and self.door.is_open is not None:
            assert self.door.position.is_closed == (not self.door.is_open)

    def teardown(self) -> None:
        """Whatever has happened: mended, cleared and left alone, the door is locked."""
        if not hasattr(self, "door"):
            return
        self.everything_is_mended_and_cleared()
        self.tell(ScheduleChanged(unlocked=False))
        self.tell(Commanded(DoorCommand.SECURE))
        for _ in range(20):
            if deadline(self.settings, self.door) is None:
                break
            self.deadline_comes()
        assert self.door.state is DoorState.LOCKED
        assert deadline(self.settings, self.door) is None
        assert not outputs(self.settings, self.door).on


TestAnyDoor = AnyDoor.TestCase
LAMPS: tuple[Literal[DoorOutput.TURN_LEFT, DoorOutput.TURN_RIGHT], ...] = (
    DoorOutput.TURN_LEFT,
    DoorOutput.TURN_RIGHT,
)


@given(door_settings, st.lists(st.tuples(some_event, moves), max_size=10), st.sampled_from([*LAMPS, None]), moves)
def test_prompt_lights_its_lamp_and_changes_nothing_else(
    door: DoorSettings,
    happened: list[tuple[DoorEvent, float]],
    lamp: Literal[DoorOutput.TURN_LEFT, DoorOutput.TURN_RIGHT] | None,
    by: float,
) -> None:
    now, before, wired = 0.0, new_controller(Mode(), 0.0), frozenset(DoorInput)
    for event, later in happened:
        now = now + later if math.isfinite(now + later) else now
        before = step(door, wired, before, event, now)
    plain, prompted = (step(door, wired, before, event, now + by) for event in (Tick(), Prompted(lamp)))
    assert replace(prompted, prompted=None) == plain
    assert outputs(door, prompted).released == outputs(door, plain).released
    assert outputs(door, prompted).on == outputs(door, plain).on | ({lamp} if lamp else set())


@given(door_settings, st.lists(st.tuples(some_event, moves), max_size=10), moves)
def test_duress_drives_its_output_and_changes_nothing_else(
    door: DoorSettings, happened: list[tuple[DoorEvent, float]], by: float
) -> None:
    now, before, wired = 0.0, new_controller(Mode(), 0.0), frozenset(DoorInput)
    for event, later in happened:
        now = now + later if math.isfinite(now + later) else now
        before = step(door, wired, before, event, now)
    plain, alerted = (step(door, wired, before, event, now + by) for event in (Tick(), Alerted(True)))
    assert replace(alerted, alerted=False) == plain
    assert outputs(door, alerted).released == outputs(door, plain).released
    assert outputs(door, alerted).on == outputs(door, plain).on | {DoorOutput.DURESS}


@given(door_settings, st.lists(st.tuples(st.sampled_from(EVENTS), moves), max_size=30))
def test_waiting_at_deadlines_comes_to_an_end(door: DoorSettings, happened: list[tuple[DoorEvent, float]]) -> None:
    """A simulated clock that attends to the door would hang otherwise."""
    now, controller, wired = 0.0, new_controller(Mode(), 0.0), frozenset(DoorInput)
    for event, by in happened:
        now = now + by if math.isfinite(now + by) else now
        controller = step(door, wired, controller, event, now)
    for _ in range(40):
        if (due := deadline(door, controller)) is None:
            break
        controller = step(door, wired, controller, Tick(), due)
    assert deadline(door, controller) is None


eighths = st.integers(0, 400).map(lambda count: count / 8)


@given(st.lists(st.tuples(st.sampled_from(EVENTS), eighths), max_size=20), st.integers(-(2**20), 2**20))
def test_no_rule_looks_at_the_time_of_day(happened: list[tuple[DoorEvent, float]], shift: int) -> None:
    """The same events at other times of the clock make the same states; eighths of a second are exact in a float."""

    def states(now: float) -> Iterator[Controller]:
        door, controller = DoorSettings(strike_time_s=3.0), new_controller(Mode(), now)
        for event, by in happened:
            now += by
            controller = step(door, frozenset(DoorInput), controller, event, now)
            yield timeless(controller)

    assert list(states(0.0)) == list(states(float(shift)))


@given(st.floats(0, 1e9), st.floats(0.1, 10))
def test_a_release_is_over_at_its_deadline_and_not_an_instant_later(now: float, strike_time_s: float) -> None:
    """Sums of seconds are not exact."""
    door = DoorSettings(strike_time_s=strike_time_s)
    released = step(door, frozenset(), new_controller(Mode(), now), Granted(), now)
    assert released.is_released
    due = deadline(door, released)
    assert due is not None
    assert not step(door, frozenset(), released, Tick(), due).is_released
