"""The door's leaf: what its position switch, time and an operator make of where it is. Part of the rules."""

from dataclasses import replace
from typing import assert_never

from device.door.controller import QUIET_S, Controller, Position, times
from device.door.lasting import Standing
from device.door.windows import led
from device.records import Line
from device.settings.lock import LockSettings


def open_time_s(settings: LockSettings, door: Controller) -> float:
    """How long an opening may last: longer for those who need more time."""
    limits = times(settings)
    return limits.held_open_time_s + (limits.extended_strike_time_s if door.extended else 0.0)


def alarm_cleared(door: Controller) -> Controller:
    """A door that is still open has its time to be closed again."""
    door = replace(door, remembered=Standing.UNKNOWN)
    match door.position:
        case Position.FORCED | Position.HELD_OPEN:
            return replace(door, position=Position.OPEN, position_left_s=None, found_open=False)
        case Position.SETTLING:
            return replace(door, position=Position.CLOSED, position_left_s=None)
        case Position.CLOSED | Position.OPEN:
            return door
        case _:
            assert_never(door.position)


def moved(settings: LockSettings, door: Controller, line: Line) -> Controller:
    """The door position switch says something else. Damage says nothing about the door, and so the alarm of before a
    start goes on.
    """
    if door.is_open is None and door.remembered is Standing.FORCED and door.position is Position.CLOSED:
        door = replace(door, position=Position.FORCED, position_left_s=None)
    match line:
        case Line.ACTIVE:
            return _opened(settings, door)
        case Line.QUIET:
            return _closed(door)
        case Line.CUT | Line.SHORT:
            return door
        case _:
            assert_never(line)


def _opened(settings: LockSettings, door: Controller) -> Controller:
    """FORCED unless there is a cause. A door found open at the start was opened without one if it was closed before.

    The position before damage to the wire counts as the last one: a door that was closed then and is open when the wire
    is fixed was opened meanwhile, without cause.
    """
    if door.is_open:
        return door
    is_first, door = door.is_open is None, replace(door, is_open=True)
    if is_first and door.position.is_forced:
        return door
    is_known = not is_first or door.remembered is Standing.CLOSED
    if is_known and not door.has_cause:
        return replace(door, position=Position.FORCED, position_left_s=None)
    opened = replace(door, position=Position.OPEN, position_left_s=open_time_s(settings, door))
    if is_first:
        return replace(opened, found_open=not door.has_cause)
    return _cause_used(settings, opened)


def _cause_used(settings: LockSettings, door: Controller) -> Controller:
    door = led(door) if door.leads else door
    door = replace(door, cause_left_s=None, exit_requested=False, extended=False, expected=(), leads=False)
    match settings.relock:
        case "open":
            return replace(door, release_left_s=None, let_out_left_s=None)
        case "close":
            is_let_through = door.release_left_s is not None or door.let_out_left_s is not None
            return replace(door, release_used=is_let_through)
        case _:
            assert_never(settings.relock)


def _closed(door: Controller) -> Controller:
    """A release in which the door was opened ends; one that was granted while it stood open is for the next."""
    if door.release_used:
        door = replace(door, release_left_s=None, let_out_left_s=None, release_used=False)
    door = replace(door, is_open=False)
    match door.position:
        case Position.OPEN | Position.HELD_OPEN:
            return replace(door, position=Position.CLOSED, position_left_s=None, found_open=False)
        case Position.FORCED:
            return replace(door, position=Position.SETTLING, position_left_s=QUIET_S)
        case Position.CLOSED | Position.SETTLING:
            return door
        case _:
            assert_never(door.position)


def positioned(settings: LockSettings, door: Controller) -> Controller:
    """What time and free passage make of the door's position."""
    evacuated, over = door.mode.is_evacuation, door.position_left_s == 0.0
    match door.position:
        case Position.CLOSED:
            return door
        case Position.OPEN | Position.HELD_OPEN if door.is_passage_free:
            found_open = door.found_open and not evacuated
            return replace(door, position=Position.OPEN, position_left_s=None, found_open=found_open)
        case Position.OPEN if over:
            return replace(door, position=Position.HELD_OPEN, position_left_s=None)
        case Position.OPEN if door.position_left_s is None:  # free passage has ended, or an alarm was cleared
            return replace(door, position_left_s=open_time_s(settings, door))
        case Position.OPEN | Position.HELD_OPEN:
            return door
        case Position.FORCED:
            return replace(door, position=Position.OPEN, position_left_s=None) if evacuated else door
        case Position.SETTLING:
            return replace(door, position=Position.CLOSED, position_left_s=None) if evacuated or over else door
        case _:
            assert_never(door.position)
