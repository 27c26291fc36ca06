"""A file that is not there yet, goes away, is replaced or is a link: denied with the reason, and in use again after."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from device.errors import StoreError
from device.records import AuditRow, Event
from device.store.audit import Audit
from device.store.database import Journal
from device.store.migrations import MIGRATIONS
from device.store.store import Store


def copied(store: Store, folder: Path) -> Path:
    """A whole copy of the store's file, made by SQLite."""
    folder.mkdir()
    with closing(sqlite3.connect(store.path)) as source, closing(sqlite3.connect(folder / "lintel.db")) as copy:
        source.backup(copy)
    return folder / "lintel.db"


def used(store: Store) -> list[str]:
    """Reads; raises what a swipe would."""
    with store.people() as people:
        return [enrolled.person.name for enrolled in people.everyone()]


def events(store: Store) -> list[tuple[Event, str | None]]:
    with store.audit() as audit:
        return [(row.event, row.fault) for row in audit]


def test_lazy_store_opens_nothing_until_it_is_used(tmp_path: Path) -> None:
    with Store(tmp_path / "state", opened=False) as store:
        assert not store.path.parent.exists()
        assert used(store) == []


def test_lazy_store_raises_nothing_until_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with Store(tmp_path / "state", opened=False) as store, pytest.raises(StoreError, match=r"exists|Not a directory"):
        used(store)


def test_lazy_store_works_once_the_disk_is_there(tmp_path: Path, trouble_of: Callable[[Store], str]) -> None:
    (tmp_path / "state").touch()
    with Store(tmp_path / "state", opened=False) as store:
        before = trouble_of(store)
        (tmp_path / "state").unlink()
        assert (used(store), trouble_of(store), before != "") == ([], "", True)


@pytest.mark.usefixtures("eileen")
def test_store_works_again_when_the_disk_is_back(store: Store) -> None:
    folder = store.path.parent
    folder.rename(folder.with_name("away"))
    with pytest.raises(StoreError, match="deleted"):
        used(store)
    folder.with_name("away").rename(folder)
    assert used(store) == ["Eileen Collins"]


@pytest.mark.usefixtures("eileen")
def test_file_that_was_replaced_is_in_use(store: Store, tmp_path: Path, now: datetime) -> None:
    copy = copied(store, tmp_path / "copy")
    with store.people() as people:
        people.add("Grace Hopper", now)
    copy.replace(store.path)
    assert used(store) == ["Eileen Collins"]


@pytest.mark.usefixtures("eileen")
def test_file_that_was_replaced_is_made_private(store: Store, tmp_path: Path) -> None:
    copy = copied(store, tmp_path / "copy")
    copy.chmod(0o644)
    copy.replace(store.path)
    used(store)
    assert store.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("eileen")
def test_file_that_was_replaced_is_noted_in_the_new_one(store: Store, tmp_path: Path) -> None:
    copied(store, tmp_path / "copy").replace(store.path)
    used(store)
    assert events(store) == [
        (Event.FAULT, "The database's file was replaced while Lintel used it; the new one is in use.")
    ]


@pytest.mark.usefixtures("eileen")
def test_row_written_after_a_replacement_is_in_the_new_file(store: Store, tmp_path: Path, now: datetime) -> None:
    copied(store, tmp_path / "copy").replace(store.path)
    with store.audit() as audit:
        number = audit.note(Event.ENROLLED, now)
    with closing(sqlite3.connect(store.path)) as other:
        assert other.execute("SELECT event FROM audit WHERE id = ?", [number]).fetchone() == ("enrolled",)


@pytest.mark.usefixtures("eileen")
def test_row_that_went_into_the_file_before_is_not_acknowledged(store: Store, tmp_path: Path, now: datetime) -> None:
    copy = copied(store, tmp_path / "copy")

    def write() -> None:
        with store.audit() as audit:
            audit.note(Event.FAULT, now)
            copy.replace(store.path)

    with pytest.raises(StoreError, match="replaced"):
        write()


@pytest.mark.usefixtures("eileen")
def test_file_that_was_deleted_is_denied_and_not_made_again(store: Store) -> None:
    store.path.unlink()
    with pytest.raises(StoreError, match="deleted while Lintel used it") as refused:
        used(store)
    assert ("Restore a copy" in refused.value.hint, store.path.exists()) == (True, False)


@pytest.mark.usefixtures("eileen")
def test_file_that_was_deleted_is_a_trouble_until_it_is_back(
    store: Store, tmp_path: Path, trouble_of: Callable[[Store], str]
) -> None:
    copy = copied(store, tmp_path / "copy")
    store.path.unlink()
    during = trouble_of(store)
    copy.replace(store.path)
    assert ("deleted" in during, trouble_of(store), used(store)) == (True, "", ["Eileen Collins"])


