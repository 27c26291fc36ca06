"""What is worth an audit row: found by comparing a door before and after an event. Pure."""

from collections.abc import Iterator
from typing import assert_never

from device.door.controller import MAX_EXPECTED, Controller, Position
from device.door.lasting import Order, Standing
from device.door.precedence import is_by_schedule
from device.records import (
    Commanded,
    DoorCommand,
    DoorEvent,
    DoorInput,
    DoorNotice,
    DoorState,
    DriveFailed,
    Event,
    Granted,
    InputChanged,
    Line,
    NeighborsChanged,
    ScheduleChanged,
    Tick,
)

MAX_NOTICES = 256
"""How many notices wait at most to be taken; the first ones say how it began, later ones are counted."""

_Told = tuple[Event, str]


class NoticeQueue:
    """Notices that wait, not more than `MAX_NOTICES`."""

    def __init__(self) -> None:
        self._waiting: list[DoorNotice] = []
        self._lost = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, notice: DoorNotice) -> None:
        """Queues a notice, or counts it when the queue is full."""
        if len(self._waiting) < MAX_NOTICES:
            self._waiting.append(notice)
        else:
            self._lost += 1

    def take(self, at: float) -> tuple[DoorNotice, ...]:
        """Takes all that wait, oldest first; `at` is the time of the notice about those that were only counted."""
        if self._lost:
            lost = f"{self._lost} notice{'s' * (self._lost != 1)} of this door lost: more came than could be kept"
            self._waiting.append(DoorNotice(Event.DOOR_FAULT, at, lost))
        taken, self._waiting, self._lost = tuple(self._waiting), [], 0
        return taken


def notices(before: Controller, after: Controller, event: DoorEvent) -> tuple[DoorNotice, ...]:
    """What happened between two values of one door, most important first. Grants are left out, as the decision was
    audited already; one on the way out is not, as it may have come before its row.
    """
    found = (
        *_modes(before, after, event),
        *_alarms(before, after, event),
        *_troubles(before, after),
        *_wires(before, after),
        *_strike(before, after, event),
        *_exits(before, after, event),
        *_passages(before, after, event),
    )
    return tuple(DoorNotice(what, after.at, detail) for what, detail in found)


def troubles(door: Controller) -> tuple[str, ...]:
    """What is wrong with a door at the moment, in words."""
    return tuple(_found_wrong(door))


def _found_wrong(door: Controller) -> Iterator[str]:
    if door.drive_fault is not None:
        yield f"the outputs cannot be driven: {door.drive_fault}"
    for wire, line in door.lines:
        if line.is_fault:
            yield f"the wire of input {wire} is {'cut' if line is Line.CUT else 'shorted'}"
    if door.is_unlocked:
        yield "the lock reports unlocked while it should be secure"
    if door.is_jammed:
        yield "the lock reports locked while it should be released"
    if door.is_let_out_without_end:
        yield "the door was released for exit again and again for 60 s: the wire of the exit button may be loose"
    if door.is_exit_stuck:
        yield "the request to exit is stuck: it has been active for too long, or since before the start"


def _modes(before: Controller, after: Controller, event: DoorEvent) -> Iterator[_Told]:
    """Lockdown and evacuation, begun and cleared."""
    if after.mode.fire and not before.mode.fire:
        yield Event.DOOR_EVACUATION, "by the fire input"
    if after.mode.switched and not before.mode.switched:
        yield Event.DOOR_LOCKDOWN, "by its input"
    if after.mode.ordered is not before.mode.ordered:
        yield from _ordered(after.mode.ordered)
    if _is_clear(event):
        if before.mode.is_evacuation and not after.mode.is_evacuation:
            yield Event.DOOR_CLEARED, "evacuation"
        elif before.mode.is_lockdown and not after.mode.is_lockdown:
            yield Event.DOOR_CLEARED, "lockdown"
    elif before.mode.fire and not after.mode.fire:
        yield Event.DOOR_CLEARED, "the fire input is inactive at the start"


