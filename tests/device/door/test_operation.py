"""The door in operation: secure first and last, driven at once, failing safely, for many threads, in real time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.clock import SystemClock
from device.door.lasting import Lasting, Mode, Order, Standing
from device.door.mode import UNREADABLE, ModeFile
from device.door.operation import Door
from device.door.thread import DoorThread
from device.errors import DoorError
from device.ports import Clock
from device.records import (
    Commanded,
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
    ScheduleChanged,
)
from device.settings.tables import DoorSettings
from device.virtual.clock import SimulatedClock
from tests.device.door.bench import EVENTS, FakeDoorIO

RENEW_S = 0.5
MAX_NOTICES = 256
BEAT_S = 0.5

SETTINGS = DoorSettings(name="main", strike_time_s=3.0, extended_strike_time_s=10.0)
PATIENCE_S = 10.0


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def io(clock: SimulatedClock) -> FakeDoorIO:
    return FakeDoorIO(clock)


def opened(
    io: FakeDoorIO, clock: SimulatedClock, memory: "ModeFile | Memory | None" = None, settings: DoorSettings = SETTINGS
) -> Door:
    """A door that the simulated clock attends to."""
    door = Door(settings, io, clock, memory)
    clock.attend(door)
    return door


@pytest.fixture
def door(io: FakeDoorIO, clock: SimulatedClock) -> Door:
    return opened(io, clock)


class Memory:
    """`ModeMemory` that can fail, or be slow."""

    def __init__(self, mode: Mode = Mode(), why: str = "") -> None:  # noqa: B008 - frozen
        self.before, self.why = Lasting(mode), why
        self.written: list[Lasting] = []
        self.error: Exception | None = None
        self.before_write: Callable[[], object] = lambda: None

    def read(self) -> tuple[Lasting, str]:
        return self.before, self.why

    def write(self, lasting: Lasting) -> None:
        self.before_write()
        if self.error:
            raise self.error
        self.written.append(lasting)


class Hanging(Memory):
    """A disk that takes as long as the test says."""

    def __init__(self, mode: Mode = Mode()) -> None:  # noqa: B008 - frozen
        super().__init__(mode)
        self.is_writing, self.may_end = threading.Event(), threading.Event()
        self.before_write = self._hang

    def _hang(self) -> None:
        self.is_writing.set()
        self.may_end.wait(PATIENCE_S)


def events(door: Door) -> list[Event]:
    return [notice.event for notice in door.notices()]


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
    def test_strike_that_a_fire_left_released_is_secured_first_if_the_fire_is_over(
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

    def test_wires_that_cannot_be_read_are_an_error_and_the_door_is_secure(
        self, io: FakeDoorIO, clock: SimulatedClock
    ) -> None:
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


class TestMode:
    @pytest.mark.parametrize(
        ("command", "order"), [(DoorCommand.LOCKDOWN, Order.LOCKDOWN), (DoorCommand.EVACUATE, Order.EVACUATION)]
    )
    def test_command_is_written_soon(
        self, io: FakeDoorIO, clock: SimulatedClock, command: DoorCommand, order: Order
    ) -> None:
        memory = Memory()
        door = opened(io, clock, memory)
        door.command(command)
        assert (door.wait_written(PATIENCE_S), memory.written[-1].mode) == (True, Mode(ordered=order))

    def test_clearing_is_written(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        memory = Memory(Mode(ordered=Order.LOCKDOWN))
        door = opened(io, clock, memory)
        door.command(DoorCommand.CLEAR)
        assert (door.wait_written(PATIENCE_S), memory.written[-1].mode) == (True, Mode())

    @pytest.mark.parametrize(
        ("wire", "mode"), [(DoorInput.LOCKDOWN, Mode(switched=True)), (DoorInput.FIRE, Mode(fire=True))]
    )
    def test_input_is_written(self, io: FakeDoorIO, clock: SimulatedClock, wire: DoorInput, mode: Mode) -> None:
        memory = Memory()
        door = opened(io, clock, memory)
        io.change(wire, Line.ACTIVE)
        assert (door.wait_written(PATIENCE_S), memory.written[-1].mode) == (True, mode)

    def test_start_makes_the_room_for_it(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        memory = Memory()
        assert opened(io, clock, memory).wait_written(PATIENCE_S)
        assert memory.written[-1] == Lasting(Mode(), Standing.CLOSED)

    def test_nothing_else_is_written(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        memory = Memory()
        door = opened(io, clock, memory)
        assert door.wait_written(PATIENCE_S)
        memory.written.clear()
        door.grant()
        clock.sleep(10)
        io.change(DoorInput.TAMPER, Line.ACTIVE)
        assert (door.wait_written(PATIENCE_S), memory.written) == (True, [])

    @pytest.mark.parametrize("command", [one for one in DoorCommand if one is not DoorCommand.RELEASE])
    def test_no_command_waits_for_a_disk_that_hangs(
        self, io: FakeDoorIO, clock: SimulatedClock, command: DoorCommand
    ) -> None:
        memory = Hanging(Mode(ordered=Order.LOCKDOWN) if command is DoorCommand.CLEAR else Mode())
        door = opened(io, clock, memory)
        assert memory.is_writing.wait(PATIENCE_S)
        began = time.monotonic()
        door.command(command)
        assert time.monotonic() - began < 0.1
        memory.may_end.set()

    def test_disk_that_hangs_holds_up_nothing(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        memory = Hanging()
        door = opened(io, clock, memory)
        assert memory.is_writing.wait(PATIENCE_S)
        began = time.monotonic()
        door.tick()
        assert door.tell(InputChanged(DoorInput.FIRE, Line.ACTIVE)) is DoorState.EVACUATION
        assert (door.grant(), door.let_out(), time.monotonic() - began < 0.1) == (True, True, True)
        memory.may_end.set()
        assert (door.wait_written(PATIENCE_S), memory.written[-1].mode) == (True, Mode(fire=True))

    def test_mode_that_is_not_written_after_1_s_is_a_trouble(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        memory = Hanging()
        door = opened(io, clock, memory)
        assert memory.is_writing.wait(PATIENCE_S)
        clock.sleep(0.9)
        assert door.status().troubles == ()
        clock.sleep(0.1)
        assert (door.is_written, door.status().troubles) == (
            False,
            ("the door's mode is not on the disk yet; a power cut now would bring back the previous one",),
        )
        memory.may_end.set()
        assert (door.wait_written(PATIENCE_S), door.status().troubles) == (True, ())

    @pytest.mark.parametrize(
        "error", [DoorError("The disk is full.", hint="Make room."), OSError("gone"), MemoryError()]
    )
    def test_disk_that_fails_is_told_once_and_tried_again(
        self, io: FakeDoorIO, clock: SimulatedClock, error: Exception
    ) -> None:
        memory = Memory()
        memory.error = error
        door = opened(io, clock, memory)
        assert door.command(DoorCommand.LOCKDOWN) is DoorState.LOCKDOWN
        until(lambda: door.status().troubles)
        assert sorted(events(door)) == [Event.DOOR_FAULT, Event.DOOR_LOCKDOWN]
        memory.error = None
        assert door.wait_written(PATIENCE_S)
        until(lambda: not door.status().troubles)
        assert (events(door), memory.written[-1].mode) == ([Event.DOOR_MENDED], Mode(ordered=Order.LOCKDOWN))

    def test_close_writes_what_is_left_and_ends_the_thread(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        memory = Memory()
        door = opened(io, clock, memory)
        door.command(DoorCommand.LOCKDOWN)
        door.close()
        assert (memory.written[-1].mode, door._saver._thread.is_alive()) == (Mode(ordered=Order.LOCKDOWN), False)

    def test_close_secures_before_it_waits_for_the_disk(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        memory = Hanging()
        door = opened(io, clock, memory)
        door.grant()
        closing = threading.Thread(target=door.close)
        closing.start()
        until(lambda: io.closed)
        assert (io.driven[-1][1].released, closing.is_alive()) == (False, True)
        memory.may_end.set()
        closing.join(PATIENCE_S)

    def test_lockdown_outlasts_a_door(self, io: FakeDoorIO, clock: SimulatedClock, tmp_path: Path) -> None:
        door = opened(io, clock, ModeFile(tmp_path, "main"))
        door.command(DoorCommand.LOCKDOWN)
        assert door.wait_written(PATIENCE_S)
        assert opened(io, clock, ModeFile(tmp_path, "main")).state is DoorState.LOCKDOWN

    def test_lockdown_on_a_full_disk_outlasts_a_door(
        self, io: FakeDoorIO, clock: SimulatedClock, tmp_path: Path, full_disk: AbstractContextManager[None]
    ) -> None:
        door = opened(io, clock, ModeFile(tmp_path, "main"))
        assert door.wait_written(PATIENCE_S)
        with full_disk:
            door.command(DoorCommand.LOCKDOWN)
            assert door.wait_written(PATIENCE_S)
        assert opened(io, clock, ModeFile(tmp_path, "main")).state is DoorState.LOCKDOWN


class TestNotices:
    def test_they_are_taken_once(self, io: FakeDoorIO, door: Door) -> None:
        io.change(DoorInput.DPS, Line.ACTIVE)
        assert (events(door), events(door)) == ([Event.DOOR_FORCED], [])

    def test_they_wake(self, io: FakeDoorIO, door: Door) -> None:
        door.notices()
        assert not door.wakeup.is_set()
        io.change(DoorInput.DPS, Line.ACTIVE)
        assert door.wakeup.is_set()

    def test_new_deadline_wakes(self, door: Door) -> None:
        door.notices()
        door.grant()
        assert (door.wakeup.is_set(), door.hurry.is_set()) == (True, True)

    def test_alarm_by_time_wakes(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        door.grant()
        io.change(DoorInput.DPS, Line.ACTIVE)
        door.notices()
        assert (clock.wait(door.wakeup, 60), clock.monotonic()) == (True, 30.0)

    def test_time_alone_does_not_wake(self, clock: SimulatedClock) -> None:
        door = opened(FakeDoorIO(clock, {}), clock)
        door.grant()
        door.notices()
        clock.sleep(60)
        assert not door.wakeup.is_set()

    def test_too_many_are_counted(self, io: FakeDoorIO, door: Door) -> None:
        for _ in range(MAX_NOTICES):
            io.change(DoorInput.TAMPER, Line.ACTIVE)
            io.change(DoorInput.TAMPER, Line.QUIET)
        taken = door.notices()
        assert len(taken) == MAX_NOTICES + 1
        assert taken[-1].detail == f"{MAX_NOTICES} notices of this door lost: more came than could be kept"
        assert door.notices() == ()


class TestStatus:
    def test_it_says_all(self, io: FakeDoorIO, door: Door, clock: SimulatedClock) -> None:
        clock.sleep(5)
        io.change(DoorInput.REX, Line.CUT)
        door.grant()
        status = door.status()
        assert (status.door, status.state, status.since) == ("main", DoorState.RELEASED, 5.0)
        assert status.lines == tuple(sorted(io.wires.items()))
        assert status.outputs == io.driven[-1][1]
        assert status.troubles == ("the wire of input rex is cut",)


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


class StoppedClock(SystemClock):
    """A clock that stands still."""

    def monotonic(self) -> float:
        return 7.0


def until(condition: Callable[..., Any]) -> None:
    """Waits until something has come about in another thread."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.001)


