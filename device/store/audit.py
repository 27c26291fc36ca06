"""The audit: rows are added and read, never changed."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import datetime
from typing import Any

from device.credentials import format_badge
from device.records import AuditRow, Credential, Decision, Event, Outcome, PadMode, Person, Reason, Transaction
from device.store.session import Row, Session

PAGE_ROWS = 500
"""Read at once: a commit beside it waits that long at most."""
_COLUMNS = tuple(column.name for column in fields(AuditRow) if column.name != "id")
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_LAST = 2**63 - 1
"""The largest number that SQLite gives a row."""


class Audit:
    """Who was let in, who was not, and why."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, transaction: Transaction) -> int:
        """Commits the row of one swipe and returns its number."""
        decision, evidence = transaction.decision, transaction.decision.evidence
        return self.add(
            AuditRow(
                id=0,
                at=transaction.started_at,
                event=Event.DECISION,
                badge=format_badge(transaction.credential) if transaction.credential else None,
                person_id=transaction.person.id if transaction.person else None,
                outcome=decision.outcome,
                reason=decision.reason,
                similarity=evidence.similarity if evidence else None,
                threshold=evidence.threshold if evidence else None,
                probes=evidence.probes if evidence else None,
                references=evidence.references if evidence else None,
                frames=transaction.frames,
                waited_s=transaction.waited_s,
                fault=transaction.fault,
                door=transaction.door or None,
                reader=transaction.reader or None,
                **_presentation_of(decision),
            )
        )

    def note(
        self,
        event: Event,
        at: datetime,
        *,
        person: Person | None = None,
        badge: str | None = None,
        fault: str | None = None,
    ) -> int:
        """Commits the row of what an operator did and returns its number; `fault` has what else is to be said."""
        return self.add(AuditRow(0, at, event, badge, person.id if person else None, fault=fault))

    def add(self, row: AuditRow) -> int:
        """Commits a row (its id is given by the database) and returns its number."""
        marks = ", ".join("?" for _ in _COLUMNS)
        cursor = self._session.execute(
            f"INSERT INTO audit ({_NAMES}) VALUES ({marks})",  # noqa: S608 - names of fields
            [_stored(getattr(row, name)) for name in _COLUMNS],
        )
        return int(cursor.lastrowid or 0)

    def newest(self, limit: int) -> tuple[AuditRow, ...]:
        """The last `limit` rows, oldest first."""
        rows: list[Row] = []
        while len(rows) < limit:
            below = rows[-1]["id"] - 1 if rows else _LAST
            page = self._page("id <= ? ORDER BY id DESC", below, min(PAGE_ROWS, limit - len(rows)))
            rows += page
            if not page:
                break
        return tuple(_row(row) for row in reversed(rows))

    def newest_first(self) -> Iterator[AuditRow]:
        """All rows, a page at a time."""
        below = _LAST
        while page := self._page("id <= ? ORDER BY id DESC", below, PAGE_ROWS):
            yield from map(_row, page)
            below = page[-1]["id"] - 1

    def after(self, number: int, limit: int) -> tuple[AuditRow, ...]:
        """At most `limit` rows behind the one of that number, oldest first."""
        return tuple(_row(row) for row in self._page("id > ? ORDER BY id", number, limit))

    def before_newest(self, count: int) -> int:
        """The number behind which the newest `count` rows are; of the newest row for 0."""
        found = self._session.rows(
            "SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?", [max(0, count)], can_change=False
        )
        return int(found[0]["id"]) if found else 0

    def decisions_on(self, badge: Credential, limit: int) -> tuple[AuditRow, ...]:
        """The last `limit` decisions on a badge, the newest first."""
        where = "badge = ? AND event = 'decision' ORDER BY id DESC"
        return tuple(map(_row, self._page(where, format_badge(badge), limit)))

    def was_granted(self, badge: Credential, door: str) -> bool:
        """Whether a face was ever matched with this badge at that door."""
        found = self._session.rows(
            "SELECT 1 FROM audit WHERE badge = ? AND event = 'decision' AND door = ? AND reason = ? LIMIT 1",
            [format_badge(badge), door, Reason.MATCH.code],
            can_change=False,
        )
        return bool(found)

    def __iter__(self) -> Iterator[AuditRow]:
        last = 0
        while page := self.after(last, PAGE_ROWS):
            yield from page
            last = page[-1].id

    def _page(self, where: str, bound: int | str, limit: int) -> list[Row]:
        """Rows are never changed, so nothing that is written rests on their staying as they are."""
        return self._session.rows(
            f"SELECT id, {_NAMES} FROM audit WHERE {where} LIMIT ?",  # noqa: S608 - constants and names of fields
            [bound, limit],
            can_change=False,
        )


def _presentation_of(decision: Decision) -> dict[str, Any]:
    """The columns of what was seen of a presentation; none where no one looked."""
    if decision.pad is PadMode.OFF:
        return {}
    seen = decision.presentation
    return {
        "pad": decision.pad,
        "scene": seen.scene,
        "live": seen.live,
        "turned": seen.turned,
        "turns": " ".join(seen.turns) or None,
    }


def _stored(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.code if isinstance(value, Reason) else value


def _row(row: dict[str, Any]) -> AuditRow:
    read: dict[str, Callable[[str], object]] = {
        "at": datetime.fromisoformat,
        "event": Event,
        "outcome": Outcome,
        "pad": PadMode,
        "reason": Reason.from_code,
    }
    try:
        values: dict[str, Any] = {
            name: read[name](value) if name in read and value is not None else value for name, value in row.items()
        }
    except (KeyError, ValueError) as error:
        raise sqlite3.DataError(
            f"row {row['id']} of the audit holds something that this version does not know: {error}"
        ) from None
    return AuditRow(**values)
