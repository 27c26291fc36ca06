"""Looking at a database that the service would refuse: the same words, and not one byte of it changed."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from device.errors import StoreError
from device.store.look import look
from device.store.store import Store


def made_in(folder: Path) -> Path:
    with Store(folder) as store:
        return store.path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def cut_off_in(folder: Path, elsewhere: Path) -> None:
    """A copy of the database as a power cut leaves it in the middle of a transaction, its journal beside it."""
    with closing(sqlite3.connect(made_in(elsewhere), isolation_level=None)) as other:
        other.execute("PRAGMA cache_size = 1")
        other.execute("BEGIN IMMEDIATE")
        other.executemany("INSERT INTO people (name, enrolled_at) VALUES (?, '')", [(f"{n:0500}",) for n in range(200)])
        folder.mkdir()
        for name, held in contents(elsewhere).items():
            (folder / name).write_bytes(held)


def test_folder_without_a_database_is_fine(tmp_path: Path) -> None:
    assert (look(tmp_path), list(tmp_path.iterdir())) == (tmp_path / "lintel.db", [])


def test_database_that_is_whole_is_left_as_it_is(tmp_path: Path) -> None:
    made_in(tmp_path)
    before = contents(tmp_path)
    assert (look(tmp_path), contents(tmp_path)) == (tmp_path / "lintel.db", before)


def test_database_that_was_deleted_is_missed(tmp_path: Path) -> None:
    (tmp_path / "lintel.db-journal").write_bytes(bytes(512))
    with pytest.raises(StoreError, match=r"lintel\.db is missing"):
        look(tmp_path)


def test_hint_names_all_that_an_empty_start_needs_deleted(tmp_path: Path) -> None:
    for suffix in ("journal", "wal"):
        (tmp_path / f"lintel.db-{suffix}").write_bytes(bytes(512))
    with pytest.raises(StoreError, match=r"its lintel\.db-journal is still there") as refused:
        look(tmp_path)
    assert "delete lintel.db-journal and lintel.db-wal too" in (refused.value.hint or "")


def test_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(made_in(tmp_path))) as other, other:
        other.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('lintel', 'x', '')")
    with pytest.raises(StoreError, match="newer Lintel: this version does not know x"):
        look(tmp_path)


def test_journal_left_by_a_power_cut_is_no_trouble(tmp_path: Path) -> None:
    """Nor is it applied: the service does that when it opens the database."""
    cut_off_in(tmp_path / "here", tmp_path / "elsewhere")
    before = contents(tmp_path / "here")
    assert (look(tmp_path / "here").name, contents(tmp_path / "here")) == ("lintel.db", before)
    with Store(tmp_path / "here") as store, store.people() as people:
        assert people.everyone() == ()


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lintel.db").write_bytes(bytes(range(256)) * 32)
    with pytest.raises(StoreError, match="not a database"):
        look(tmp_path)


def test_database_that_is_locked_is_said_to_be(tmp_path: Path) -> None:
    with closing(sqlite3.connect(made_in(tmp_path), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked"):
            look(tmp_path)


def test_another_program_is_waited_for_50_milliseconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_in(tmp_path)
    asked: list[tuple[float | None, int]] = []

    def execute(connection: sqlite3.Connection, statement: str, patience_s: float | None = None) -> sqlite3.Cursor:
        asked.append((patience_s, connection.execute("PRAGMA busy_timeout").fetchone()[0]))
        return connection.execute(statement)

    monkeypatch.setattr("device.store.look.execute_when_free", execute)
    look(tmp_path)
    assert asked == [(0.05, 0)]
