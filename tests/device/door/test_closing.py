"""How a door is left when its operation ends: secure, unless it was released for everyone and the disk has that."""

import pytest

from device.door.drive import Drive
from device.errors import DoorError
from device.records import DoorCommand, DoorInput, Event, Granted, Line, Outputs
from device.virtual.clock import SimulatedClock
from tests.device.door.bench import Bench, FakeDoorIO
from tests.device.door.operated import Memory, events, opened
from tests.nearly import nearly
from tests.waiting import PATIENCE_S


def test_door_released_by_a_grant_is_left_secure(io: FakeDoorIO, clock: SimulatedClock) -> None:
    door = opened(io, clock, Memory())
    door.wait_written(PATIENCE_S)
    door.tell(Granted())
    assert io.driven[-1][1].released
    door.close()
    assert io.driven[-1][1] == Outputs()


def test_evacuation_on_the_disk_is_left_released(io: FakeDoorIO, clock: SimulatedClock) -> None:
    door = opened(io, clock, Memory())
    door.command(DoorCommand.EVACUATE)
    door.close()
    assert io.driven[-1][1] == Outputs(released=True, stays=True)


def test_evacuation_that_the_disk_did_not_take_is_left_secure(io: FakeDoorIO, clock: SimulatedClock) -> None:
    memory = Memory()
    door = opened(io, clock, memory)
    door.wait_written(PATIENCE_S)
    memory.error = DoorError("The disk is full.", hint="None.")
    door.command(DoorCommand.EVACUATE)
    door.close()
    assert io.driven[-1][1] == Outputs()


def test_evacuation_that_could_not_be_driven_is_left_secure(io: FakeDoorIO, clock: SimulatedClock) -> None:
    io.fails = lambda outputs: outputs.released
    door = opened(io, clock, Memory())
    door.command(DoorCommand.EVACUATE)
    door.wait_written(PATIENCE_S)
    io.fails = lambda _outputs: False
    door.close()
    assert io.driven[-1][1] == Outputs()


def test_strike_that_can_not_be_left_released_is_secured(io: FakeDoorIO) -> None:
    drive = Drive(io)
    drive.to(Outputs(released=True), 0.0)
    io.error, io.fails = OSError("no such device"), lambda outputs: outputs.stays
    drive.leave()
    assert io.driven[-1][1] == Outputs()


@pytest.mark.parametrize("wanted", [False, True])
def test_strike_is_released_once_it_was_driven_so(io: FakeDoorIO, wanted: bool) -> None:
    drive = Drive(io)
    assert not drive.is_released
    drive.to(Outputs(released=wanted), 0.0)
    assert drive.is_released is wanted
    io.fails = lambda _outputs: True
    drive.to(Outputs(released=wanted, on=frozenset()), 1.0)
    drive.to(Outputs(), 2.0)
    assert not drive.is_released


def test_open_door_is_not_closed_and_locked_for_an_interlock(io: FakeDoorIO, clock: SimulatedClock) -> None:
    door = opened(io, clock)
    assert door.is_closed_and_locked
    io.change(DoorInput.DPS, Line.ACTIVE)
    assert not door.is_closed_and_locked


def test_released_door_is_not_closed_and_locked_for_an_interlock(io: FakeDoorIO, clock: SimulatedClock) -> None:
    door = opened(io, clock)
    door.tell(Granted())
    assert not door.is_closed_and_locked


def test_remark_of_another_part_is_worth_a_row(io: FakeDoorIO, clock: SimulatedClock) -> None:
    door = opened(io, clock)
    events(door)
    door.wakeup.clear()
    door.remark(Event.FAULT, "the camera hangs turned")
    assert door.wakeup.is_set()
    assert [(notice.event, notice.detail) for notice in door.notices()] == [(Event.FAULT, "the camera hangs turned")]


def test_open_door_is_due_when_its_pre_alarm_begins() -> None:
    bench = Bench(held_open_time_s=30.0, pre_alarm_s=10.0, strike_time_s=0.5, relock="open")
    bench.tell(Granted()).sense(DoorInput.DPS, Line.ACTIVE).wait(5.0)
    opened_at = bench.now - 5.0
    assert bench.deadline == nearly(opened_at + 20.0)
