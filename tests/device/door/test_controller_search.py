"""Every state can be left: a search from each door that a few events lead to, back to one that is locked and silent."""

from collections import defaultdict, deque

import pytest

from device.door.controller import Controller, Position, deadline, new_controller, outputs
from device.door.lasting import Mode, Standing
from device.door.rules import step
from device.records import (
    Commanded,
    DoorCommand,
    DoorEvent,
    DoorInput,
    DoorState,
    DriveMended,
    InputChanged,
    Line,
    NeighborsChanged,
    ScheduleChanged,
    Tick,
)
from tests.device.door.bench import ALL_WIRED, EVENTS, SETTINGS, timeless

MENDING: tuple[DoorEvent, ...] = (
    *(InputChanged(wire, Line.QUIET) for wire in DoorInput),
    DriveMended(),
    Commanded(DoorCommand.CLEAR),
    ScheduleChanged(unlocked=False),
    NeighborsChanged(free=True),
)
LONGEST_WAY = 6
"""Two causes that are mended, each with a wait, or two things to be cleared beneath each other."""


def after(door: Controller, event: DoorEvent) -> Controller:
    return timeless(step(SETTINGS, ALL_WIRED, door, event, door.at))


def later(door: Controller) -> Controller:
    due = deadline(SETTINGS, door)
    return door if due is None else timeless(step(SETTINGS, ALL_WIRED, door, Tick(), due))


def found_at_start(standing: Standing, line: Line) -> Controller:
    """A door of which something is remembered, and what its position switch says first."""
    door = new_controller(Mode(), 0.0, standing)
    for wire in DoorInput:
        door = after(door, InputChanged(wire, line if wire is DoorInput.DPS else Line.QUIET))
    return door


def is_at_rest(door: Controller) -> bool:
    return door.state is DoorState.LOCKED and not outputs(SETTINGS, door).on


@pytest.fixture(scope="module")
def reached() -> set[Controller]:
    """All doors that two events lead to, with up to two waits after each; and one event from each way to start."""
    door = new_controller(Mode(), 0.0)
    for wire in DoorInput:
        door = after(door, InputChanged(wire, Line.QUIET))
    started = {found_at_start(standing, line) for standing in Standing for line in Line}
    found, front = {door, *started}, {door}
    found |= {after(one, event) for one in started for event in EVENTS}
    for _ in range(2):
        front = {after(one, event) for one in front for event in EVENTS}
        waited = {later(one) for one in front}
        front = (front | waited | {later(one) for one in waited}) - found
        found |= front
    return found


@pytest.fixture(scope="module")
def ways_back(reached: set[Controller]) -> dict[Controller, int]:
    """For each door reached, and each on the way, how many events of mending and waits lead it to rest."""
    before, seen, front = defaultdict(set), set(reached), deque(reached)
    while front:
        door = front.popleft()
        for following in (later(door), *(after(door, event) for event in MENDING)):
            before[following].add(door)
            if following not in seen:
                seen.add(following)
                front.append(following)
    lengths = {door: 0 for door in seen if is_at_rest(door)}
    front = deque(lengths)
    while front:
        door = front.popleft()
        for earlier in before[door]:
            if earlier not in lengths:
                lengths[earlier] = lengths[door] + 1
                front.append(earlier)
    return lengths


def test_every_state_is_reached(reached: set[Controller]) -> None:
    assert {door.state for door in reached} == set(DoorState)


def test_every_position_is_reached(reached: set[Controller]) -> None:
    assert {door.position for door in reached} == set(Position)


def test_from_each_door_there_is_a_way_back(reached: set[Controller], ways_back: dict[Controller, int]) -> None:
    assert [door for door in reached if door not in ways_back] == []


def test_the_way_back_is_short(reached: set[Controller], ways_back: dict[Controller, int]) -> None:
    assert max(ways_back[door] for door in reached) <= LONGEST_WAY
