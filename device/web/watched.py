"""What a monitor makes of the service's words: doors as drawn, levels of their wires, rows for everyone's eyes."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from device.control.messages import Doors, Row
from device.control.subscriptions import as_seen
from device.records import DoorInput, DoorOutput, DoorStatus, Line, Reason
from device.records.alarms import AlarmKind
from device.records.service import OpenAlarm, ServiceStatus
from device.web.messages import DoorView, Level, Lock, Wire, World

WIRES_A_DOOR = 1 + len(DoorOutput) + len(DoorInput)
STRIKE = "strike"
"""The strike's own wire, among the outputs."""
_SHOWN_OUTPUTS = (DoorOutput.LED, DoorOutput.BUZZER, DoorOutput.SIREN)


def world_of(doors: Doors, *, at_s: float, now: datetime, faults: Iterable[str] = ()) -> World:
    """The state of all doors. `faults` are said with the service's health."""
    views = tuple(door_view(status, place) for place, status in enumerate(doors.doors))
    health = () if doors.service is None else health_of(doors.service, now)
    return World(at_s=at_s, utc=now.isoformat(), doors=views, health=(*faults, *health))


def lost_world(why: str, *, at_s: float, now: datetime) -> World:
    """What is known while the service can't be asked: nothing of any door."""
    return World(at_s=at_s, utc=now.isoformat(), speed=1.0, lost=why)


def door_view(status: DoorStatus, place: int) -> DoorView:
    """A door as it is drawn. Its pins are numbers of this page's own: which GPIO they are is not for everyone."""
    first = place * WIRES_A_DOOR
    on = status.outputs.on - {DoorOutput.DURESS}
    outputs = [Wire(STRIKE, first, is_on=status.outputs.released)]
    outputs += [Wire(output, _pin(first, output), is_on=output in on) for output in _SHOWN_OUTPUTS]
    return DoorView(
        name=status.door,
        state=status.state,
        lock=Lock.RELEASED if status.outputs.released else Lock.SECURE,
        is_open=_is_open(dict(status.lines).get(DoorInput.DPS)),
        outputs_on=tuple(sorted(on)),
        inputs=tuple(Wire(name, _pin(first, name), line=line) for name, line in status.lines),
        outputs=tuple(outputs),
        troubles=status.troubles,
        schedule=status.schedule,
    )


def levels_of(before: World | None, now: World) -> tuple[Level, ...]:
    """Levels of wires that are others than before, or all at the beginning; as exact as the doors are asked often."""
    known = {} if before is None else _high(before)
    return tuple(Level(pin, now.at_s, high) for pin, high in _high(now).items() if known.get(pin) is not high)


def health_of(service: ServiceStatus, now: datetime) -> tuple[str, ...]:
    """How the service is, a sentence each; what is wrong comes first."""
    said = [_alarm_words(alarm, now) for alarm in service.alarms if alarm.kind is not AlarmKind.DURESS]
    if service.as_of_s is None:
        said.append("The store has not answered yet: open alarms are unknown.")
    if not service.is_ready:
        said.append("The service is starting: not all of its parts were tried yet.")
    refused = sum(each.count for each in service.refusals)
    said.append(
        f"Lintel {service.version} has run for {_time_words(service.up_s)}: {service.grants} granted, {refused} denied."
    )
    return tuple(said)


def public(row: Row) -> Row | None:
    """A row as the page shows it to all who can see its screen; None for one that is about duress alone.

    Names and badges are left as the service gave them, which shows them to auditors and admins.
    """
    seen = as_seen(row, people=False, duress=False)
    if seen is None:
        return None
    fault = seen.fault if row.reason == Reason.DURESS.code else row.fault
    return msgspec.structs.replace(
        row, reason=seen.reason, fault=fault, settings=None, rules=None, model=None, boot=None
    )


def now_utc() -> datetime:
    """The time of day."""
    return datetime.now(UTC)


def _pin(first: int, wire: DoorOutput | DoorInput) -> int:
    order = [*DoorOutput, *DoorInput]
    return first + 1 + next(place for place, one in enumerate(order) if one is wire)


def _is_open(line: Line | None) -> bool | None:
    return None if line is None or line.is_fault else line is Line.ACTIVE


def _high(world: World) -> dict[int, bool]:
    outputs = {wire.pin: bool(wire.is_on) for door in world.doors for wire in door.outputs}
    inputs = {wire.pin: wire.line is not Line.QUIET for door in world.doors for wire in door.inputs}
    return {pin: is_high for pin, is_high in {**outputs, **inputs}.items() if pin is not None}


def _alarm_words(alarm: OpenAlarm, now: datetime) -> str:
    since = _time_words((now - alarm.since).total_seconds())
    what = alarm.kind.value.replace("-", " ")
    return f"Open alarms, {what}: {alarm.count}, the oldest for {since}. `lintel alarms` lists them."


def _time_words(seconds: float) -> str:
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
