"""The database file: made, migrated, private and durable, or refused without a byte changed."""

import contextlib
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pytest

from device.errors import StoreError
from device.records import AuditRow, Event, Person
from device.store.connections import Connections
from device.store.database import FILE_NAME
from device.store.faults import store_errors
from device.store.migrations import MIGRATIONS
from device.store.store import Store
from tests.processes import input_of, output_of

TABLES = {"people", "badges", "face_references", "audit"}
PRAGMAS = {
    "rollback journal": {"journal_mode": "persist", "synchronous": 3, "foreign_keys": 1, "secure_delete": 1},
    "write-ahead log": {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1},
}
OPEN = """
import sys
from pathlib import Path
from device.errors import StoreError
from device.store.store import Store

print("ready", flush=True)
sys.stdin.readline()
try:
    with Store(Path(sys.argv[1])) as store, store.people() as people:
        print(f"opened, {len(people.everyone())} people")
except StoreError as error:
    print(error.message, error.hint)
"""
POWERLESS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def start(folder: Path, *, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """A child that says "ready", waits for a line, and opens the store in `folder`."""
    command = [*before, sys.executable, "-c", OPEN, str(folder)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    output_of(child).readline()
    return child


def opened_without_privileges(folder: Path) -> str:
    """What a child says that opens the store and may no more than its user; root has its privilege taken away."""
    if os.getuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("needs setpriv (util-linux) to take root's privilege away")
    child = start(folder, before=POWERLESS if os.getuid() == 0 else ())
    return child.communicate("go\n", timeout=60)[0]


def test_folder_and_file_are_made(tmp_path: Path) -> None:
    with Store(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b" / FILE_NAME).is_file()


def test_every_table_is_there(store: Store) -> None:
    assert tables(store.path) >= TABLES


def test_every_migration_is_noted(store: Store) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        noted = [name for (name,) in connection.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]
    assert noted == [migration.name for migration in MIGRATIONS._migrations]


def test_store_opens_again(store: Store, eileen: Person) -> None:
    with Store(store.path.parent) as again, again.people() as people:
        assert people.named("Eileen Collins") == eileen


def test_plugins_of_other_packages_are_not_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking takes 80 ms of a command's 380, and what is found would run in the door's process."""

    def looked_for() -> None:
        raise AssertionError("plugins were loaded")

    monkeypatch.setattr("sqlite_utils.db.ensure_plugins_loaded", looked_for)
    with Store(tmp_path / "state"):
        assert (tmp_path / "state" / "lintel.db").is_file()


def test_store_closes_twice(tmp_path: Path) -> None:
    store = Store(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    store.close()
    store.close()
    assert len(list(Path("/proc/self/fd").iterdir())) < before


@pytest.mark.parametrize("name", ["", "lintel.db"])
def test_store_is_private(store: Store, name: str) -> None:
    assert (store.path.parent / name).stat().st_mode & 0o077 == 0


def test_pragmas_are_durable(tmp_path: Path, journal: str) -> None:
    with Store(tmp_path) as store:
        assert isinstance(store._connections, Connections)
        connection = store._connections._idle[-1].database.conn
        received = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS[journal]}
    assert received == PRAGMAS[journal]


@pytest.mark.parametrize(
    "pragma",
    ["journal_mode=delete", "synchronous=1", "foreign_keys=0", "secure_delete=0"],
    ids=lambda p: p.split("=")[0],
)
def test_pragma_that_does_not_hold_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pragma: str) -> None:
    """As with a SQLite that was built without a feature, or a file system that cannot do it."""
    real, (name, _, _) = sqlite3.connect, pragma.partition("=")

    class Stubborn(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            return super().execute(f"PRAGMA {pragma}" if sql.startswith(f"PRAGMA {name}=") else sql, *parameters)

    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: real(*args, **options, factory=Stubborn))
    with pytest.raises(StoreError, match=f"SQLite chose .*{name}"):
        Store(tmp_path)


def make_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('lintel', '9999-vault', 'then')"
        )
        connection.commit()


def test_newer_schema_is_refused(store: Store) -> None:
    store.close()
    make_newer(store.path)
    with pytest.raises(StoreError, match="made by a newer Lintel: this version does not know 9999-vault"):
        Store(store.path.parent)


def test_newer_schema_is_left_as_it_is(tmp_path: Path, journal: str) -> None:
    with Store(tmp_path) as store:
        path = store.path
    make_newer(path)
    before = path.read_bytes()
    with pytest.raises(StoreError):
        Store(tmp_path)
    assert (path.read_bytes(), journal) == (before, journal)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(StoreError, match=r"not a database|malformed|damaged") as refused:
        Store(tmp_path)
    assert "restore a copy" in refused.value.hint


def test_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError):
        Store(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == b"not a database at all" * 100


def test_damaged_page_is_an_error_when_it_is_read(store: Store, eileen: Person) -> None:
    store.close()
    content = bytearray(store.path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    store.path.write_bytes(content)
    with contextlib.ExitStack() as stack:
        stack.enter_context(pytest.raises(StoreError, match=r"malformed|not a database"))
        people = stack.enter_context(stack.enter_context(Store(store.path.parent)).people())
        people.references(eileen, "ab" * 32)


def test_path_of_the_folder_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StoreError, match=r"File exists|Not a directory"):
        Store(tmp_path / "state")


def test_path_of_the_file_may_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StoreError, match="Is a directory"):
        Store(tmp_path)


@pytest.mark.parametrize("made_before", [False, True])
def test_read_only_folder_is_refused_with_what_to_do(tmp_path: Path, made_before: bool) -> None:
    if made_before:
        Store(tmp_path).close()
        (tmp_path / FILE_NAME).chmod(0o400)
    tmp_path.chmod(0o500)
    said = opened_without_privileges(tmp_path)
    tmp_path.chmod(0o700)
    assert "Make the folder writable" in said


def test_folder_that_may_not_be_made_is_refused_with_what_to_do(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    said = opened_without_privileges(tmp_path / "state")
    tmp_path.chmod(0o700)
    assert "Permission denied. Make the folder writable" in said


def test_first_start_of_several_processes_at_once(tmp_path: Path) -> None:
    children = [start(tmp_path) for _ in range(4)]
    for child in children:
        input_of(child).write("go\n")
        input_of(child).flush()
    assert [child.communicate(timeout=60)[0] for child in children] == ["opened, 0 people\n"] * 4


def test_file_that_another_program_locks_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.store.waiting.LOCK_TIMEOUT_S", 0.0)
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked") as refused:
            Store(store.path.parent)
    assert "Another program" in refused.value.hint


@pytest.mark.usefixtures("eileen")
def test_writers_wait_for_each_other(store: Store, now: datetime) -> None:
    """One that read before it writes does not keep the other from writing."""
    outcome = []

    def write_elsewhere() -> None:
        with Store(store.path.parent) as other, other.audit() as audit:
            outcome.append(audit.note(Event.FAULT, now))

    writer = threading.Thread(target=write_elsewhere)
    with store.people() as people:
        people.everyone()
        writer.start()
        people.revoke(people.badges()[0].credential, now)
    writer.join()
    assert outcome == [1]


def failure(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("unable to open /srv/full/locked/lintel.db")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (failure(sqlite3.SQLITE_IOERR_FSYNC), "failing"),
        (failure(sqlite3.SQLITE_BUSY_SNAPSHOT), "Another program"),
        (failure(sqlite3.SQLITE_READONLY_DIRECTORY), "writable"),
        (failure(sqlite3.SQLITE_CORRUPT_INDEX), "restore a copy"),
        (failure(sqlite3.SQLITE_CONSTRAINT_UNIQUE), "Try again"),
        (sqlite3.ProgrammingError("Cannot operate on a closed database."), "Try again"),
        (sqlite3.DataError("a reference is damaged, of somebody named full"), "restore a copy"),
        (OSError(errno.ENOSPC, "No space left on device"), "Make room"),
        (PermissionError(errno.EACCES, "Permission denied"), "writable"),
    ],
)
def test_advice_goes_by_the_number_of_an_error_and_not_by_its_words(
    tmp_path: Path, error: Exception, advice: str
) -> None:
    with pytest.raises(StoreError) as told, store_errors(tmp_path):
        raise error
    assert advice in told.value.hint


def fill(store: Store, now: datetime) -> None:
    with store.audit() as audit:
        for _ in range(1000):
            audit.add(AuditRow(0, now, Event.FAULT, fault="x" * 100))


def test_full_disk_is_told(store: Store, now: datetime, connection: Connection) -> None:
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(StoreError, match="full") as refused:
        fill(store, now)
    assert "Make room" in refused.value.hint


def test_full_disk_loses_nothing_and_store_goes_on(
    store: Store, eileen: Person, now: datetime, connection: Connection
) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with contextlib.suppress(StoreError), store.people() as people:
        people.remove(eileen)
        fill(store, now)
    with store.people() as people, store.audit() as audit:
        assert (people.named("Eileen Collins"), audit.note(Event.FAULT, now)) == (eileen, 1)


def test_copy_in_memory_holds_the_same_and_is_no_file(store: Store, eileen: Person, now: datetime) -> None:
    files = sorted(store.path.parent.iterdir())
    with store.copy_in_memory() as copy, copy.people() as people:
        assert people.named("Eileen Collins") == eileen
        people.add("Grace Hopper", now)
        assert sorted(store.path.parent.iterdir()) == files
    with store.people() as people:
        assert people.named("Grace Hopper") is None


def test_copy_in_memory_keeps_its_tables_together(store: Store, eileen: Person, now: datetime) -> None:
    with store.copy_in_memory() as copy:
        copy.erase(eileen, now)
        with copy.people() as people:
            assert people.badges() == ()


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o666])
def test_file_that_others_may_read_is_made_private_again(store: Store, mode: int) -> None:
    store.close()
    store.path.chmod(mode)
    Store(store.path.parent).close()
    assert store.path.stat().st_mode & 0o777 == 0o600