@pytest.mark.usefixtures("eileen")
@pytest.mark.parametrize("opened", [True, False], ids=["command", "service"])
def test_file_that_was_deleted_is_not_made_again_by_a_new_store(store: Store, opened: bool) -> None:
    store.close()
    store.path.unlink()
    with pytest.raises(StoreError, match=r"lintel.db-journal is still there") as refused:
        used(Store(store.path.parent, opened=opened))
    assert ("delete lintel.db-journal too" in refused.value.hint, store.path.exists()) == (True, False)


@pytest.mark.usefixtures("eileen")
def test_file_that_was_deleted_with_its_journal_begins_empty(store: Store) -> None:
    store.close()
    for path in store.path.parent.iterdir():
        path.unlink()
    with Store(store.path.parent) as again:
        assert used(again) == []


@pytest.mark.usefixtures("eileen")
def test_file_that_was_emptied_is_denied(store: Store) -> None:
    os.truncate(store.path, 0)
    with pytest.raises(StoreError, match="emptied while Lintel used it"):
        used(store)


@pytest.mark.usefixtures("eileen")
def test_log_of_the_file_before_is_not_applied_to_the_new_one(tmp_path: Path, now: datetime) -> None:
    with Store(tmp_path / "wal", journal=Journal.WAL) as store:
        copy = copied(store, tmp_path / "copy")
        with store.people() as people:
            people.add("Grace Hopper", now)
        copy.replace(store.path)
        with pytest.raises(StoreError, match=r"lintel.db-wal still holds writes of the file before"):
            used(store)


@pytest.mark.parametrize("opened", [True, False])
def test_link_is_refused_and_what_it_points_to_left_alone(tmp_path: Path, opened: bool) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "elsewhere").write_bytes(b"")
    (tmp_path / "state" / "lintel.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="symbolic link"):
        used(Store(tmp_path / "state", opened=opened))
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_link_to_nothing_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "lintel.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="symbolic link"):
        Store(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lintel.db")
    with pytest.raises(StoreError, match="not a regular file"):
        Store(tmp_path)


NEWER = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('lintel', '9999-vault', 'then')"


@pytest.mark.usefixtures("eileen")
@pytest.mark.parametrize("what", ["ALTER TABLE audit ADD COLUMN chain TEXT", "ALTER TABLE people RENAME TO persons"])
def test_newer_schema_under_a_running_service_is_denied(store: Store, what: str) -> None:
    assert used(store) == ["Eileen Collins"]
    with closing(sqlite3.connect(store.path)) as newer:
        newer.execute(what)
        newer.execute(NEWER)
        newer.commit()
    for use in (used, events):
        with pytest.raises(StoreError, match="made by a newer Lintel: this version does not know 9999-vault"):
            use(store)


def test_newer_schema_under_a_running_service_is_a_trouble(
    store: Store, now: datetime, trouble_of: Callable[[Store], str]
) -> None:
    with closing(sqlite3.connect(store.path)) as newer:
        newer.execute(NEWER)
        newer.commit()
    with pytest.raises(StoreError, match="9999-vault"), store.audit() as audit:
        audit.note(Event.FAULT, now)
    assert "newer Lintel" in trouble_of(store)


@pytest.mark.usefixtures("eileen")
def test_copy_of_an_older_version_in_its_place_is_migrated(store: Store, tmp_path: Path) -> None:
    (tmp_path / "older").mkdir()
    with closing(sqlite3.connect(tmp_path / "older" / "lintel.db")) as older:
        MIGRATIONS.apply(sqlite_utils_of(older), stop_before="0004-indexes-on-foreign-keys")
        older.execute("INSERT INTO people (name, enrolled_at) VALUES ('Ada', '2026-11-24T12:00:00+00:00')")
        older.commit()
    shutil.copyfile(tmp_path / "older" / "lintel.db", tmp_path / "copy")
    (tmp_path / "copy").replace(store.path)
    assert used(store) == ["Ada"]


def sqlite_utils_of(connection: sqlite3.Connection) -> Database:
    from sqlite_utils import Database

    return Database(connection)


def test_file_replaced_during_a_read_is_no_error(store: Store, tmp_path: Path) -> None:
    with store.people() as people:
        people.everyone()
        copied(store, tmp_path / "copy").replace(store.path)
    assert used(store) == []


def test_file_that_was_replaced_is_checked_anew(store: Store, tmp_path: Path) -> None:
    store._checkup.finding = "row 5 missing from index badges_by_person"
    copied(store, tmp_path / "copy").replace(store.path)
    used(store)
    assert store._checkup.finding == ""


def test_replacement_is_noted_once_the_new_file_takes_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(store, tmp_path / "copy").replace(store.path)

    def full(_audit: Audit, _row: AuditRow) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Audit, "add", full)
        with pytest.raises(StoreError, match="No space left"):
            used(store)
    noted = [events(store) for _ in range(2)]
    replaced = "The database's file was replaced while Lintel used it; the new one is in use."
    assert noted == [[(Event.FAULT, replaced)]] * 2
