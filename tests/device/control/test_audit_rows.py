"""The rows of a real store as subscriptions say them: complete, with names, in short reads."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from device.control.audit_rows import AuditRows
from device.control.messages import Row
from device.errors import StoreError
from device.records import AuditRow, Event, Outcome, Reason
from device.store.store import Store
from tests.device.control.ledger import client, numbers, serving_rows
from tests.waiting import PATIENCE_S, quickest_s, until

AT = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from device.records import AuditRow, Event
from device.store.store import Store

with Store(Path(sys.argv[1])) as store:
    for number in range(int(sys.argv[2])):
        with store.audit() as audit:
            audit.add(AuditRow(0, datetime.now(UTC), Event.FAULT, fault=f"{sys.argv[3]} {number}"))
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as store:
        yield store


def written(store: Store, count: int) -> None:
    with store.audit() as audit:
        for number in range(count):
            audit.add(AuditRow(0, AT, Event.FAULT, fault=f"row {number}"))


def test_row_has_all_that_was_written(store: Store) -> None:
    with store.audit() as audit:
        audit.add(
            AuditRow(0, AT, Event.DECISION, "17:1001", 4, Outcome.DENIED, Reason.NON_MATCH, 0.25, 0.5, 3, 5, 7, 1.5)
        )
    page = AuditRows(store).after(0, 10)
    assert page.end == 1
    assert page.rows == (
        Row(1, "2026-11-30T10:00:00+00:00", "decision", "17:1001", 4, "denied", "non-match", 0.25, 0.5, 3, 5, 7, 1.5),
    )


def test_pages_are_whole(store: Store) -> None:
    written(store, 5)
    rows = AuditRows(store)
    assert [[row.id for row in rows.after(after, 2).rows] for after in (0, 2, 4, 5)] == [[1, 2], [3, 4], [5], []]
    assert [rows.after(after, 2).end for after in (0, 2, 4, 5, 9)] == [2, 4, 5, 5, 5]


@pytest.mark.parametrize(("count", "number"), [(0, 5), (1, 4), (5, 0), (9, 0)])
def test_newest_rows_are_behind_a_number(store: Store, count: int, number: int) -> None:
    written(store, 5)
    assert AuditRows(store).before_newest(count) == number


def test_empty_audit_has_no_rows(store: Store) -> None:
    rows = AuditRows(store)
    assert (rows.after(0, 10).rows, rows.after(0, 10).end, rows.before_newest(3)) == ((), 0, 0)


def test_files_that_were_written_have_another_signature(store: Store) -> None:
    rows = AuditRows(store)
    before = rows.signature()
    assert rows.signature() == before
    written(store, 1)
    assert rows.signature() != before


def test_missing_store_is_an_error_and_has_a_signature(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, not a folder")
    rows = AuditRows(Store(tmp_path / "state", opened=False))
    with pytest.raises(StoreError):
        rows.after(0, 10)
    assert rows.signature() == (None, None, None)


def test_a_page_of_many_rows_is_read_within_50_ms(store: Store) -> None:
    written(store, 20_000)
    rows = AuditRows(store)
    for after in (0, 10_000, 19_950):
        assert quickest_s(partial(rows.after, after, 100), 0.05) < 0.05


def test_rows_of_several_processes_come_once_and_in_order(store: Store, path: Path) -> None:
    service = serving_rows(path, AuditRows(store))
    updates = client(path).subscribe(1)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(store.path.parent), "25", name]) for name in ("one", "two")
    ]
    found = numbers(updates, 50)
    written(store, 10)
    found += numbers(updates, 10)
    assert [writer.wait(PATIENCE_S) for writer in writers] == [0, 0]
    assert found == list(range(1, 61))
    service.close()


def test_store_that_comes_back_is_read_on(store: Store, path: Path) -> None:
    written(store, 3)
    service = serving_rows(path, AuditRows(store))
    updates = client(path).subscribe(1)
    assert numbers(updates, 3) == [1, 2, 3]
    hidden = store.path.rename(store.path.with_name("hidden"))
    until(lambda: type(next(updates)).__name__ == "Trouble")
    hidden.rename(store.path)
    written(store, 1)
    assert numbers(updates, 1) == [4]
    service.close()
