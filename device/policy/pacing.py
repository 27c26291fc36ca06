"""Which denials get an audit row of their own and which are summarized, so that a flood can't wear out the disk. Pure.

Only denials that anyone with a badge, or a number sent in place of one, can cause as fast as a reader reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from device.credentials import format_badge
from device.policy.attempts import failed_by
from device.records import AuditRow, Credential, Event, Outcome, Reason, Transaction

BURST = 20
"""How many denials of one reason at one reader get rows of their own at once."""
ROW_EVERY_S = 10.0
"""How often another one may, in seconds: people at one door stay below it, a flood does not."""
SUMMARY_S = 60.0
"""How long denials are counted before their summary is due, in seconds."""

PACED = frozenset(
    {
        Reason.BADGE_RANDOM,
        Reason.BADGE_UNKNOWN,
        Reason.BADGE_REVOKED,
        Reason.BADGE_SUSPENDED,
        Reason.NO_REFERENCES,
        Reason.NOT_YET_VALID,
        Reason.EXPIRED,
        Reason.NOT_ALLOWED,
        Reason.OUTSIDE_SCHEDULE,
        Reason.RULE_DENIES,
        Reason.CLOCK_UNTRUSTED,
        Reason.PIN_DISABLED,
        Reason.FACE_DISABLED,
        Reason.WAIT_AFTER_ATTACK,
        Reason.WAIT_AFTER_FAILURES,
        Reason.KEY_MISSING,
        Reason.READER_TAMPERED,
        Reason.PASSED_BACK,
        Reason.AREA_FULL,
        Reason.DOOR_SCHEDULED_LOCK,
        Reason.DOOR_LOCKDOWN,
        Reason.DOOR_FAULT,
        Reason.STORE_FAULT,
        Reason.VISION_FAULT,
    }
)
"""Decided without a look at a face, the last two and KEY_MISSING while the store or the models are missing: their rows
would take the room of all others. All others take a face's time, or are written without limit.
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """A count of denials of one reason at one reader, with the badges and the times of the first and the last.

    Times are seconds on the monotonic clock.
    """

    reader: str
    reason: Reason
    count: int
    first: Credential
    last: Credential
    began_at: float
    ended_at: float


@dataclass(slots=True)
class _Tally:
    """One reason at one reader: how many rows it may have at the moment, and what is counted."""

    at: float
    rows: float = float(BURST)
    counted: Summary | None = None

    def has_row(self, at: float) -> bool:
        """Takes one of the rows it may have, if there is one."""
        self.rows = min(float(BURST), self.rows + (at - self.at) / ROW_EVERY_S)
        self.at = at
        if self.rows < 1.0:
            return False
        self.rows -= 1.0
        return True


class Pacing:
    """Counts what has no row of its own, by reader and reason. One thread at a time; times are monotonic seconds."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, Reason], _Tally] = {}

    def is_counted(self, transaction: Transaction, at: float) -> bool:
        """Whether this transaction goes into a summary and gets no row; then it is counted.

        A failed try always has its row, in whose transaction it counts against the badge.
        """
        badge, reader, reason = transaction.credential, transaction.reader, transaction.decision.reason
        if badge is None or reason not in PACED or failed_by(transaction.decision):
            return False
        tally = self._tallies.setdefault((reader, reason), _Tally(at))
        if tally.has_row(at):
            return False
        before = tally.counted or Summary(reader, reason, 0, badge, badge, at, at)
        tally.counted = replace(before, count=before.count + 1, last=badge, ended_at=at)
        return True

    def due(self, now: float) -> Iterator[Summary]:
        """The summaries to write by `now`; with infinity, all.

        A count is reset only when the next summary is asked for, that is, after this one was written.
        """
        for tally in self._tallies.values():
            if tally.counted and now - tally.counted.began_at >= SUMMARY_S:
                yield tally.counted
                tally.counted = None


def summary_row(summary: Summary, at: datetime, door: str) -> AuditRow:
    """The audit row of a summary that began `at` this time."""
    lasted_s = summary.ended_at - summary.began_at
    first, last = format_badge(summary.first), format_badge(summary.last)
    more = f"{summary.count} more within {lasted_s:.1f} s, first badge {first}, last badge {last}"
    event, outcome = Event.DENIALS_COUNTED, Outcome.DENIED
    return AuditRow(
        0, at, event, outcome=outcome, reason=summary.reason, fault=more, door=door, reader=summary.reader or None
    )
