"""A door in operation remembers its mode and tells what happens to it."""

import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from device.door.lasting import Lasting, Mode, Order, Standing
from device.door.mode import ModeFile
from device.door.operation import Door
from device.errors import DoorError
from device.records import (
    DoorCommand,
    DoorInput,
    DoorState,
    Event,
    InputChanged,
    Line,
)
from device.virtual.clock import SimulatedClock
from tests.device.door.bench import FakeDoorIO
from tests.device.door.operated import Hanging, Memory, events, opened
from tests.waiting import PATIENCE_S, until

MAX_NOTICES = 256


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
        assert time.monotonic() - began < 0.9
        memory.may_end.set()

    def test_disk_that_hangs_holds_up_nothing(self, io: FakeDoorIO, clock: SimulatedClock) -> None:
        memory = Hanging()
        door = opened(io, clock, memory)
        assert memory.is_writing.wait(PATIENCE_S)
        began = time.monotonic()
        door.tick()
        assert door.tell(InputChanged(DoorInput.FIRE, Line.ACTIVE)) is DoorState.EVACUATION
        assert (door.grant(), door.let_out(), time.monotonic() - began < 0.9) == (True, True, True)
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