def _ordered(order: Order) -> Iterator[_Told]:
    match order:
        case Order.LOCKDOWN:
            yield Event.DOOR_LOCKDOWN, "by an operator"
        case Order.EVACUATION:
            yield Event.DOOR_EVACUATION, "by an operator"
        case Order.NONE:
            pass
        case _:
            assert_never(order)


def _alarms(before: Controller, after: Controller, event: DoorEvent) -> Iterator[_Told]:
    """Forced and held open, each time it begins; how it ended."""
    was, is_now = before.position, after.position
    if is_now.is_forced and (is_now is Position.FORCED or not was.is_forced) and is_now is not was:
        yield Event.DOOR_FORCED, _how_forced(before)
    if after.found_open and not before.found_open:
        yield Event.DOOR_FOUND_OPEN, _how_found(before)
    if before.found_open and not after.found_open and is_now is Position.OPEN and _is_clear(event):
        yield Event.DOOR_CLEARED, "found open"
    if is_now is Position.HELD_OPEN and was is not Position.HELD_OPEN:
        yield Event.DOOR_HELD_OPEN, ""
    ended = _alarm(was)
    if ended and not _alarm(is_now):
        if _is_clear(event):
            yield Event.DOOR_CLEARED, f"{ended} alarm"
        else:
            yield Event.DOOR_ALARM_ENDED, f"{ended}, {'closed again' if is_now.is_closed else 'open with cause now'}"


def _how_forced(before: Controller) -> str:
    if before.is_open is not None or before.position.is_forced:
        return "opened without cause"
    return "as before the start" if before.remembered is Standing.FORCED else "opened since it was last seen closed"


def _how_found(before: Controller) -> str:
    return "open before the start as well" if before.remembered is Standing.OPEN else "not seen before the start"


def _is_clear(event: DoorEvent) -> bool:
    return isinstance(event, Commanded) and event.command is DoorCommand.CLEAR


def _alarm(position: Position) -> str | None:
    if position.is_forced:
        return "forced"
    return "held open" if position is Position.HELD_OPEN else None


def _troubles(before: Controller, after: Controller) -> Iterator[_Told]:
    was, is_now = troubles(before), troubles(after)
    yield from ((Event.DOOR_FAULT, trouble) for trouble in is_now if trouble not in was)
    yield from ((Event.DOOR_MENDED, f"no longer: {trouble}") for trouble in was if trouble not in is_now)


def _wires(before: Controller, after: Controller) -> Iterator[_Told]:
    """Tamper and mains."""
    if _is_tampered(after) and not _is_tampered(before):
        yield Event.DOOR_TAMPERED, ""
    if _is_tampered(before) and not _is_tampered(after):
        yield Event.DOOR_MENDED, "the housing is closed"
    was, is_now = before.line(DoorInput.POWER_FAIL), after.line(DoorInput.POWER_FAIL)
    if is_now is Line.ACTIVE and was is not Line.ACTIVE:
        yield Event.DOOR_POWER_FAILED, ""
    if is_now is Line.QUIET and was is Line.ACTIVE:
        yield Event.DOOR_POWER_RESTORED, ""


def _is_tampered(door: Controller) -> bool:
    return door.line(DoorInput.TAMPER) not in (None, Line.QUIET)


