"""Who is to be erased by time: people who have not come in for long, and those whose validity has ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from device.ports import Clock
from device.records import Enrolled, Event, Outcome, Person
from device.store.store import Store

UNUSED = "unused"
ENDED = "ended"
PAGE_ROWS = 1000


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


@dataclass(frozen=True, slots=True)
class LastSeen:
    """When people were last let in, as far as that is known.

    Rows that were cut from the audit before they were read may have held a visit, at `unknown_until` at the latest.
    """

    at: dict[int, datetime]
    read_to: int
    unknown_until: datetime | None = None

    def of(self, enrolled: Enrolled) -> datetime:
        """The last time that speaks for a person: a grant, the enrollment, a badge, or what may be unknown."""
        known = [self.at.get(enrolled.person.id), enrolled.enrolled_at, *(one.issued_at for one in enrolled.badges)]
        return max(at for at in (*known, self.unknown_until) if at is not None)


def last_seen(store: Store) -> LastSeen:
    """What was noted before, and what the audit's rows have said since. Raises `StoreError`."""
    with store.people() as people:
        seen, read_to = people.visits.all(), people.visits.read_to()
    with store.audit() as audit:
        first = next(iter(audit.after(0, 1)), None)
        is_gap = first is not None and first.id > read_to + 1
        unknown_until = first.at if first is not None and is_gap else None
        while rows := audit.after(read_to, PAGE_ROWS):
            for row in rows:
                if row.person_id is not None and row.event is Event.DECISION and row.outcome is Outcome.GRANTED:
                    seen[row.person_id] = max(row.at, seen.get(row.person_id, row.at))
            read_to = rows[-1].id
    return LastSeen(seen, read_to, unknown_until)


def due(store: Store, keeping: Keeping, now: datetime) -> tuple[Due, ...]:
    """Who is to be erased, by name. Raises `StoreError`."""
    seen = last_seen(store)
    with store.people() as people:
        everyone = people.everyone()
    found = (_due(one, keeping, seen.of(one), now) for one in everyone)
    return tuple(one for one in found if one is not None)


def erase_due(
    store: Store, clock: Clock, keeping: Keeping, *, by: str = "", among: frozenset[int] | None = None
) -> tuple[Due, ...]:
    """Erases who is due, each looked at once more before; and notes who came in when, as rows of the audit are cut.

    `among` are the numbers of people beyond whom none is erased: those that an operator was shown.

    Raises `StoreError`.
    """
    seen = last_seen(store)
    with store.people() as people:
        kept = {one.person.id: seen.of(one) for one in people.everyone()} if seen.unknown_until else seen.at
        people.visits.keep(kept, seen.read_to)
    found = (one for one in due(store, keeping, clock.utc()) if among is None or one.person.id in among)
    return tuple(one for one in found if _erased(store, clock, keeping, one, by))


def _erased(store: Store, clock: Clock, keeping: Keeping, one: Due, by: str) -> bool:
    """Whether they were erased: someone who was given more time meanwhile is not."""
    with store.people() as people:
        enrolled = people.enrolled(one.person)
    now = clock.utc()
    if enrolled is None or _due(enrolled, keeping, one.since, now) is None:
        return False
    with store.audit() as audit:
        audit.note(Event.RETENTION, now, fault=f"person {one.person.id}, {one.why} since {one.since:%Y-%m-%d}")
    store.erase(one.person, now, by=by)
    return True


def _due(enrolled: Enrolled, keeping: Keeping, last: datetime, now: datetime) -> Due | None:
    ends = enrolled.valid.ends
    if keeping.erases_ended and ends is not None and ends <= now:
        return Due(enrolled.person, ENDED, ends)
    is_unused = keeping.unused_days is not None and last <= now - timedelta(days=keeping.unused_days)
    return Due(enrolled.person, UNUSED, last) if is_unused else None
