"""Finds out what a door's rules do, by trying: every event in every state, what time does, and the ways back."""

import itertools
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from device.door.controller import (
    FEEDBACK_S,
    QUIET_S,
    Controller,
    Position,
    deadline,
    new_controller,
    outputs,
)
from device.door.lasting import Mode
from device.door.rules import step
from device.records import (
    Commanded,
    DoorCommand,
    DoorEvent,
    DoorInput,
    DoorState,
    DriveFailed,
    DriveMended,
    Granted,
    InputChanged,
    Line,
    ScheduleChanged,
    Tick,
)
from device.settings.tables import DoorSettings

SETTINGS = DoorSettings()
WIRED = frozenset(DoorInput)
LABELS: Mapping[DoorEvent, str] = {
    Granted(): "grant",
    Granted(extended=True): "extended grant",
    Granted(egress=True): "exit badge",
    Commanded(DoorCommand.RELEASE): "`release`",
    Commanded(DoorCommand.SECURE): "`secure`",
    Commanded(DoorCommand.LOCKDOWN): "`lockdown`",
    Commanded(DoorCommand.EVACUATE): "`evacuate`",
    Commanded(DoorCommand.CLEAR): "`clear`",
    ScheduleChanged(unlocked=True): "schedule begins",
    ScheduleChanged(unlocked=False): "schedule ends",
    InputChanged(DoorInput.DPS, Line.ACTIVE): "door opens",
    InputChanged(DoorInput.DPS, Line.QUIET): "door closes",
    InputChanged(DoorInput.REX, Line.ACTIVE): "request to exit",
    InputChanged(DoorInput.STRIKE_FEEDBACK, Line.ACTIVE): "lock says unlocked",
    InputChanged(DoorInput.STRIKE_FEEDBACK, Line.QUIET): "lock says locked",
    InputChanged(DoorInput.FIRE, Line.ACTIVE): "fire input",
    InputChanged(DoorInput.LOCKDOWN, Line.ACTIVE): "lockdown input",
    InputChanged(DoorInput.TAMPER, Line.ACTIVE): "housing opened",
    InputChanged(DoorInput.POWER_FAIL, Line.ACTIVE): "mains fail",
    DriveFailed("it does not answer"): "outputs fail",
    DriveMended(): "outputs work again",
}
EVENTS: tuple[DoorEvent, ...] = (
    *LABELS,
    *(InputChanged(wire, line) for wire, line in itertools.product(DoorInput, Line) if line is not Line.ACTIVE),
)
LEADING: tuple[DoorEvent, ...] = (
    Granted(),
    InputChanged(DoorInput.DPS, Line.ACTIVE),
    DriveFailed("it does not answer"),
    Commanded(DoorCommand.LOCKDOWN),
    Commanded(DoorCommand.EVACUATE),
)
"""With time, these lead to every state."""


WAY_OUT = msgspec.structs.replace(SETTINGS, rex="release")
"""The settings of a door whose exit button releases it."""


def pressed(door: Controller) -> Controller:
    """The door after its exit button was pressed, with `WAY_OUT`."""
    return replace(step(WAY_OUT, WIRED, door, InputChanged(DoorInput.REX, Line.ACTIVE), door.at), at=0.0, since=0.0)


def label(event: DoorEvent) -> str:
    """What an event is called on the page."""
    if known := LABELS.get(event):
        return known
    assert isinstance(event, InputChanged)
    return f"{event.input} wire {'mended' if event.line is Line.QUIET else 'damaged'}"


@dataclass(frozen=True, slots=True)
class Edge:
    """From one state to another by an event, or by time."""

    start: DoorState
    end: DoorState
    why: str


def after(door: Controller, event: DoorEvent) -> Controller:
    """The door after an event, wherever its clock stands."""
    return replace(step(SETTINGS, WIRED, door, event, door.at), at=0.0, since=0.0)


def waited(door: Controller) -> Controller | None:
    """The door when the next of its timers has run out; None if none runs."""
    due = deadline(SETTINGS, door)
    if due is None:
        return None
    return replace(step(SETTINGS, WIRED, door, Tick(), due), at=0.0, since=0.0)


def start() -> Controller:
    """A door at rest, all of whose wires are quiet."""
    door = new_controller(Mode(), 0.0)
    for wire in sorted(WIRED):
        door = after(door, InputChanged(wire, Line.QUIET))
    return door


def simplest() -> dict[DoorState, Controller]:
    """For each state a door that got there in the fewest events, found breadth first."""
    found: dict[DoorState, Controller] = {}
    seen, front = {start()}, deque([start()])
    while len(found) < len(DoorState):
        door = front.popleft()
        found.setdefault(door.state, door)
        later = waited(door)
        for following in (*(after(door, event) for event in LEADING), *([later] if later else [])):
            if following not in seen:
                seen.add(following)
                front.append(following)
    return {state: found[state] for state in DoorState}


def until_it_changes(door: Controller) -> tuple[Controller, str] | None:
    """Where time alone takes a door, and which time that is; None if it stays where it is."""
    state: DoorState = door.state
    while (later := waited(door)) is not None:
        if later.state is not state:
            return later, _time_of(door)
        door = later
    return None


def _time_of(door: Controller) -> str:
    """Which of a door's timers runs out first, in words."""
    timers = {
        "strike time over": door.release_left_s,
        "open for `held_open_time_s`" if door.position is Position.OPEN else f"for {QUIET_S:g} s": door.position_left_s,
        f"for {FEEDBACK_S:g} s": door.unlocked_left_s,
    }
    running = {name: left_s for name, left_s in timers.items() if left_s}
    return min(running, key=lambda name: running[name])


def edges(door: Controller) -> Iterator[Edge]:
    """All ways out of a state, from its simplest door: by an event, by an event that lasts, and by time alone."""
    alone = until_it_changes(door)
    if alone is not None:
        yield Edge(door.state, alone[0].state, alone[1])
    for event in EVENTS:
        following = after(door, event)
        if following.state is not door.state:
            yield Edge(door.state, following.state, label(event))
        elif alone is None and (later := until_it_changes(following)) is not None:
            yield Edge(door.state, later[0].state, f"{label(event)} {later[1]}")


MENDING: tuple[DoorEvent, ...] = (
    *(InputChanged(wire, Line.QUIET) for wire in DoorInput),
    DriveMended(),
    Commanded(DoorCommand.CLEAR),
    ScheduleChanged(unlocked=False),
)


def way_back(door: Controller) -> tuple[str, ...]:
    """The shortest way from a door to LOCKED at rest by mending, clearing and waiting, breadth first.

    Raises `AssertionError` if there is none: a state that cannot be left.
    """
    seen, front = {door}, deque[tuple[Controller, tuple[str, ...]]]([(door, ())])
    while front:
        here, way = front.popleft()
        if here.state is DoorState.LOCKED and not outputs(SETTINGS, here).on:
            return way
        later = waited(here)
        steps = [("wait", later)] if later else []
        for name, following in [*steps, *((_back(event), after(here, event)) for event in MENDING)]:
            if following not in seen:
                seen.add(following)
                front.append((following, (*way, name)))
    raise AssertionError(f"no way back from {door}")


def _back(event: DoorEvent) -> str:
    if isinstance(event, InputChanged) and event.input is not DoorInput.DPS:
        return f"{event.input} quiet"
    return label(event)
