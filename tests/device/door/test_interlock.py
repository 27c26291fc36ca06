"""A mantrap: a door may be released only while every other is closed and locked, or evacuated."""

from dataclasses import dataclass

import pytest

from device.door.interlock import Interlock
from device.records import DoorState


@dataclass(frozen=True)
class Other:
    is_closed_and_locked: bool
    state: DoorState = DoorState.LOCKED


CLOSED, OPEN = Other(True), Other(False, DoorState.OPEN)
EVACUATED = Other(False, DoorState.EVACUATION)


@pytest.mark.parametrize(
    ("others", "admitted"),
    [
        ((), True),
        ((CLOSED,), True),
        ((OPEN,), False),
        ((EVACUATED,), True),
        ((CLOSED, EVACUATED), True),
        ((CLOSED, OPEN), False),
        ((OPEN, CLOSED), False),
    ],
)
def test_door_waits_for_every_other_that_is_not_closed(others: tuple[Other, ...], admitted: bool) -> None:
    interlock, door = Interlock(), Other(False, DoorState.OPEN)
    for one in (*others, door):
        interlock.add(one)
    assert interlock.admits(door) is admitted