@pytest.fixture
def threaded() -> Iterator[Callable[..., tuple[Door, FakeDoorIO, DoorThread]]]:
    """Makes doors with a thread each, in real time; all are closed at the end."""
    made = []

    def make(
        clock: Clock | None = None, strike_time_s: float = 0.3, lines: dict[DoorInput, Line] | None = None
    ) -> tuple[Door, FakeDoorIO, DoorThread]:
        clock = clock or SystemClock()
        io = FakeDoorIO(clock, lines)
        door = Door(DoorSettings(strike_time_s=strike_time_s), io, clock)
        made.append((door, DoorThread(door, clock)))
        return door, io, made[-1][1]

    yield make
    for door, thread in made:
        thread.close()
        door.close()


class TestThread:
    def test_release_ends_while_nobody_else_does_anything(
        self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        door, io, _ = threaded()
        door.grant()
        until(lambda: not io.driven[-1][1].released)
        (_, _), (began, _), (ended, _) = io.strike()
        assert 0.25 <= ended - began < 0.3 + PATIENCE_S

    def test_release_ends_on_a_clock_that_stands_still(
        self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        door, io, _ = threaded(StoppedClock())
        began = time.monotonic()
        door.grant()
        until(lambda: not io.driven[-1][1].released)
        assert time.monotonic() - began < PATIENCE_S

    def test_release_ends_on_a_clock_that_is_set_back(
        self, monkeypatch: pytest.MonkeyPatch, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        clock = StoppedClock()
        door, io, _ = threaded(clock)
        door.grant()
        monkeypatch.setattr(clock, "monotonic", lambda: -1e6)
        until(lambda: not io.driven[-1][1].released)
        assert door.state is DoorState.LOCKED

    def test_it_beats(self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]) -> None:
        _, _, thread = threaded()
        first = thread.last_beat
        until(lambda: thread.last_beat > first + BEAT_S)
        assert thread.failure is None

    def test_thread_that_fails_secures_and_says_so_and_beats_no_more(
        self, monkeypatch: pytest.MonkeyPatch, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        door, io, thread = threaded(strike_time_s=10.0)
        door.grant()
        monkeypatch.setattr(door, "deadline", None)  # whatever breaks it
        until(lambda: thread.failure is not None)
        assert isinstance(thread.failure, TypeError)
        assert (door.state, io.driven[-1][1], door.grant()) == (DoorState.FAULT, Outputs(), False)
        assert Event.DOOR_FAULT in events(door)
        beat = thread.last_beat
        thread._thread.join(PATIENCE_S)
        assert thread.last_beat == beat

    def test_it_beats_twice_a_second_while_nothing_happens(
        self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        _, _, thread = threaded()
        beats = {thread.last_beat}

        def beaten() -> bool:
            beats.add(thread.last_beat)
            return len(beats) > 3

        until(beaten)
        _, *gaps_s = (later - earlier for earlier, later in pairwise(sorted(beats)))
        assert 0.4 < min(gaps_s) <= max(gaps_s) < 0.9

    def test_it_hangs_with_the_driver_and_beats_no_more(
        self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]
    ) -> None:
        door, io, thread = threaded()
        io.hangs = threading.Event()
        granting = threading.Thread(target=door.grant)
        granting.start()
        until(lambda: time.monotonic() - thread.last_beat > 2 * BEAT_S)
        io.hangs.set()
        granting.join(PATIENCE_S)
        until(lambda: time.monotonic() - thread.last_beat < BEAT_S)

    def test_closing_ends_it(self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]) -> None:
        _, _, thread = threaded()
        thread.close()
        assert not thread._thread.is_alive()

    def test_many_threads_tell_it_things(self, threaded: Callable[..., tuple[Door, FakeDoorIO, DoorThread]]) -> None:
        door, io, thread = threaded(strike_time_s=0.1)
        told = [event for event in EVENTS if not isinstance(event, ScheduleChanged)]

        def tell() -> None:
            for event in told * 5:
                door.tell(event)
                door.status()
                door.notices()

        tellers = [threading.Thread(target=tell) for _ in range(8)]
        for teller in tellers:
            teller.start()
        for teller in tellers:
            teller.join(60)
        assert [teller.is_alive() for teller in tellers] == [False] * 8
        for wire in DoorInput:
            io.change(wire, Line.QUIET)
        for _ in range(3):
            door.tell(Commanded(DoorCommand.CLEAR))
        until(lambda: door.state is DoorState.LOCKED)
        until(lambda: io.driven[-1][1] == Outputs())
        assert thread.failure is None
