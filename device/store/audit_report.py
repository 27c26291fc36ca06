"""Counts over the audit, made by SQLite: who came, why people were refused, which doors stood open, unused badges."""

from dataclasses import dataclass
from datetime import datetime

from device.credentials import format_badge
from device.records import Credential
from device.store.session import Session

_CAME = (
    "SELECT person_id, count(*) AS times, min(at) AS first, max(at) AS last FROM audit WHERE event = 'decision' "
    "AND outcome = 'granted' AND at >= ? AND at < ? GROUP BY person_id ORDER BY times DESC, person_id"
)
_REFUSED = (
    "SELECT reason, count(*) AS times FROM audit WHERE event = 'decision' AND outcome = 'denied' "
    "AND at >= ? AND at < ? GROUP BY reason ORDER BY times DESC, reason"
)
_OPEN = (
    "SELECT door, event, count(*) AS times FROM audit WHERE event IN ('door-held-open', 'door-forced') "
    "AND at >= ? AND at < ? GROUP BY door, event ORDER BY door, event"
)
_UNUSED = (
    "SELECT format, facility, number, person_id FROM badges WHERE revoked_at IS NULL ORDER BY format, facility, number"
)
_USED = (
    "SELECT DISTINCT badge FROM audit WHERE event = 'decision' AND outcome = 'granted' AND badge IS NOT NULL "
    "AND at >= ? AND at < ?"
)

_HOURS = (
    "SELECT substr(at, 1, 13) AS hour, count(*) AS times FROM audit WHERE event = 'decision' "
    "AND outcome = 'granted' AND at >= ? AND at < ? GROUP BY hour ORDER BY hour"
)


@dataclass(frozen=True, slots=True)
class Came:
    """How often a person was let in, and when first and last; without a number, those whose rows are erased."""

    person_id: int | None
    times: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """Counts from one time to before another: `refused` by reason, `opened` by door and event, badges without use."""

    came: tuple[Came, ...]
    refused: tuple[tuple[str, int], ...]
    opened: tuple[tuple[str, str, int], ...]
    unused: tuple[tuple[str, int], ...]
    """Badges that are valid and let no one in, and whose they are."""


def report_of(session: Session, since: datetime, until: datetime) -> Report:
    """Each part is one short read."""
    span = [since.isoformat(), until.isoformat()]
    came = session.rows(_CAME, span, can_change=False)
    refused = session.rows(_REFUSED, span, can_change=False)
    opened = session.rows(_OPEN, span, can_change=False)
    used = {row["badge"] for row in session.rows(_USED, span, can_change=False)}
    held = [
        (format_badge(Credential(row["format"], row["facility"], int(row["number"]))), int(row["person_id"]))
        for row in session.rows(_UNUSED, can_change=False)
    ]
    return Report(
        tuple(
            Came(row["person_id"], row["times"], *map(datetime.fromisoformat, (row["first"], row["last"])))
            for row in came
        ),
        tuple((row["reason"] or "", row["times"]) for row in refused),
        tuple((row["door"] or "", row["event"], row["times"]) for row in opened),
        tuple((badge, person) for badge, person in held if badge not in used),
    )


def hours_of(session: Session, since: datetime, until: datetime) -> tuple[tuple[datetime, int], ...]:
    """How many decisions let someone in within each hour, by its begin in UTC; hours without one are left out."""
    rows = session.rows(_HOURS, [since.isoformat(), until.isoformat()], can_change=False)
    return tuple((datetime.fromisoformat(f"{row['hour']}:00:00+00:00"), row["times"]) for row in rows)


def _time(written: str) -> datetime:
    return datetime.fromisoformat(written)