def _strike(before: Controller, after: Controller, event: DoorEvent) -> Iterator[_Told]:
    """Releases that no decision speaks of, and what ended one before its time."""
    if isinstance(event, Granted) and event.egress and after.let_out_left_s is not None:
        yield Event.DOOR_LET_OUT, _beneath(after).removeprefix(", ")
    if isinstance(event, Granted) and event.passes and after.passes:
        yield Event.DOOR_LOCKDOWN_PASSED, f"row {event.row}" if event.row else ""
    if isinstance(event, Commanded):
        yield from _by_an_operator(before, after, event)
    elif before.held_left_s is not None and after.held_left_s is None and not after.is_released:
        yield Event.DOOR_SECURED, "the operator's release is over"
    was, is_now = is_by_schedule(before.said), is_by_schedule(after.said)
    if is_now and not was and not isinstance(event, Commanded):
        yield Event.DOOR_RELEASED, "by the schedule"
    if was and not after.is_released and isinstance(event, ScheduleChanged | NeighborsChanged | Tick):
        yield Event.DOOR_SECURED, "by the schedule"
    if before.schedule.locked is not after.schedule.locked:
        yield Event.DOOR_SCHEDULED_LOCK, "begins" if after.schedule.locked else "ends"


def _by_an_operator(before: Controller, after: Controller, event: Commanded) -> Iterator[_Told]:
    if event.command is DoorCommand.RELEASE and after.is_released:
        is_timed = event.for_s > 0 and after.held_left_s is not None
        yield Event.DOOR_RELEASED, f"by an operator for {after.held_left_s:g} s" if is_timed else "by an operator"
    if event.command is DoorCommand.SECURE and not after.is_released:
        yield Event.DOOR_SECURED, "by an operator"
    if event.command is DoorCommand.CLEAR and is_by_schedule(after.said) and not is_by_schedule(before.said):
        yield Event.DOOR_RELEASED, "by the schedule"


def _exits(before: Controller, after: Controller, event: DoorEvent) -> Iterator[_Told]:
    """A request to exit that released the strike, or with which the door was opened. Others are not reported: a motion
    detector makes one a second.
    """
    if not isinstance(event, InputChanged):
        return
    pressed = before.line(DoorInput.REX) is Line.QUIET and after.line(DoorInput.REX) is Line.ACTIVE
    if pressed and is_let_out(before, after):
        yield Event.DOOR_EXIT_REQUESTED, f"released{_beneath(after)}"
    opened = before.position.is_closed and after.position is Position.OPEN
    if opened and _is_exit(before):
        yield Event.DOOR_EXIT_REQUESTED, "opened"


def _passages(before: Controller, after: Controller, event: DoorEvent) -> Iterator[_Told]:
    """What came of each grant, where a sound switch says it. One that the outputs failed is withdrawn, and has none.

    Through a door that stands open people pass with the grant: no opening will say so.
    """
    line = after.line(DoorInput.DPS)
    if isinstance(event, Granted) and before.is_open and line is Line.ACTIVE and _is_let(after, event):
        yield Event.DOOR_PASSED, f"row {event.row}" if event.row else ""
    if (
        isinstance(event, DriveFailed)
        or after.expected[: len(before.expected)] == before.expected
        or line is None
        or line.is_fault
    ):
        return
    if len(after.expected) == MAX_EXPECTED == len(before.expected):  # one more than are kept
        return
    what = Event.DOOR_PASSED if after.is_open else Event.DOOR_NOT_ENTERED
    yield from ((what, f"row {row}" if row else "") for row in before.expected)


def _is_let(door: Controller, granted: Granted) -> bool:
    """Whether a grant was for a passage: in an evacuation no one needs one."""
    if granted.egress:
        return not door.mode.is_evacuation
    if granted.passes and door.passes:
        return True
    return door.state not in (DoorState.EVACUATION, DoorState.FAULT, DoorState.LOCKDOWN)


def is_let_out(before: Controller, after: Controller) -> bool:
    """Whether a release for a person on the way out has just begun, or begun again."""
    return (after.let_out_left_s or 0.0) > (before.let_out_left_s or 0.0)


def _beneath(door: Controller) -> str:
    """The state in which no one else would have been let through, in words."""
    if door.state in (DoorState.LOCKDOWN, DoorState.FAULT):
        return f", in {door.state}"
    return ""


def _is_exit(door: Controller) -> bool:
    return door.exit_requested or (bool(door.exit_held_left_s) and not door.is_released)
