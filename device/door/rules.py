"""The rules of a door: what each event, and time, makes of what it knows. Pure, total, and the only ones there are.

Time. A door counts what is left of each of its times down by however far the clock has moved since the event before,
**in either direction**: a clock that is set back shortens a release instead of prolonging it. A thread that waits has
to notice a clock that stands still (`device.door.operation.Door.tick`).

Causes. A grant, an operator's release and a request to exit are the cause of one opening: a second one needs another.

The way out. An exit badge, and an exit button where `rex` is `release`, release in every state, and no fault ends that
release before its time: only the opening itself, a later `secure` and a later lockdown do. After those, the next press
releases again.
"""

import math
from dataclasses import replace
from typing import assert_never

from device.door.controller import (
    EXIT_HELD_S,
    FEEDBACK_S,
    GRACE_S,
    INSTANT_S,
    Controller,
    Position,
    is_quiet,
    state_of,
    times,
)
from device.door.lasting import Order
from device.door.leaf import alarm_cleared, moved, open_time_s, positioned
from device.door.windows import expecting, held, run_out, scheduled, window_resumed, window_secured
from device.records import (
    Alerted,
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
    NeighborsChanged,
    Prompted,
    ScheduleChanged,
    Tick,
)
from device.settings.lock import LockSettings


def step(
    settings: LockSettings, wired: frozenset[DoorInput], before: Controller, event: DoorEvent, now: float
) -> Controller:
    """The door after `event` at `now`, seconds on the monotonic clock. Inputs that are not `wired` say nothing."""
    then = _settled(settings, _passed(before, now))
    return _settled(settings, _happened(settings, wired, then, event))


def _passed(door: Controller, now: float) -> Controller:
    """Counts all timers down. A time that is not a number never ends."""
    moved_s = abs(now - door.at)
    elapsed_s = moved_s if math.isfinite(moved_s) else math.inf
    return replace(
        door,
        at=now if math.isfinite(now) else door.at,
        position_left_s=_less(door.position_left_s, elapsed_s),
        schedule_left_s=_less(door.schedule_left_s, elapsed_s),
        release_left_s=_less(door.release_left_s, elapsed_s),
        held_left_s=_less(door.held_left_s, elapsed_s),
        let_out_left_s=_less(door.let_out_left_s, elapsed_s),
        let_out_anew_left_s=_less(door.let_out_anew_left_s, elapsed_s),
        cause_left_s=_less(door.cause_left_s, elapsed_s),
        exit_held_left_s=_less(door.exit_held_left_s, elapsed_s),
        unlocked_left_s=_less(door.unlocked_left_s, elapsed_s),
        jammed_left_s=_less(door.jammed_left_s, elapsed_s),
    )


def _less(left_s: float | None, elapsed_s: float) -> float | None:
    if left_s is None:
        return None
    return left_s - elapsed_s if left_s - elapsed_s > INSTANT_S else 0.0


def _at_least(left_s: float | None, least_s: float) -> float:
    """A timer that runs for `least_s` more, or longer if it did already."""
    return least_s if left_s is None else max(left_s, least_s)


def _happened(settings: LockSettings, wired: frozenset[DoorInput], door: Controller, event: DoorEvent) -> Controller:
    match event:
        case Granted():
            return _granted(settings, door, event)
        case Commanded():
            return _commanded(settings, door, event)
        case InputChanged():
            return _sensed(settings, door, event) if event.input in wired else door
        case ScheduleChanged():
            return scheduled(_cut_short(door) if event.locked and not door.schedule.locked else door, event)
        case NeighborsChanged():
            return replace(door, held_back=not event.free)
        case DriveFailed():
            return replace(door, drive_fault=event.detail, expected=(), leads=False)
        case DriveMended():
            return replace(door, drive_fault=None)
        case Prompted() | Alerted():
            return _with_lamps(door, event)
        case Tick():
            return door
        case _:
            assert_never(event)


def _with_lamps(door: Controller, event: Prompted | Alerted) -> Controller:
    """Lights what says something to a person, and changes nothing else."""
    if isinstance(event, Prompted):
        return replace(door, prompted=event.lamp)
    return replace(door, alerted=event.duress)


def _granted(settings: LockSettings, door: Controller, event: Granted) -> Controller:
    """A first-in release waits for no one who comes in a lockdown."""
    if event.egress:
        return expecting(door, _let_out(settings, door, extended=event.extended), event)
    let = _let_in(settings, door, extended=event.extended, passes=event.passes)
    return expecting(door, let, replace(event, leads=event.leads and not door.mode.is_lockdown))


