"""What is published: each event and each state as JSON. `docs/mqtt.schema.json` is made from the structs here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
from msgspec import Meta

from device.link.events import LinkEvent, Severity
from device.link.mqtt.topics import AccessType, Topics
from device.records import DoorInput, DoorState, DoorStatus, Event, Line, Outcome


@dataclass(frozen=True, slots=True)
class Message:
    """One publication. States are retained, events never."""

    topic: str
    payload: bytes
    retain: bool = False


class EventPayload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event, on `.../access/TYPE`, `.../event/KIND` or `.../duress/KIND`. What isn't known is left out."""

    event_type: Annotated[str, Meta(description="the topic's last level")]
    uid: Annotated[str, Meta(description="the event's key: it may come twice, and is to be applied once")]
    id: Annotated[int, Meta(description="number of the audit's row; the order of events")]
    at: Annotated[str, Meta(description="ISO 8601, UTC")]
    kind: Annotated[str, Meta(description="the audit's word for it, as in `lintel audit list --json`")]
    severity: Annotated[Severity, Meta(description="how much it matters")]
    door: str = ""
    reader: str = ""
    outcome: str = ""
    reason: Annotated[str, Meta(description="code of the reason, as in docs/reference.md")] = ""
    detail: Annotated[str, Meta(description="in words; of people only with `names`")] = ""
    person: Annotated[str, Meta(description="only with `names`")] = ""
    badge: Annotated[str, Meta(description="only with `names`")] = ""
    by: Annotated[str, Meta(description="the operator who did it; only with `names`")] = ""


class StatePayload(msgspec.Struct, frozen=True, kw_only=True):
    """How a door is, on `.../state`. Null stands for an input that isn't wired or whose wire is damaged."""

    state: DoorState
    released: Annotated[bool, Meta(description="the lock lets people in")]
    open: bool | None
    tamper: Annotated[bool | None, Meta(description="the housing is open")]
    power_failed: Annotated[bool | None, Meta(description="the mains are gone")]
    problem: Annotated[bool, Meta(description="something at the door does not work")]
    evacuation: bool
    lockdown: bool
    troubles: Annotated[tuple[str, ...], Meta(description="what does not work, in words")]
    schedule: Annotated[str, Meta(description="what schedules make of it, in words")]


class VersionPayload(msgspec.Struct, frozen=True, kw_only=True):
    """Lintel's version, on `.../version`."""

    installed_version: Annotated[str, Meta(description="the one that runs")]
    latest_version: Annotated[str, Meta(description="the one that is installed: it runs after the next restart")]


ACCESS = {Event.DOOR_FORCED.value: AccessType.FORCED, Event.DOOR_HELD_OPEN.value: AccessType.HELD}
"""Alarms of the leaf that are an access."""


def messages_of(event: LinkEvent, topics: Topics) -> Iterator[Message]:
    """The publications of an event: one, and of a duress one more, under another key.

    The first of the two is what anyone sees of an ordinary grant, so that only the duress's own topics tell of it.
    """
    if not event.is_duress:
        yield _ordinary(event, topics)
    elif event.kind == Event.ALARM_OPEN.value:
        yield Message(topics.access(event.door, AccessType.DURESS), _payload(event, AccessType.DURESS))
    elif event.kind != Event.DECISION.value:
        yield Message(topics.duress(event.door, event.kind), _payload(event, event.kind))
    else:
        yield _ordinary(_undisturbed(event), topics)
        what = AccessType.DURESS
        yield Message(topics.access(event.door, what), _payload(replace(event, uid=f"{event.uid}-{what}"), what))


def access_type(event: LinkEvent) -> AccessType | None:
    """What kind of access an event is; None for all that is none."""
    if event.kind == Event.DECISION.value:
        return AccessType.GRANTED if event.outcome == Outcome.GRANTED.value else AccessType.DENIED
    return ACCESS.get(event.kind)


def _ordinary(event: LinkEvent, topics: Topics) -> Message:
    what = access_type(event)
    if what is None:
        return Message(topics.event(event.door, event.kind), _payload(event, event.kind))
    return Message(topics.access(event.door, what), _payload(event, what))


def _undisturbed(event: LinkEvent) -> LinkEvent:
    """The same without a word of duress."""
    severity = Severity.INFO if event.is_granted else Severity.NOTICE
    return replace(event, reason=event.plain_reason, severity=severity, detail="")


def _payload(event: LinkEvent, what: str) -> bytes:
    return msgspec.json.encode(
        EventPayload(
            event_type=what,
            uid=event.uid,
            id=event.id,
            at=event.at.isoformat(),
            kind=event.kind,
            severity=event.severity,
            door=event.door,
            reader=event.reader,
            outcome=event.outcome,
            reason=event.reason,
            detail=event.detail,
            person=event.person,
            badge=event.badge,
            by=event.by,
        )
    )


def state_message(door: DoorStatus, topics: Topics) -> Message:
    """How the door is."""
    lines = dict(door.lines)
    state = StatePayload(
        state=door.state,
        released=door.outputs.released,
        open=_active(lines, DoorInput.DPS),
        tamper=_active(lines, DoorInput.TAMPER),
        power_failed=_active(lines, DoorInput.POWER_FAIL),
        problem=bool(door.troubles) or door.state is DoorState.FAULT,
        evacuation=door.state is DoorState.EVACUATION,
        lockdown=door.state is DoorState.LOCKDOWN,
        troubles=door.troubles,
        schedule=door.schedule,
    )
    return Message(topics.state(door.door), msgspec.json.encode(state), retain=True)


def _active(lines: dict[DoorInput, Line], wire: DoorInput) -> bool | None:
    line = lines.get(wire)
    return None if line is None or line.is_fault else line is Line.ACTIVE
