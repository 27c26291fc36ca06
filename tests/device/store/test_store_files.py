"""What the store does with files: how each connection is set up, who may read them, and that none stays open."""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import pytest

from device.errors import StoreError
from device.records import Credential, Event, Person
from device.store import erasure, waiting
from device.store.connections import Connections
from device.store.database import Journal, make_file, safest_journal
from device.store.holders import Holder
from device.store.store import Store


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_files(folder: Path) -> list[str]:
    """The names of those in a folder that this process has open, the folder itself among them."""
    found = [link.readlink() for link in list(Path("/proc/self/fd").iterdir()) if link.is_symlink()]
    return sorted(path.name for path in found if path.is_relative_to(folder))


@pytest.mark.parametrize(
    ("version", "journal"),
    [
        ((3, 40, 1), "persist"),
        ((3, 51, 2), "persist"),
        ((3, 51, 3), "wal"),
        ((3, 52, 0), "wal"),
        ((4, 0, 0), "wal"),
    ],
)
def test_write_ahead_log_is_used_from_sqlite_3_51_3(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], journal: str
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    assert safest_journal().value == journal


@pytest.mark.parametrize(
    ("journal", "settings"),
    [(Journal.PERSIST, ("persist", 3, 1, 1, 0)), (Journal.WAL, ("wal", 2, 1, 1, 0))],
)
def test_each_connection_is_durable_and_overwrites_what_is_erased(
    tmp_path: Path, journal: Journal, settings: tuple[str, int, int, int, int]
) -> None:
    asked = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
    with Store(tmp_path, journal=journal) as store, store._connection() as one, store._connection() as other:
        for connection in (one, other):
            found = tuple(connection.database.execute(f"PRAGMA {name}").fetchone()[0] for name in asked)
            assert found == settings


def test_connections_of_a_rush_are_not_kept(tmp_path: Path) -> None:
    """Each has a descriptor, and pages of its own."""
    with Store(tmp_path) as store:
        with ExitStack() as rush:
            lent = [rush.enter_context(store._connection()) for _ in range(8)]
        assert isinstance(store._connections, Connections)
        kept = store._connections._idle
        assert len(kept) == 2
        for connection in lent:
            if connection in kept:
                assert connection.database.execute("SELECT 1").fetchone() == (1,)
            else:
                with pytest.raises(sqlite3.ProgrammingError, match="closed"):
                    connection.database.execute("SELECT 1")


@pytest.mark.parametrize("journal", Journal)
def test_connection_keeps_half_a_megabyte_of_pages(tmp_path: Path, journal: Journal) -> None:
    with Store(tmp_path, journal=journal) as store, store._connection() as one:
        found = [one.database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("cache_size", "cache_spill")]
        assert found == [-512, 500]


def test_new_folder_and_file_are_for_their_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        make_file(tmp_path / "state" / "lintel.db")
    finally:
        os.umask(old)
    assert (mode_of(tmp_path / "state"), mode_of(tmp_path / "state" / "lintel.db")) == (0o700, 0o600)


@pytest.mark.parametrize("journal", Journal)
def test_closed_store_has_no_file_open(tmp_path: Path, journal: Journal, now: datetime) -> None:
    with Store(tmp_path, journal=journal) as store:
        with store._connection(), store._connection(), store.audit() as audit:
            audit.note(Event.FAULT, now)
        assert "lintel.db" in open_files(tmp_path)
        store.trouble()
        store._watch.wait()
    assert open_files(tmp_path) == []


def test_connection_after_an_error_is_closed(store: Store) -> None:
    with pytest.raises(StoreError), store.people() as people:
        people._session.execute("INSERT INTO nowhere VALUES (1)")
    assert open_files(store.path.parent) == []


def test_connection_given_back_after_the_end_is_closed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store._connection():
        store.close()
        assert "lintel.db" in open_files(tmp_path)
    assert open_files(tmp_path) == []


def test_copy_in_memory_knows_whose_badge_it_is(store: Store, eileen: Person, badge: Credential) -> None:
    """A person removed from the copy takes their badge along, and the store keeps both."""
    with store.copy_in_memory() as copy:
        with copy.people() as people:
            people.remove(eileen)
        with copy.people() as people:
            assert people.badge(badge) is None
    with store.people() as people:
        assert people.held(badge).person == eileen