def _let_in(settings: LockSettings, door: Controller, *, extended: bool = False, passes: bool = False) -> Controller:
    """Releases for a grant or an operator, and allows one opening; in a lockdown for one who `passes`. It quiets no
    alarm.
    """
    match door.state:
        case DoorState.LOCKED | DoorState.RELEASED | DoorState.OPEN | DoorState.HELD_OPEN | DoorState.FORCED:
            return _released(settings, door, extended=extended)
        case DoorState.LOCKDOWN:
            return replace(_released(settings, door, extended=extended), passes=True) if passes else door
        case DoorState.FAULT:
            return door
        case DoorState.EVACUATION:  # it is released for everyone
            return door
        case _:
            assert_never(door.state)


def _released(settings: LockSettings, door: Controller, *, extended: bool) -> Controller:
    time_s = _strike_time_s(settings, extended=extended)
    released = replace(door, release_left_s=_at_least(door.release_left_s, time_s))
    return _may_open(settings, released, time_s, extended=extended)


def _let_out(settings: LockSettings, door: Controller, *, extended: bool = False) -> Controller:
    """Releases in every state for an exit badge or an exit button, and allows one opening. It quiets no alarm."""
    if door.mode.is_evacuation:  # it is released for everyone
        return door
    time_s = _strike_time_s(settings, extended=extended)
    anew_left_s = EXIT_HELD_S if door.let_out_left_s is None else door.let_out_anew_left_s
    released = replace(door, let_out_left_s=_at_least(door.let_out_left_s, time_s), let_out_anew_left_s=anew_left_s)
    return _may_open(settings, released, time_s, extended=extended)


def _strike_time_s(settings: LockSettings, *, extended: bool) -> float:
    limits = times(settings)
    return limits.extended_strike_time_s if extended else limits.strike_time_s


def _may_open(settings: LockSettings, door: Controller, time_s: float, *, extended: bool) -> Controller:
    """Allows one opening. The time of a person who follows through the open door begins now."""
    allowed = replace(
        door,
        release_used=False,
        extended=extended or door.extended,
        cause_left_s=_at_least(door.cause_left_s, time_s + GRACE_S),
        exit_requested=False,
    )
    if door.position is Position.OPEN:
        return replace(allowed, position_left_s=open_time_s(settings, allowed))
    return allowed


def _commanded(settings: LockSettings, door: Controller, event: Commanded) -> Controller:
    command = event.command
    match command:
        case DoorCommand.RELEASE:
            return held(door, event.for_s) if event.for_s > 0 else _let_in(settings, door)
        case DoorCommand.SECURE:
            return window_secured(_cut_short(_let_out_ended(door)))
        case DoorCommand.LOCKDOWN:
            return replace(_let_out_ended(door), passes=False, mode=replace(door.mode, ordered=Order.LOCKDOWN))
        case DoorCommand.EVACUATE:
            return replace(door, mode=replace(door.mode, ordered=Order.EVACUATION))
        case DoorCommand.CLEAR:
            return replace(_cleared(door), tampered=False)
        case _:
            assert_never(command)


def _cut_short(door: Controller) -> Controller:
    """Ends the release of a grant or an operator. A person who has just pulled the door open is not a burglar."""
    if door.held_left_s is not None:
        door = replace(door, held_left_s=None)
    if door.release_left_s is None:
        return door
    if door.let_out_left_s is not None:  # the cause is theirs
        return replace(door, release_left_s=None)
    return replace(door, release_left_s=None, release_used=False, cause_left_s=_grace(door.cause_left_s))


def _let_out_ended(door: Controller) -> Controller:
    """Ends the release for a person on the way out, likewise."""
    if door.let_out_left_s is None:
        return door
    if door.release_left_s is not None:
        return replace(door, let_out_left_s=None)
    return replace(door, let_out_left_s=None, release_used=False, cause_left_s=_grace(door.cause_left_s))


def _grace(cause_left_s: float | None) -> float | None:
    return None if cause_left_s is None else min(cause_left_s, GRACE_S)


def _cleared(door: Controller) -> Controller:
    """Leaves what is shown, one thing at a time, so that no one clears what they do not see."""
    match door.state:
        case DoorState.EVACUATION:
            return _evacuation_cleared(door)
        case DoorState.LOCKDOWN:
            return _lockdown_cleared(door)
        case DoorState.FAULT | DoorState.FORCED | DoorState.HELD_OPEN:
            return alarm_cleared(door)
        case DoorState.OPEN:
            return replace(door, found_open=False)
        case DoorState.LOCKED | DoorState.RELEASED:
            return door if door.tampered else window_resumed(door)
        case _:
            assert_never(door.state)


def _evacuation_cleared(door: Controller) -> Controller:
    """The operator's evacuation, and the fire's if its input is quiet. A lockdown that was beneath it remains."""
    if not is_quiet(door.line(DoorInput.FIRE)):
        return door
    ordered = Order.NONE if door.mode.ordered is Order.EVACUATION else door.mode.ordered
    return replace(door, mode=replace(door.mode, fire=False, ordered=ordered))


