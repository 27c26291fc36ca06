"""The audit: rows are added and read, never changed."""

import math
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from datetime import datetime
from enum import Enum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.credentials import format_badge
from device.records import (
    MODES,
    AuditRow,
    ClockState,
    Credential,
    Decision,
    Event,
    Outcome,
    PadMode,
    Person,
    Reason,
    Stamp,
    Transaction,
)
from device.records.audit import LEFT_UNDER_DURESS, REFUSED_UNDER_DURESS, TYPED_UNDER_DURESS
from device.store.audit_report import Report, hours_of, report_of
from device.store.audit_search import ALL, Wanted
from device.store.chain.breaks import unacknowledged, words_of
from device.store.chain.canonical import SALT_BYTES, STAMP
from device.store.chain.cutting import Cut, cut, last_before
from device.store.chain.erasing import erase
from device.store.chain.evidence import evidence_lines
from device.store.chain.findings import Finding, Verdict
from device.store.chain.heads import Chain
from device.store.chain.links import Links
from device.store.chain.reading import Each, last_checkpoint, verify
from device.store.session import Row, Session

PAGE_ROWS = 500
"""Read at once: a commit beside it waits that long at most."""
_ADDED = ("id", "stamp", "monotonic_s", "is_erased")
"""What the store itself adds to a row."""
_COLUMNS = {
    column.name: {"int | None": int, "float | None": float}.get(str(column.type))
    for column in fields(AuditRow)
    if column.name not in _ADDED
}
"""The others, and what is made of a value, so that it is hashed as SQLite stores it."""
_SELECT = (
    f"SELECT audit.id, {', '.join(f'{chr(34)}{name}{chr(34)}' for name in _COLUMNS)}, monotonic_s, "  # noqa: S608 - constants
    f"length(salt) > {SALT_BYTES} AS is_erased, stamp, {', '.join(f'stamps.{name} AS stamp_{name}' for name in STAMP)} "
    "FROM audit LEFT JOIN stamps ON stamps.id = stamp WHERE audit."
)
_PASSAGES = f"event = 'decision' AND outcome = 'granted' AND length(salt) = {SALT_BYTES} AND at < ?"
_ALL_WAS_SHOWN = frozenset({Reason.SECOND_AWAITED, Reason.HOST_AWAITED, Reason.AREA_FULL})
"""Refusals of someone who has shown all that one person can: one who is forced to raises the alarm all the same."""
_MODE_NAMES = {mode: name for name, mode in MODES.items()}
_LAST = 2**63 - 1
"""The largest number that SQLite gives a row."""