def test_closed_copy_is_gone(store: Store) -> None:
    copy = store.copy_in_memory()
    copy.close()
    with pytest.raises(StoreError), copy.people() as people:
        people.everyone()


@pytest.fixture
def unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose erasure can't be completed just now."""

    def fail(*_: Path) -> NoReturn:
        raise OSError(5, "Input/output error")

    with Store(tmp_path):
        erasure.announce(tmp_path / "lintel.db", Person(7, "Eileen"))
    monkeypatch.setattr(erasure, "_overwrite", fail)
    yield tmp_path
    monkeypatch.undo()


def test_erasure_that_waits_keeps_no_store_from_opening(
    unfinished: Path, trouble_of: Callable[[Store], str], now: datetime
) -> None:
    with Store(unfinished) as store:
        with store.audit() as audit:
            audit.note(Event.FAULT, now)
        assert trouble_of(store) == ""
    assert erasure.is_announced(unfinished / "lintel.db")


def test_another_program_may_hold_the_lock_for_half_a_second(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is a trouble, and named."""
    asked: list[tuple[str, float | None]] = []

    def execute(connection: sqlite3.Connection, statement: str, patience_s: float | None = None) -> sqlite3.Cursor:
        asked.append((statement, patience_s))
        return connection.execute(statement)

    monkeypatch.setattr("device.store.store.holders", lambda _path: (Holder(7, "sqlite3"),))
    monkeypatch.setattr("device.store.store.execute_when_free", execute)
    assert store._looked_at() == ""
    assert asked == [("BEGIN EXCLUSIVE", 0.5)]
    with closing(sqlite3.connect(store.path, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")


@pytest.mark.parametrize("journal", Journal)
def test_mark_of_an_erasure_is_flushed_before_anything_is_erased(
    tmp_path: Path, journal: Journal, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[Path, int]] = []
    with Store(tmp_path, journal=journal) as store:
        with store.people() as people:
            eileen = people.add("Eileen", now)

        def flush(folder: Path) -> None:
            with closing(sqlite3.connect(f"file:{store.path}?mode=ro", uri=True)) as other:
                flushed.append((folder, other.execute("SELECT count(*) FROM people").fetchone()[0]))

        monkeypatch.setattr(erasure, "flush_folder", flush)
        store.erase(eileen, now)
    assert flushed == [(tmp_path, 1)]


def test_bytes_of_the_erased_are_overwritten_before_the_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, flushed = tmp_path / "lintel.db-journal", list[bytes]()
    with Store(tmp_path, journal=Journal.PERSIST) as store, store._connection() as connection:
        journal.write_bytes(b"face" * 256)
        monkeypatch.setattr(os, "fsync", lambda _descriptor: flushed.append(journal.read_bytes()))
        erasure.finish(connection.database, store.path)
    assert bytes(1024) in flushed


def test_erasure_that_another_process_completed_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path) as store, store._connection() as connection:
        erasure.announce(store.path, Person(7, "Eileen"))
        mark = tmp_path / "lintel.db-erasing-7"
        monkeypatch.setattr(erasure, "_overwrite", lambda _journal: mark.unlink())
        erasure.finish(connection.database, store.path)
        assert not erasure.is_announced(store.path)


def test_log_that_somebody_reads_is_not_said_to_be_erased(
    tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark stays, so that the next process completes it."""
    monkeypatch.setattr(erasure, "LOCK_TIMEOUT_S", 0.0)
    with Store(tmp_path, journal=Journal.WAL) as store:
        with store.people() as people:
            eileen = people.add("Eileen", now)
        with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM people").fetchall()
            with pytest.raises(StoreError):
                store.erase(eileen, now)
            assert erasure.is_announced(store.path)
    with Store(tmp_path, journal=Journal.WAL) as store:
        assert not erasure.is_announced(store.path)


def test_lock_that_is_not_waited_for_costs_no_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    class Still:
        """A clock that stands still."""

        sleep = staticmethod(slept.append)

        @staticmethod
        def monotonic() -> float:
            return 1000.0

    monkeypatch.setattr(waiting, "time", Still)
    with Store(tmp_path) as store, closing(sqlite3.connect(store.path, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with (
            closing(sqlite3.connect(store.path, timeout=0)) as mine,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            waiting.execute_when_free(mine, "BEGIN IMMEDIATE", 0.0)
    assert slept == []