def _lockdown_cleared(door: Controller) -> Controller:
    if not is_quiet(door.line(DoorInput.LOCKDOWN)):
        return door
    return replace(door, mode=replace(door.mode, switched=False, ordered=Order.NONE))


def _sensed(settings: LockSettings, door: Controller, change: InputChanged) -> Controller:
    before, line = door.line(change.input), change.line
    if before is line:
        return door
    lines = tuple(sorted({**dict(door.lines), change.input: line}.items()))
    door = replace(door, lines=lines)
    match change.input:
        case DoorInput.REX:
            return _exit_changed(settings, door, before, line)
        case DoorInput.DPS:
            return moved(settings, door, line)
        case DoorInput.TAMPER:
            return replace(door, tampered=line is not Line.QUIET)
        case DoorInput.FIRE:
            return _fire_changed(door, before, line)
        case DoorInput.LOCKDOWN:
            return _switched(door, line)
        case DoorInput.STRIKE_FEEDBACK | DoorInput.POWER_FAIL:
            return door
        case _:
            assert_never(change.input)


def _fire_changed(door: Controller, before: Line | None, line: Line) -> Controller:
    """An evacuation by fire lasts until it is cleared; after a start it is what the wire says first. Damage ends none,
    as a fire burns wires.
    """
    if line is Line.ACTIVE:
        return replace(door, mode=replace(door.mode, fire=True))
    if before is None and line is Line.QUIET:
        return replace(door, mode=replace(door.mode, fire=False))
    return door


def _switched(door: Controller, line: Line) -> Controller:
    """Locking down by the switch counts as an operator's command: it ends the release for a person on the way out."""
    if line is not Line.ACTIVE:
        return door
    return replace(_let_out_ended(door), passes=False, mode=replace(door.mode, switched=True))


def _exit_changed(settings: LockSettings, door: Controller, before: Line | None, line: Line) -> Controller:
    """Only a wire that was seen quiet can request: a jammed button must not release the door at every start."""
    if line is not Line.ACTIVE:
        return replace(door, exit_held_left_s=None)
    if before is not Line.QUIET:
        return replace(door, exit_held_left_s=0.0)
    requested = replace(
        door,
        exit_held_left_s=EXIT_HELD_S,
        exit_requested=not door.is_released,
        cause_left_s=_at_least(door.cause_left_s, times(settings).strike_time_s + GRACE_S),
    )
    match settings.rex:
        case "shunt":
            return requested
        case "release":
            return _let_out(settings, requested)
        case _:
            assert_never(settings.rex)


def _settled(settings: LockSettings, door: Controller) -> Controller:
    """Draws all conclusions: from timers that have run out, from what the door is made to be, from the lock."""
    door = _ended(door)
    door = replace(door, unlocked_left_s=_unlocked_left_s(door))
    if door.mode.is_evacuation:
        door = _let_out_ended(door)
    if door.is_faulty or door.mode.is_evacuation or (door.mode.is_lockdown and not door.passes):
        door = _cut_short(door)
    door = replace(door, passes=door.passes and door.mode.is_lockdown and door.release_left_s is not None)
    door = positioned(settings, door)
    door = replace(door, jammed_left_s=_jammed_left_s(door))
    if door.let_out_left_s is None:
        door = replace(door, let_out_anew_left_s=None)
    state = state_of(door)
    return door if state is door.state else replace(door, state=state, since=door.at)


def _ended(door: Controller) -> Controller:
    if door.release_left_s == 0.0:
        door = replace(door, release_left_s=None, release_used=door.release_used and door.let_out_left_s is not None)
    if door.let_out_left_s == 0.0:
        door = replace(door, let_out_left_s=None, release_used=door.release_used and door.release_left_s is not None)
    if door.cause_left_s == 0.0:
        door = replace(door, cause_left_s=None, exit_requested=False, extended=False, expected=(), leads=False)
    if door.held_left_s == 0.0:
        door = replace(door, held_left_s=None)
    return run_out(door) if door.schedule_left_s == 0.0 else door


def _unlocked_left_s(door: Controller) -> float | None:
    """Runs while the lock says unlocked although it should be secure. An open door's bolt says nothing, but clears
    nothing either, and nor does the release for a person on the way out.
    """
    should_be_secure = not door.is_released or (door.is_unlocked and not door.mode.is_evacuation)
    says_unlocked = door.line(DoorInput.STRIKE_FEEDBACK) is Line.ACTIVE and should_be_secure
    return _watched(door.unlocked_left_s, says_unlocked and (door.position.is_closed or door.is_unlocked))


def _jammed_left_s(door: Controller) -> float | None:
    """Runs while the lock says locked although it should be released."""
    return _watched(door.jammed_left_s, door.line(DoorInput.STRIKE_FEEDBACK) is Line.QUIET and door.is_released)


def _watched(left_s: float | None, disagrees: bool) -> float | None:
    if not disagrees:
        return None
    return FEEDBACK_S if left_s is None else left_s
