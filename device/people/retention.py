"""Who is to be erased by time: people who have not come in for long, and those whose validity has ended."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from device.ports import Clock
from device.records import AuditRow, Enrolled, Event, Outcome, Person
from device.store.store import Store


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how long people are kept: days without a grant, None for however long; and whether an end is the end."""

    unused_days: int | None = None
    erases_ended: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """Someone who is to be erased, and why, with the time it rests on: the last grant or enrollment, or the end."""

    person: Person
    why: str
    since: datetime


def due(store: Store, keeping: Keeping, now: datetime) -> tuple[Due, ...]:
    """Who is to be erased, by name. Raises `StoreError`."""
    with store.people() as people:
        everyone = people.everyone()
    with store.audit() as audit:
        since = now - timedelta(days=keeping.unused_days) if keeping.unused_days is not None else None
        seen = _last_grants(audit.newest_first(), since) if since is not None else {}
    found = (_due(one, keeping, seen.get(one.person.id), now) for one in everyone)
    return tuple(one for one in found if one is not None)


def erase_due(store: Store, clock: Clock, keeping: Keeping) -> tuple[Due, ...]:
    """Erases who is due, each in a transaction of its own, in which it is looked at again. Raises `StoreError`."""
    return tuple(one for one in due(store, keeping, clock.utc()) if _erased(store, clock, keeping, one))


def _erased(store: Store, clock: Clock, keeping: Keeping, one: Due) -> bool:
    """Whether they were erased: someone who was given more time meanwhile is not."""
    with store.people() as people:
        enrolled = people.enrolled(one.person)
    now = clock.utc()
    if enrolled is None or _due(enrolled, keeping, one.since if one.why == UNUSED else None, now) is None:
        return False
    with store.audit() as audit:
        audit.note(Event.RETENTION, now, person=one.person, fault=f"{one.why} since {one.since:%Y-%m-%d}")
    store.erase(one.person, now)
    return True


def _last_grants(rows: Iterable[AuditRow], since: datetime) -> dict[int, datetime]:
    """When each person was last let in since then; rows come the newest first."""
    seen: dict[int, datetime] = {}
    for row in itertools.takewhile(lambda row: row.at >= since, rows):
        if row.person_id is not None and row.event is Event.DECISION and row.outcome is Outcome.GRANTED:
            seen.setdefault(row.person_id, row.at)
    return seen


def _due(enrolled: Enrolled, keeping: Keeping, granted: datetime | None, now: datetime) -> Due | None:
    ends = enrolled.valid.ends
    if keeping.erases_ended and ends is not None and ends <= now:
        return Due(enrolled.person, ENDED, ends)
    if keeping.unused_days is None:
        return None
    last = max(at for at in (granted, enrolled.enrolled_at, *(one.issued_at for one in enrolled.badges)) if at)
    return Due(enrolled.person, UNUSED, last) if last <= now - timedelta(days=keeping.unused_days) else None


UNUSED = "unused"
ENDED = "ended"
