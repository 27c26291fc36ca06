"""Failed tries with each badge, counted in the transaction of the decision, so that no kill loses a count."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from device.policy.attempts import counted
from device.records import NO_FAILURES, Credential, Factor, Failures
from device.store.session import Row, Session

_KEY = "format = ? AND facility = ? AND number = ?"
_ALL = "SELECT format, facility, number, face, pin, since_grant FROM attempts"


class Counters:
    """The failures with each badge that has a holder; they go with the badge. Raises plain `sqlite3.Error`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, badge: Credential) -> Failures:
        """Those with one badge."""
        rows = self._session.rows(f"{_ALL} WHERE {_KEY}", _key(badge))
        return _failures(rows[0]) if rows else NO_FAILURES

    def all(self) -> dict[Credential, Failures]:
        """Those with each badge with which any try has failed."""
        found = {_badge(row): _failures(row) for row in self._session.rows(_ALL)}
        return {badge: failures for badge, failures in found.items() if failures != NO_FAILURES}

    def decided(
        self, badge: Credential, *, failed: frozenset[Factor], used: frozenset[Factor] = frozenset()
    ) -> tuple[Failures, Failures]:
        """Counts what `device.policy.attempts.counted` counts; the failures before and after. Use it inside the
        transaction that records the decision.
        """
        self._session.lock()
        before = self.of(badge)
        after = counted(before, failed=failed, used=used)
        if after != before:
            self._keep(badge, after)
        return before, after

    def give_back(self, badge: Credential, factor: Factor) -> None:
        """Takes one failure back that was counted before it was known not to be one."""
        self._session.lock()
        before = self.of(badge)
        face, pin = (int(factor is one) for one in (Factor.FACE, Factor.PIN))
        fewer = Failures(
            max(0, before.face - face), max(0, before.pin - pin), max(0, before.since_grant - (face or pin))
        )
        self._keep(badge, fewer)

    def reset(self, badge: Credential, factor: Factor | None = None) -> Failures:
        """Clears what an operator clears: all of it, or what failed with one factor. The failures before."""
        self._session.lock()
        before = self.of(badge)
        match factor:
            case Factor.PIN:
                self._keep(badge, replace(before, pin=0))
            case Factor.FACE:
                self._keep(badge, replace(before, face=0))
            case _:
                self._session.execute(f"DELETE FROM attempts WHERE {_KEY}", _key(badge))  # noqa: S608 - a constant
        return before

    def raise_to(self, known: Mapping[Credential, Failures]) -> None:
        """Raises each count to what it was known to be, for badges that are here: a restore lowers none."""
        self._session.lock()
        for badge, other in known.items():
            mine = self.of(badge)
            most = Failures(
                max(mine.face, other.face), max(mine.pin, other.pin), max(mine.since_grant, other.since_grant)
            )
            if most != mine:
                self._keep(badge, most)

    def _keep(self, badge: Credential, failures: Failures) -> None:
        """A badge that was removed meanwhile has none."""
        self._session.execute(
            "INSERT OR REPLACE INTO attempts (format, facility, number, face, pin, since_grant) "  # noqa: S608 - a constant
            f"SELECT format, facility, number, ?, ?, ? FROM badges WHERE {_KEY}",
            [failures.face, failures.pin, failures.since_grant, *_key(badge)],
        )


def _key(badge: Credential) -> tuple[str, int, str]:
    return badge.format, badge.facility, str(badge.number)


def _badge(row: Row) -> Credential:
    try:
        return Credential(str(row["format"]), int(row["facility"]), int(row["number"]))
    except (TypeError, ValueError):
        raise sqlite3.DataError("a badge in the table of attempts is damaged") from None


def _failures(row: Row) -> Failures:
    try:
        return Failures(int(row["face"]), int(row["pin"]), int(row["since_grant"]))
    except (TypeError, ValueError):
        raise sqlite3.DataError("the counts of a badge are damaged") from None
