"""Which failure in a row a decision was, and when the next try could be, told from rows of the audit. Pure.

The counts themselves lie in the store, as they are now; this is how they stood then. A wrong PIN beside a face that was
refused has the face's reason in its row, and is not told here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from device.policy.attempts import FACE_FAILURES, FEW, MOST_PINS, Limits, wait_s
from device.records import NO_FAILURES, AuditRow, Event, Factor, Failures, Outcome, Reason

_OF_FACE = FACE_FAILURES | {Reason.WAIT_AFTER_FAILURES, Reason.FACE_DISABLED}
_OF_PIN = frozenset({Reason.PIN_WRONG, Reason.PIN_DISABLED})


@dataclass(frozen=True, slots=True)
class Tried:
    """The failures with a badge after a row, and when its face failed last, UTC, None if it did not."""

    failures: Failures = NO_FAILURES
    failed_at: datetime | None = None

    def after(self, row: AuditRow) -> "Tried":
        """After one more row about the badge or its holder."""
        match row.event:
            case Event.BADGE_RESET:
                return Tried()
            case Event.PIN_RESET_BY_FACE | Event.PIN_GIVEN:
                return replace(self, failures=replace(self.failures, pin=0))
            case Event.DECISION:
                return self._decided(row)
            case _:
                return self

    def _decided(self, row: AuditRow) -> "Tried":
        is_compared = row.similarity is not None and row.threshold is not None
        matches = is_compared and (row.similarity or 0.0) >= (row.threshold or 0.0)
        face, pin, granted = self.failures.face, self.failures.pin, row.outcome is Outcome.GRANTED
        if row.reason in FACE_FAILURES or (is_compared and not matches):
            at = row.at + timedelta(seconds=row.waited_s or 0.0)
            return Tried(Failures(face + 1, 0 if granted else pin), at)
        if row.reason is Reason.PIN_WRONG:
            return replace(self, failures=Failures(face, pin + 1))
        is_typed = granted and (row.reason is Reason.PIN or row.mode in ("badge+pin", "badge+face+pin"))
        return replace(self, failures=Failures(0 if granted and matches else face, 0 if is_typed else pin))


def tried_until(rows: Iterable[AuditRow], number: int, badge: str) -> Tried:
    """After the row of that number, of rows about its holder, oldest first; those of other badges are left out."""
    tried = Tried()
    for row in rows:
        if row.id > number:
            break
        if row.badge in (None, badge):
            tried = tried.after(row)
    return tried


def factor_of(reason: Reason) -> Factor | None:
    """Of which factor's tries a refusal speaks, None for any other."""
    return Factor.FACE if reason in _OF_FACE else Factor.PIN if reason in _OF_PIN else None


def tries_in_words(tried: Tried, reason: Reason, badge: str, limits: Limits = FEW) -> str:
    """Which count it was, the limits, when the next try is possible, and what would have to change; "" for nothing."""
    match factor_of(reason):
        case Factor.FACE:
            return _face_words(tried, badge, limits)
        case Factor.PIN:
            return _pin_words(tried.failures.pin, badge)
        case _:
            return ""


def _face_words(tried: Tried, badge: str, limits: Limits) -> str:
    count, first, last = tried.failures.face, limits.waits_after, limits.stops_after
    said = f"{_in_a_row(count, 'face')} with this badge; from {first} on the next one waits, from {last} on none counts"
    if count >= last:
        return f"{said}. No face counts until `lintel badges reset {badge}`."
    wait = wait_s(count, limits)
    if not wait or tried.failed_at is None:
        return f"{said}. The next face counts at once."
    return f"{said}. The next face counts from {tried.failed_at + timedelta(seconds=wait):%Y-%m-%d %H:%M:%S} UTC on."


def _pin_words(count: int, badge: str) -> str:
    said = f"{_in_a_row(count, 'PIN')} with this badge; from {MOST_PINS} on none counts"
    if count >= MOST_PINS:
        return f"{said}. No PIN counts until `lintel badges reset {badge}`, or a new PIN."
    return f"{said}. The next PIN counts at once."


def _in_a_row(count: int, what: str) -> str:
    return f"{count} failed {what}{'s' * (count != 1)} in a row"
