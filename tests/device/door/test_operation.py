"""The door in operation: secure first and last, driven at once, failing safely, for many threads, in real time."""

from functools import partial
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.door.lasting import Lasting, Mode, Order
from device.door.mode import UNREADABLE
from device.door.operation import Door
from device.errors import DoorError
from device.records import (
    DoorCommand,
    DoorEvent,
    DoorInput,
    DoorNotice,
    DoorOutput,
    DoorState,
    Event,
    InputChanged,
    Line,
    Outputs,
)
from device.settings.tables import DoorSettings
from device.virtual.clock import SimulatedClock
from tests.device.door.bench import EVENTS, FakeDoorIO
from tests.device.door.operated import SETTINGS, Memory, StoppedClock, events, opened
from tests.waiting import PATIENCE_S

RENEW_S = 0.5


class TestStart:
    def test_secure_is_the_first_thing_driven(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        opened(io, clock, Memory(Mode(fire=True)))
        assert io.driven[0] == (0.0, Outputs())

    def test_secure_is_driven_before_the_mode_is_read(
        self, monkeypatch: pytest.MonkeyPatch, io: FakeDoorIO, clock: SimulatedClock
    ) -> None:
        memory = Memory()
        monkeypatch.setattr(memory, "read", lambda: (Lasting(), f"driven so far: {io.driven}"))
        (notice,) = opened(io, clock, memory).notices()
        assert notice.detail.startswith(f"driven so far: {[(0.0, Outputs())]};")

    def test_wires_are_heard(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        io.wires[DoorInput.DPS] = Line.CUT
        assert opened(io, clock).state is DoorState.FAULT

    def test_change_before_anybody_watched_is_heard(
        self, monkeypatch: pytest.MonkeyPatch, io: FakeDoorIO, clock: SimulatedClock
    ) -> None:
        monkeypatch.setattr(io, "watch", lambda _tell: io.wires.update({DoorInput.FIRE: Line.ACTIVE}))
        assert opened(io, clock).state is DoorState.EVACUATION

    def test_change_of_a_wire_is_heard(self, io: FakeDoorIO, door: Door) -> None:
        io.change(DoorInput.DPS, Line.ACTIVE)
        assert door.state is DoorState.FORCED

    def test_wires_that_are_not_there_say_nothing(self, clock: SimulatedClock) -> None:
        io = FakeDoorIO(clock, {})
        door = opened(io, clock)
        assert door.tell(InputChanged(DoorInput.FIRE, Line.ACTIVE)) is DoorState.LOCKED

    def test_lockdown_of_before_holds_from_the_first_grant_on(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        door = opened(io, clock, Memory(Mode(ordered=Order.LOCKDOWN)))
        assert (door.grant(), io.strike()) == (False, [(0.0, False)])

    def test_evacuation_of_before_releases_again(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        opened(io, clock, Memory(Mode(ordered=Order.EVACUATION)))
        assert io.strike() == [(0.0, False), (0.0, True)]

    def test_evacuation_of_before_is_never_secured_meanwhile(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        Door(SETTINGS, io, clock, Memory(Mode(ordered=Order.EVACUATION)), released=True)
        assert io.strike() == [(0.0, True)]

    @pytest.mark.parametrize(("line", "released"), [(Line.QUIET, False), (Line.ACTIVE, True), (Line.CUT, True)])
    def test_strike_released_by_a_past_fire_is_secured_first(
        self, io: FakeDoorIO, clock: SimulatedClock, line: Line, released: bool
    ) -> None:
        io.wires[DoorInput.FIRE] = line
        Door(SETTINGS, io, clock, Memory(Mode(fire=True)), released=True)
        assert io.strike() == [(0.0, released)]

    @pytest.mark.parametrize("mode", [Mode(), UNREADABLE.mode])
    def test_strike_that_was_left_released_by_mistake_is_secured_first(
        self, io: FakeDoorIO, clock: SimulatedClock, mode: Mode
    ) -> None:
        Door(SETTINGS, io, clock, Memory(mode), released=True)
        assert io.strike() == [(0.0, False)]

    @pytest.mark.parametrize("mode", [Mode(ordered=Order.LOCKDOWN), Mode(switched=True)])
    def test_lockdown_of_before_is_told(self, io: FakeDoorIO, clock: SimulatedClock, mode: Mode) -> None:
        assert opened(io, clock, Memory(mode)).notices() == (
            DoorNotice(Event.DOOR_LOCKDOWN, 0.0, "as before the start"),
        )

    def test_mode_that_cannot_be_read_is_told_and_a_lockdown(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        door = opened(io, clock, Memory(UNREADABLE.mode, "the file is damaged"))
        assert door.state is DoorState.LOCKDOWN
        assert door.notices() == (
            DoorNotice(Event.DOOR_FAULT, 0.0, "the file is damaged; the door starts in lockdown"),
        )

    def test_mode_that_could_not_be_read_is_written_anew(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        memory = Memory(UNREADABLE.mode, "the file is damaged")
        assert opened(io, clock, memory).wait_written(PATIENCE_S)
        assert memory.written[-1].mode == UNREADABLE.mode

    def test_unreadable_wires_are_an_error_and_the_door_is_secure(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        io.cannot_read = True
        with pytest.raises(DoorError, match="does not answer"):
            Door(SETTINGS, io, clock)
        assert (io.strike(), io.closed) == ([(0.0, False)], 1)

    def test_outputs_that_cannot_be_driven_make_it_start_in_fault(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        io.fails = lambda _outputs: True
        assert opened(io, clock).state is DoorState.FAULT


class TestRelease:
    def test_grant_releases_for_the_strike_time(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        clock.sleep(1)
        assert door.grant()
        clock.sleep(60)
        assert io.strike() == [(0.0, False), (1.0, True), (4.0, False)]

    def test_extended_grant(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        assert door.grant(extended=True)
        clock.sleep(60)
        assert io.strike() == [(0.0, False), (0.0, True), (10.0, False)]

    def test_grant_is_driven_when_it_returns(self, io: FakeDoorIO, door: Door) -> None:
        door.grant()
        assert io.driven[-1][1].released

    def test_opening_is_driven_at_once(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        door.grant()
        clock.sleep(1)
        io.change(DoorInput.DPS, Line.ACTIVE)
        assert io.driven[-1] == (1.0, Outputs(on=frozenset({DoorOutput.SHUNT})))

    @pytest.mark.parametrize("command", [DoorCommand.LOCKDOWN, DoorCommand.SECURE])
    def test_command_ends_it_at_once(self, io: FakeDoorIO, door: Door, command: DoorCommand) -> None:
        door.grant()
        door.command(command)
        assert not io.driven[-1][1].released

    def test_grant_in_lockdown_is_refused(self, door: Door) -> None:
        door.command(DoorCommand.LOCKDOWN)
        assert not door.grant()

    def test_grant_in_an_evacuation_is_no_lie(self, door: Door) -> None:
        door.command(DoorCommand.EVACUATE)
        assert door.grant()

    def test_released_strike_is_driven_again_for_its_guard(
        self, io: FakeDoorIO, door: Door, clock: SimulatedClock
    ) -> None:
        door.grant()
        clock.sleep(2)
        assert [at for at, outputs in io.driven if outputs.released] == [0.0, 0.5, 1.0, 1.5, 2.0]

    def test_secure_strike_is_not(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        driven = len(io.driven)
        clock.sleep(3600)
        assert (len(io.driven), door.deadline()) == (driven, None)

    def test_interlock_asks_for_closed_and_locked(self, door: Door) -> None:
        assert door.is_closed_and_locked
        door.grant()
        assert not door.is_closed_and_locked

    def test_clock_that_stands_still_is_overruled_by_whoever_waited(self, io: FakeDoorIO, door: Door) -> None:
        door.grant()
        for waited in range(1, 7):
            door.tick(waited * 0.5)
        assert not io.driven[-1][1].released


class TestFailingOutputs:
    def test_release_that_fails_is_a_fault_and_secured_at_once(self, io: FakeDoorIO, door: Door) -> None:
        io.fails = lambda outputs: outputs.released
        assert (door.grant(), door.state) == (False, DoorState.FAULT)
        assert not io.driven[-1][1].released

    def test_secure_that_fails_is_tried_again_until_it_works(
        self, io: FakeDoorIO, door: Door, clock: SimulatedClock
    ) -> None:
        door.grant()
        io.fails = lambda outputs: not outputs.released
        clock.sleep(5)
        assert door.state is DoorState.FAULT
        tried = [at for at, outputs in io.driven if at >= 3.0 and not outputs.released]
        assert tried == [3.0, 3.5, 4.0, 4.5, 5.0]
        io.fails = lambda _outputs: False
        clock.sleep(RENEW_S)
        assert (door.state, io.driven[-1][1]) == (DoorState.LOCKED, Outputs())

    def test_fault_and_its_end_are_told(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        io.fails = lambda outputs: outputs.released
        door.grant()
        clock.sleep(1)
        assert [(notice.event, notice.at) for notice in door.notices()] == [
            (Event.DOOR_FAULT, 0.0),
            (Event.DOOR_MENDED, RENEW_S),
        ]

    def test_fault_is_not_told_every_time(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        io.fails = lambda _outputs: True
        door.grant()
        clock.sleep(60)
        assert events(door) == [Event.DOOR_FAULT]

    @pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("any"), ValueError()])
    def test_whatever_a_pin_library_raises_is_a_fault(self, io: FakeDoorIO, door: Door, error: Exception) -> None:
        io.error, io.fails = error, lambda outputs: outputs.released
        assert (door.grant(), door.state) == (False, DoorState.FAULT)

    def test_evacuation_is_tried_again_until_it_works(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        io.fails = lambda outputs: outputs.released
        assert door.command(DoorCommand.EVACUATE) is DoorState.EVACUATION
        clock.sleep(2)
        io.fails = lambda _outputs: False
        clock.sleep(RENEW_S)
        assert io.driven[-1][1].released

    def test_clock_that_is_set_back_keeps_nothing_from_being_mended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = StoppedClock()
        io = FakeDoorIO(clock)
        door = Door(SETTINGS, io, clock)
        io.fails = lambda outputs: outputs.released
        door.grant()
        io.fails = lambda _outputs: False
        monkeypatch.setattr(clock, "monotonic", lambda: -1e6)
        door.tick()
        assert door.state is DoorState.LOCKED

    def test_interruption_while_driving_secures(self, io: FakeDoorIO, door: Door) -> None:
        io.error, io.fails = KeyboardInterrupt(), lambda outputs: outputs.released
        with pytest.raises(KeyboardInterrupt):
            door.grant()
        assert not io.driven[-1][1].released

    def test_renewal_that_fails_is_a_fault(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        """As when the relay's guard has secured the strike of a process that hung."""
        door.grant()
        io.fails = lambda outputs: outputs.released
        clock.sleep(0.5)
        assert (door.state, io.strike()[-1]) == (DoorState.FAULT, (0.5, False))


class TestWhatDrivingBringsAbout:
    def test_wire_that_follows_the_strike_is_heard_after_it(self, io: FakeDoorIO, door: Door) -> None:
        """As in simulation, where the lock's feedback changes in the very thread that drives the relay."""
        io.on_drive = lambda outputs: io.tell(
            InputChanged(DoorInput.STRIKE_FEEDBACK, Line.ACTIVE if outputs.released else Line.QUIET)
        )
        door.grant()
        assert dict(door.status().lines)[DoorInput.STRIKE_FEEDBACK] is Line.ACTIVE
        door.command(DoorCommand.SECURE)
        assert dict(door.status().lines)[DoorInput.STRIKE_FEEDBACK] is Line.QUIET

    @pytest.mark.parametrize("moment", ["before_drive", "on_drive"])
    def test_lockdown_from_within_a_release_has_the_last_word(self, io: FakeDoorIO, door: Door, moment: str) -> None:
        setattr(io, moment, lambda outputs: outputs.released and io.tell(InputChanged(DoorInput.LOCKDOWN, Line.ACTIVE)))
        assert not door.grant()
        assert (door.state, io.driven[-1][1].released) == (DoorState.LOCKDOWN, False)


class TestEnd:
    def test_closing_secures_and_gives_the_wires_back(self, io: FakeDoorIO, door: Door) -> None:
        door.grant()
        door.close()
        assert (io.driven[-1][1], io.closed) == (Outputs(), 1)

    def test_nothing_releases_after_it(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        door.close()
        for event in EVENTS:
            door.tell(event)
        assert not door.grant()
        clock.sleep(60)
        assert [released for _, released in io.strike()] == [False]

    def test_closing_ends_an_evacuation(self, io: FakeDoorIO, door: Door) -> None:
        door.command(DoorCommand.EVACUATE)
        door.close()
        assert (io.driven[-1][1], door.status().outputs) == (Outputs(), Outputs())

    @pytest.mark.parametrize("mode", [Mode(ordered=Order.EVACUATION), Mode(fire=True)])
    def test_closing_leaves_an_evacuation_that_is_on_the_disk_released(
        self, io: FakeDoorIO, clock: SimulatedClock, mode: Mode
    ) -> None:
        io.wires[DoorInput.FIRE] = Line.ACTIVE if mode.fire else Line.QUIET
        door = opened(io, clock, Memory(mode))
        door.close()
        door.close()
        assert (io.driven[-1][1], io.closed) == (Outputs(released=True, stays=True), 2)

    @pytest.mark.parametrize("command", [DoorCommand.LOCKDOWN, DoorCommand.CLEAR])
    def test_closing_secures_a_door_whose_evacuation_is_over(
        self, io: FakeDoorIO, clock: SimulatedClock, command: DoorCommand
    ) -> None:
        door = opened(io, clock, Memory(Mode(ordered=Order.EVACUATION)))
        door.command(command)
        door.close()
        assert [outputs for _, outputs in io.driven if outputs.stays] == []
        assert io.driven[-1][1] == Outputs()

    def test_closing_secures_an_evacuation_that_the_disk_does_not_have(
        self, io: FakeDoorIO, clock: SimulatedClock
    ) -> None:
        memory = Memory()
        door = opened(io, clock, memory)
        assert door.wait_written(PATIENCE_S)
        memory.error = DoorError("It is full.", hint="Make room.")
        door.command(DoorCommand.EVACUATE)
        door.close()
        assert io.driven[-1][1] == Outputs()

    def test_closing_twice_is_harmless(self, io: FakeDoorIO, door: Door) -> None:
        door.grant()
        door.close()
        door.close()
        assert [released for _, released in io.strike()] == [False, True, False]

    def test_nothing_is_pending_after_it(self, door: Door) -> None:
        door.grant()
        door.close()
        assert door.deadline() is None

    def test_wires_that_cannot_be_secured_are_an_error(self, io: FakeDoorIO, door: Door) -> None:
        io.fails = lambda _outputs: True
        with pytest.raises(DoorError, match="does not answer"):
            door.close()

    def test_notices_can_be_taken_after_it(self, io: FakeDoorIO, door: Door) -> None:
        io.change(DoorInput.DPS, Line.ACTIVE)
        door.close()
        assert events(door) == [Event.DOOR_FORCED]

    def test_failing_is_a_fault_for_good(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        door.grant()
        door.fail("the test says so")
        clock.sleep(60)
        assert (door.state, door.grant(), io.driven[-1][1]) == (DoorState.FAULT, False, Outputs())
        assert [notice.detail for notice in door.notices()] == ["the outputs cannot be driven: the test says so"]


happenings = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.floats(0, 8), st.booleans()),
    max_size=15,
)


def says(answer: bool, _outputs: Outputs) -> bool:
    return answer


@given(happenings, st.sampled_from(["open", "close"]), st.sampled_from(["shunt", "release"]))
def test_last_thing_driven_is_what_the_door_says_and_close_secures(
    happened: list[tuple[DoorEvent, float, bool]], relock: Literal["open", "close"], rex: Literal["shunt", "release"]
) -> None:
    """Whatever happens, and whatever fails in between."""
    clock = SimulatedClock()
    io = FakeDoorIO(clock)
    door = opened(io, clock, settings=DoorSettings(relock=relock, rex=rex))
    for event, by, fails in happened:
        io.fails = partial(says, fails)
        door.tell(event)
        assert io.driven[-1][1] == door.status().outputs
        clock.sleep(by)
        assert io.driven[-1][1] == door.status().outputs
    io.fails = lambda _outputs: False
    door.close()
    assert io.driven[-1][1] == Outputs()
