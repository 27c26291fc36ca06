"""What leaves the house: a row of the audit as a value for the wires, without names and badges by default."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from device.control.messages import Row
from device.control.subscriptions import ordinary_reason
from device.errors import LinkError
from device.records import Event, Outcome, Reason


class Severity(StrEnum):
    """How much an event matters, from the least on."""

    INFO = "info"
    NOTICE = "notice"
    """A refusal, or something that an operator did at a door."""
    WARNING = "warning"
    """A part does not work."""
    ALARM = "alarm"
    """A person should look now."""
    URGENT = "urgent"
    """A person may be in danger: duress, evacuation, lockdown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEvent:
    """One thing that happened, in the order of `id`. Text that isn't known is "".

    `uid` is the key of consumers: it stays the same over restarts, erasures and second deliveries, and differs from
    that of a row that takes the same `id` after an older copy of the store was put in place. `person`, `badge` and
    `by` are empty unless the owner asked for names.
    """

    id: int
    uid: str
    at: datetime
    kind: str
    """Which `Event` it is, by its value."""
    door: str = ""
    reader: str = ""
    reason: str = ""
    """The code of a `Reason`."""
    plain_reason: str = ""
    """The same as those see it who are not to know of duress."""
    outcome: str = ""
    times: int = 1
    """How many it stands for: the refusals of a flood share a row."""
    severity: Severity = Severity.INFO
    person: str = ""
    badge: str = ""
    by: str = ""
    """The operator who did it."""
    detail: str = ""
    """What happened in words, where these can't name anyone, or the owner asked for names."""

    @property
    def is_duress(self) -> bool:
        """Whether a person was forced to come in. Other events never say so."""
        return self.reason == Reason.DURESS.code

    @property
    def is_granted(self) -> bool:
        """Whether a person was let in or out."""
        return self.outcome == Outcome.GRANTED.value


UID_DIGITS = 12
_ABOUT_THINGS = ("door-", "reader-", "part-", "camera-", "service-", "clock-", "audit-", "fault")
"""Beginnings of the kinds whose text speaks of doors and parts, and never of people or badges."""
_BY_SOMEONE = re.compile(r"(^|, )by (?!an operator\b|the schedule\b).*$", re.DOTALL)
_URGENT = frozenset({Event.DOOR_EVACUATION, Event.DOOR_LOCKDOWN})
_ALARMS = frozenset(
    {
        Event.DOOR_FORCED,
        Event.DOOR_HELD_OPEN,
        Event.DOOR_TAMPERED,
        Event.READER_TAMPERED,
        Event.ALARM_OPEN,
        Event.AUDIT_BROKEN,
        Event.KEY_FORGOTTEN,
    }
)
_WARNINGS = frozenset(
    {
        Event.FAULT,
        Event.PART_FAILED,
        Event.DOOR_FAULT,
        Event.DOOR_POWER_FAILED,
        Event.READER_LOST,
        Event.READER_POWER_FAILED,
        Event.READER_KEYS_REFUSED,
        Event.CAMERA_VIEW_CHANGED,
        Event.DOOR_FOUND_OPEN,
        Event.FACTOR_DISABLED,
        Event.TRIES_FAILED,
        Event.ANTIPASSBACK_VIOLATED,
        Event.DENIALS_COUNTED,
        Event.REMOTE_CODE_LOCKED,
    }
)
_NOTICES = frozenset(
    {
        Event.DOOR_COMMANDED,
        Event.DOOR_CLEARED,
        Event.ALARM_ACKNOWLEDGED,
        Event.RULES_APPLIED,
        Event.STORE_RESTORED,
        Event.CLOCK_ACCEPTED,
        Event.AUDIT_CUT,
        Event.KEY_MADE,
        Event.KEY_ROTATED,
        Event.KEY_RESTORED,
        Event.AUDIT_BREAK_ACKNOWLEDGED,
        Event.CONFIRMATION_ASKED,
        Event.CONFIRMATION_GIVEN,
        Event.REMOTE_REFUSED,
        Event.REMOTE_CLIENT_ADDED,
        Event.REMOTE_CLIENT_REVOKED,
        Event.REMOTE_CODE_RESET,
        Event.SERVICE_STARTED,
        Event.SERVICE_STOPPED,
    }
)


def event_of(row: Row, *, names: bool = False) -> LinkEvent:
    """The event of a row. Without `names` nothing in it says who it was. Raises `LinkError` for a time that is none."""
    return LinkEvent(
        id=row.id,
        uid=uid_of(row),
        at=_time(row),
        kind=row.event,
        door=row.door or "",
        reader=row.reader or "",
        reason=row.reason or "",
        plain_reason=ordinary_reason(row) or "",
        outcome=row.outcome or "",
        times=_times(row),
        severity=severity_of(row),
        person=(row.person or "") if names else "",
        badge=(row.badge or "") if names else "",
        by=(row.by or "") if names else "",
        detail=_detail(row, names=names),
    )


def _detail(row: Row, *, names: bool) -> str:
    """The text of a row; without `names` only of doors and parts, and without an operator, whom rows of older versions
    name at its end.
    """
    said = row.fault or ""
    if names:
        return said
    if not row.event.startswith(_ABOUT_THINGS) or row.event == Event.AUDIT_BREAK_ACKNOWLEDGED.value:
        return ""
    return _BY_SOMEONE.sub("", said)


def uid_of(row: Row) -> str:
    """The row's key for consumers, made of what no erasure changes."""
    said = "\x1f".join((str(row.id), row.at, row.event, row.boot or "", repr(row.monotonic_s)))
    return f"{row.id}-{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()[:UID_DIGITS]}"


def severity_of(row: Row) -> Severity:
    """How much a row matters; a kind that this version doesn't know is an `INFO`."""
    if row.reason == Reason.DURESS.code or row.event in _URGENT:
        return Severity.URGENT
    for severity, kinds in ((Severity.ALARM, _ALARMS), (Severity.WARNING, _WARNINGS), (Severity.NOTICE, _NOTICES)):
        if row.event in kinds:
            return severity
    return Severity.NOTICE if row.outcome == Outcome.DENIED.value else Severity.INFO


def _time(row: Row) -> datetime:
    try:
        at = datetime.fromisoformat(row.at)
    except ValueError:
        raise LinkError(
            f"Row {row.id} of the audit has no time: {row.at[:40]!r}.",
            hint="Restart the service: it and the link differ.",
        ) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def _times(row: Row) -> int:
    """A summary of refusals begins with their number; its text may not go out, as it names badges."""
    found = re.match(r"[0-9]{1,9} ", row.fault or "") if row.event == Event.DENIALS_COUNTED.value else None
    return max(1, int(found[0])) if found else 1
