"""The windows in which a schedule releases a door: begun, led in, ended by an operator, run out. Part of the rules."""

import math
from dataclasses import replace

from device.door.controller import MAX_EXPECTED, MAX_HELD_S, Controller
from device.door.precedence import is_by_schedule
from device.records import DoorState, Granted, ScheduleChanged


def schedule_words(door: Controller) -> str:
    """What schedules make of a door, or an operator for a time; "" if they make nothing of it."""
    said, begins, ends = door.schedule, *_limits(door.schedule)
    if said.locked:
        return "locked by a schedule for everyone but its bypass group"
    if door.held_left_s is not None:
        return f"released by an operator for another {door.held_left_s:.0f} s"
    if said.window and door.windows.is_secured(begins):
        return f"secured by an operator until the window ends, {ends} UTC, or `lintel door clear`"
    if is_by_schedule(door.said):
        return f"released by a schedule until {ends} UTC"
    return "waits for someone of its first-in group" if said.unlocked and said.awaits else ""


def _limits(said: ScheduleChanged) -> tuple[str, str]:
    begins, _, ends = said.window.partition("/")
    return begins, ends[:16].replace("T", " ")


def scheduled(door: Controller, said: ScheduleChanged) -> Controller:
    """What the schedules say now."""
    lasts_s = said.lasts_s if said.lasts_s > 0 else 0.0  # what is not a number has run out
    left_s = None if math.isinf(lasts_s) or not said.unlocked else lasts_s
    return replace(door, schedule=replace(said, lasts_s=math.inf), schedule_left_s=left_s)


def run_out(door: Controller) -> Controller:
    """The window is over, or the one who speaks for it has fallen silent. A lock stays."""
    return replace(door, schedule=replace(door.schedule, unlocked=False), schedule_left_s=None)


def window_secured(door: Controller) -> Controller:
    """After an operator's `secure`: until the window ends, or until the person it waits for comes again."""
    said = door.schedule
    if not said.window:
        return run_out(door)
    return replace(door, windows=replace(door.windows, led="", secured=said.window.partition("/")[2]))


def window_resumed(door: Controller) -> Controller:
    """After an operator's `clear`: what `secure` ended in a window does not count any more."""
    return replace(door, windows=replace(door.windows, secured=""))


def led(door: Controller) -> Controller:
    """After someone for whom the window waits has come in."""
    said = door.schedule
    if not (said.window and said.awaits):
        return door
    return replace(door, windows=replace(door.windows, led=said.window, secured=""))


def expecting(before: Controller, door: Controller, granted: Granted) -> Controller:
    """A person may open the door now, if its switch says that it is closed. Without a switch they have come in."""
    is_let = door is not before and not before.mode.is_evacuation
    if is_let and door.is_open is None and granted.leads:
        return led(door)
    if not (is_let and door.is_open is False):
        return door
    expected = (*door.expected, granted.row)[-MAX_EXPECTED:]
    return replace(door, expected=expected, leads=door.leads or granted.leads)


def held(door: Controller, for_s: float) -> Controller:
    """Released by an operator for a time, at most `MAX_HELD_S`."""
    if door.state in (DoorState.FAULT, DoorState.LOCKDOWN, DoorState.EVACUATION):
        return door
    return replace(door, held_left_s=min(for_s, MAX_HELD_S))