class Audit:
    """Who was let in, who was not, and why."""

    def __init__(self, session: Session, chain: Chain, by: str = "") -> None:
        """`by` is who acts: in each row that does not say another."""
        self._session = session
        self._by = by
        self._chain = chain
        self._links = Links(session, chain)

    def record(self, transaction: Transaction) -> int:
        """Commits the row of one swipe and returns its number."""
        decision, evidence = transaction.decision, transaction.decision.evidence
        is_forced = decision.duress and (decision.granted or decision.reason in _ALL_WAS_SHOWN)
        return self.add(
            AuditRow(
                id=0,
                at=transaction.started_at,
                event=Event.DECISION,
                badge=format_badge(transaction.credential) if transaction.credential else None,
                person_id=transaction.person.id if transaction.person else None,
                outcome=decision.outcome,
                reason=Reason.DURESS if is_forced else decision.reason,
                similarity=evidence.similarity if evidence else None,
                threshold=evidence.threshold if evidence else None,
                probes=evidence.probes if evidence else None,
                references=evidence.references if evidence else None,
                frames=transaction.frames,
                waited_s=transaction.waited_s,
                fault=(is_forced and _under_duress(decision)) or transaction.fault,
                door=transaction.door or None,
                reader=transaction.reader or None,
                mode=_MODE_NAMES.get(decision.mode) if transaction.person else None,
                rule=(transaction.ruling and transaction.ruling.rule) or None,
                schedule=(transaction.ruling and transaction.ruling.schedule) or None,
                **_presentation_of(decision),
            )
        )

    def note(  # noqa: PLR0913 - all that such a row may name
        self,
        event: Event,
        at: datetime,
        *,
        person: Person | None = None,
        badge: str | None = None,
        fault: str | None = None,
        by: str | None = None,
    ) -> int:
        """Commits the row of what an operator did and returns its number; `fault` has what else is to be said, `by` who
        did it.
        """
        return self.add(AuditRow(0, at, event, badge, person.id if person else None, fault=fault, by=by))

    def add(self, row: AuditRow) -> int:
        """Commits a row and returns its number; number, stamp and time since the boot are the store's to give."""
        named = row if row.by or not self._by else replace(row, by=self._by)
        return self._links.add({name: _stored(getattr(named, name), kind) for name, kind in _COLUMNS.items()})

    def add_restored(self, row: AuditRow, known: int) -> int:
        """The same for the first row of a restored copy, behind all rows that were `known` to have been written."""
        columns = {name: _stored(getattr(row, name), kind) for name, kind in _COLUMNS.items()}
        return self._links.add_restored(columns, known)

    def verify(
        self, keys: Sequence[Ed25519PublicKey] = (), *, start: int | None = None, each: Each = lambda _row: None
    ) -> Verdict:
        """Verifies the chain, or what is behind the checkpoint at row `start`, by default with this door's own key.

        `each` is called between reads with the last row's number. Raises `StoreError` without such a checkpoint.
        """
        return verify(self._session, self._chain, keys, start=start, each=each)

    def unacknowledged(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """What is wrong with the chain that no operator has acknowledged as it is now."""
        return unacknowledged(self._session, findings)

    def acknowledge(self, finding: Finding, at: datetime, why: str) -> int:
        """Commits the row by which an operator acknowledges that, and returns its number."""
        return self.note(Event.AUDIT_BREAK_ACKNOWLEDGED, at, fault=words_of(self._session, finding, why))

    def report(self, since: datetime, until: datetime) -> Report:
        """Counts of what happened from one time to before another."""
        return report_of(self._session, since, until)

    def hours(self, since: datetime, until: datetime) -> tuple[tuple[datetime, int], ...]:
        """How many were let in within each hour from one time to before another, by its begin in UTC."""
        return hours_of(self._session, since, until)

    def evidence(self, each: Each = lambda _row: None) -> Iterator[str]:
        """The chain as a file, a line at a time, that verifies elsewhere with the public key alone."""
        return evidence_lines(self._session, self._chain, each)

    def last_checkpoint(self) -> int | None:
        """The row of the last signed checkpoint or cut, None if there is none yet."""
        return last_checkpoint(self._session)

    def erase_person(self, person: Person) -> int:
        """Drops badge, number and text of all rows about a person, and those of their badges without anyone's number.

        Returns how many rows that were; the chain verifies afterwards. Call it before the person is removed.
        """
        held = self._session.rows("SELECT format, facility, number FROM badges WHERE person_id = ?", [person.id])
        badges = [format_badge(Credential(row["format"], row["facility"], int(row["number"]))) for row in held]
        marks = ", ".join("?" for _ in badges)
        where = f"person_id = ? OR (person_id IS NULL AND badge IN ({marks}))"
        return erase(self._session, self._chain, where, [person.id, *badges])

    def erase_passages(self, before: datetime, most: int) -> int:
        """The same for the first passages before a time; returns how many."""
        where = f"id IN (SELECT id FROM audit WHERE {_PASSAGES} LIMIT ?)"  # noqa: S608 - constants
        return erase(self._session, self._chain, where, [before.isoformat(), most])

    def count_passages(self, before: datetime, *, after_rows: datetime | None) -> int:
        """How many passages before a time have people in them still, without the rows that are cut before another."""
        last = last_before(self._session, after_rows.isoformat()) if after_rows else 0
        sql = f"SELECT count(*) AS n FROM audit WHERE {_PASSAGES} AND id > ?"  # noqa: S608 - constants
        return int(self._session.rows(sql, [before.isoformat(), last], can_change=False)[0]["n"])

    def cut(self, before: datetime) -> Cut | None:
        """Removes the oldest rows, some thousands at most, if they and all before them are of a time before.

        The newest row stays. A signed mark says what was removed; None if nothing was.
        """
        self._session.lock()
        return cut(self._session, self._chain, last_before(self._session, before.isoformat()))

    def count_before(self, before: datetime) -> int:
        """How many rows `cut` would remove in all."""
        last = last_before(self._session, before.isoformat())
        found = self._session.rows("SELECT count(*) AS n FROM audit WHERE id <= ?", [last], can_change=False)
        return int(found[0]["n"])

    def newest(self, limit: int, wanted: Wanted = ALL) -> tuple[AuditRow, ...]:
        """The last `limit` rows that are wanted, oldest first."""
        rows: list[Row] = []
        while len(rows) < limit:
            below = rows[-1]["id"] - 1 if rows else _LAST
            page = self._wanted(wanted, ("id <= ?", below), "DESC", min(PAGE_ROWS, limit - len(rows)))
            rows += page
            if not page:
                break
        return tuple(_row(row) for row in reversed(rows))

    def search(self, wanted: Wanted, each: Each = lambda _row: None) -> Iterator[AuditRow]:
        """All rows that are wanted, oldest first, a page at a time; `each` is called with the last row's number."""
        last = 0
        while page := self._wanted(wanted, ("id > ?", last), "ASC", PAGE_ROWS):
            yield from map(_row, page)
            last = page[-1]["id"]
            each(last)

    def one(self, number: int) -> AuditRow | None:
        """The row of that number, None if there is none."""
        return next((row for row in self.after(number - 1, 1) if row.id == number), None)

    def newest_first(self) -> Iterator[AuditRow]:
        """All rows, a page at a time."""
        below = _LAST
        while page := self._page("id <= ? ORDER BY audit.id DESC", below, PAGE_ROWS):
            yield from map(_row, page)
            below = page[-1]["id"] - 1

    def after(self, number: int, limit: int) -> tuple[AuditRow, ...]:
        """At most `limit` rows behind the one of that number, oldest first."""
        return tuple(_row(row) for row in self._page("id > ? ORDER BY audit.id", number, limit))

    def before_newest(self, count: int) -> int:
        """The number behind which the newest `count` rows are; of the newest row for 0."""
        found = self._session.rows(
            "SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?", [max(0, count)], can_change=False
        )
        return int(found[0]["id"]) if found else 0

    def decisions_on(self, badge: Credential, limit: int) -> tuple[AuditRow, ...]:
        """The last `limit` decisions on a badge, the newest first."""
        where = "badge = ? AND event = 'decision' ORDER BY audit.id DESC"
        return tuple(map(_row, self._page(where, format_badge(badge), limit)))

    def was_granted(self, badge: Credential, door: str) -> bool:
        """Whether a face was ever matched with this badge at that door."""
        found = self._session.rows(
            "SELECT 1 FROM audit WHERE badge = ? AND event = 'decision' AND door = ? AND reason IN (?, ?) "
            "AND outcome = 'granted' AND similarity >= threshold AND fault IS NOT ? LIMIT 1",
            [format_badge(badge), door, Reason.MATCH.code, Reason.DURESS.code, TYPED_UNDER_DURESS],
            can_change=False,
        )
        return bool(found)

    def __iter__(self) -> Iterator[AuditRow]:
        last = 0
        while page := self.after(last, PAGE_ROWS):
            yield from page
            last = page[-1].id

    def _wanted(self, wanted: Wanted, place: tuple[str, int], order: str, limit: int) -> list[Row]:
        conditions, values = zip(place, *wanted.conditions(), strict=True)
        where = " AND ".join(conditions)
        sql = f"{_SELECT}{where} ORDER BY audit.id {order} LIMIT ?"
        return self._session.rows(sql, [*values, limit], can_change=False)

    def _page(self, where: str, bound: int | str, limit: int) -> list[Row]:
        """Rows are never changed, so nothing that is written rests on their staying as they are."""
        return self._session.rows(
            f"{_SELECT}{where} LIMIT ?",
            [bound, limit],
            can_change=False,
        )


def broken_in(audits: Callable[[], AbstractContextManager[Audit]], pause: Callable[[], None]) -> Iterator[str]:
    """What is wrong with the chain that no operator has acknowledged, "" for nothing: behind the last checkpoint, which
    is fast, and then as a whole.

    `pause` is called between reads. Raises `StoreError`.
    """
    for is_whole in (False, True):
        with audits() as audit:
            start = None if is_whole else audit.last_checkpoint()
            found = audit.unacknowledged(audit.verify(start=start, each=lambda _row: pause()).findings)
        yield found[0].words if found else ""


def _under_duress(decision: Decision) -> str:
    """What the row has to say besides, so that the reason that it would have without duress can be told from it."""
    if not decision.granted:
        return REFUSED_UNDER_DURESS + decision.reason.code
    if decision.exit_reader:
        return LEFT_UNDER_DURESS
    is_typed = decision.reason is Reason.PIN and decision.evidence is not None and decision.evidence.matches
    return TYPED_UNDER_DURESS if is_typed else ""


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


def _stored(value: Any, kind: type[int] | type[float] | None) -> object:  # noqa: ANN401 - of any column
    """What SQLite would make of a value: not a number is NULL."""
    match value:
        case None:
            return None
        case datetime():
            return value.isoformat()
        case Reason():
            return value.code
        case Enum():
            return value.value
    if kind is float:
        return None if math.isnan(value) else float(value)
    return kind(value) if kind else value


def _stamp(row: dict[str, Any]) -> Stamp | None:
    """Takes the columns of the stamp out of a row."""
    version, model, settings, rules, boot, clock = (row.pop(f"stamp_{name}") for name in STAMP)
    if row["stamp"] is None or version is None:
        return None
    return Stamp(version, model, settings, rules, boot, ClockState(clock) if clock else None)


def _row(row: dict[str, Any]) -> AuditRow:
    read: dict[str, Callable[[str], object]] = {
        "at": datetime.fromisoformat,
        "event": Event,
        "outcome": Outcome,
        "pad": PadMode,
        "reason": Reason.from_code,
    }
    try:
        row["stamp"], row["is_erased"] = _stamp(row), bool(row["is_erased"])
        values: dict[str, Any] = {
            name: read[name](value) if name in read and value is not None else value for name, value in row.items()
        }
    except (KeyError, ValueError) as error:
        raise sqlite3.DataError(
            f"row {row['id']} of the audit holds something that this version does not know: {error}"
        ) from None
    return AuditRow(**values)
