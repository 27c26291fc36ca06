"""A small audit, and a copy of it that any SQLite tool may change."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device.records import AuditRow, ClockState, Event, Outcome, Reason, Stamp
from device.store.chain.findings import Verdict
from device.store.store import Store

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STAMP = Stamp("1.2.3", "ab" * 32, "cd" * 32, "ef" * 32, "boot-1", ClockState.TRUSTED)


def rows_of(count: int) -> list[AuditRow]:
    """Rows of several kinds: decisions of people, and events of a door."""
    granted = {"outcome": Outcome.GRANTED, "reason": Reason.MATCH, "similarity": 0.97, "threshold": 0.94}
    kinds: list[dict[str, Any]] = [
        {"event": Event.DECISION, "badge": "17:1001", "person_id": 1, "mode": "badge+face", "door": "main", **granted},
        {"event": Event.DOOR_HELD_OPEN, "door": "main", "fault": "31 s"},
        {"event": Event.SERVICE_STARTED},
        {"event": Event.BADGE_ISSUED, "person_id": 2, "badge": "17:1002", "by": "ada"},
    ]
    return [AuditRow(id=0, at=NOON, **kinds[number % len(kinds)]) for number in range(count)]


def written(folder: Path, count: int, *, stamp: Stamp | None = STAMP) -> Path:
    """A store with so many rows; its folder."""
    with Store(folder) as store:
        store.chain.stamp = (lambda: stamp) if stamp else None
        for row in rows_of(count):
            with store.audit() as audit:
                audit.add(row)
    return folder


def copied(folder: Path, target: Path) -> Path:
    """A copy of the state folder alone: the keys stay where they are, beside the copy."""
    shutil.copytree(folder, target)
    keys = folder.with_name(f"{folder.name}-keys")
    shutil.copytree(keys, target.with_name(f"{target.name}-keys"))
    return target


def edited(folder: Path, *statements: tuple[str, list[Any]]) -> None:
    """What something else than Lintel does to the database."""
    with closing(sqlite3.connect(folder / "lintel.db")) as other:
        for sql, values in statements:
            other.execute(sql, values)
        other.commit()


def verified(folder: Path, start: int | None = None) -> Verdict:
    """What a verification says that writes nothing before it."""
    with Store(folder, opened=False) as store:
        store._guard.is_checked = True
        with store.audit() as audit:
            return audit.verify(start=start)
