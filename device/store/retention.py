"""Keeps the audit only for as long as it may be kept: passages lose their people first, then all rows go."""

from dataclasses import dataclass, replace
from datetime import datetime

from device.records import AuditRow, Event
from device.store.store import Store

MOST_PASSAGES = 2000
"""Erased at once: doors wait for that long at most."""


@dataclass(frozen=True, slots=True)
class Due:
    """How much is due: rows that are older than they may be, and passages whose people are still in them."""

    rows: int
    passages: int


def due(store: Store, *, rows_before: datetime | None, passages_before: datetime | None) -> Due:
    """What `keep_to` would do. Raises `StoreError`."""
    with store.audit() as audit:
        rows = audit.count_before(rows_before) if rows_before else 0
        return Due(rows, audit.count_passages(passages_before, after_rows=rows_before) if passages_before else 0)


def keep_to(
    store: Store, at: datetime, *, rows_before: datetime | None, passages_before: datetime | None, by: str | None = None
) -> Due:
    """Cuts off the rows before a time, and erases people from passages before another, some at a time.

    Each part is one transaction with its audit row. Raises `StoreError`; what was done until then stays done.
    """
    done = Due(0, 0)
    while rows_before:
        with store.forgetting(), store.audit() as audit:
            cut = audit.cut(rows_before)
            if cut is None:
                break
            audit.add(AuditRow(0, at, Event.AUDIT_CUT, fault=cut.words, by=by))
        done = replace(done, rows=done.rows + cut.count)
    while passages_before:
        with store.forgetting(), store.audit() as audit:
            count = audit.erase_passages(passages_before, MOST_PASSAGES)
            if not count:
                break
            words = f"people of {count} passages before {passages_before:%Y-%m-%d %H:%M} UTC"
            audit.add(AuditRow(0, at, Event.AUDIT_ERASED, fault=words, by=by))
        done = replace(done, passages=done.passages + count)
    return done
