"""One way to the file: no lock is lost, no thread's transaction is another's, and who holds a lock is named."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from device.errors import StoreError
from device.records import Event, Person
from device.store import holders as holders_module
from device.store.connections import Connections
from device.store.database import Journal
from device.store.holders import Holder, holders
from device.store.store import Store
from tests.processes import output_of
from tests.waiting import PATIENCE_S

WRITE_ELSEWHERE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0.2, isolation_level=None)
try:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO audit (at, event) VALUES ('2026-11-24T12:00:00+00:00', 'fault')")
    connection.execute("COMMIT")
    print("committed")
except sqlite3.OperationalError as error:
    print(error)
"""
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN")
connection.execute(sys.argv[2]).fetchone()
print("holds", flush=True)
sys.stdin.readline()
"""


def in_a_thread(do: Callable[..., Any]) -> None:
    thread = threading.Thread(target=do)
    thread.start()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def written_elsewhere(store: Store) -> str:
    """What another process says that tries to commit a row now."""
    command = [sys.executable, "-c", WRITE_ELSEWHERE, str(store.path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


@contextmanager
def held_elsewhere(store: Store, statement: str) -> Iterator[int]:
    """Another process keeps a lock; its number."""
    command = [sys.executable, "-c", HOLD, str(store.path), statement]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert output_of(child).readline() == "holds\n"
            yield child.pid
        finally:
            child.kill()


def looked_at(store: Store) -> None:
    with store:
        store.trouble()


def row_count(store: Store) -> int:
    with closing(sqlite3.connect(store.path)) as other:
        return int(other.execute("SELECT count(*) FROM audit").fetchone()[0])


@pytest.mark.parametrize(
    "do",
    [
        lambda store: Store(store.path.parent, journal=store._connections._journal).close(),
        lambda store: looked_at(Store(store.path.parent, opened=False, journal=store._connections._journal)),
        lambda store: store.trouble(),
        lambda store: store.copy_in_memory().close(),
    ],
    ids=["another store is opened and closed", "a lazy store looks", "the store is looked at", "it is copied"],
)
@pytest.mark.parametrize("journal", list(Journal))
def test_lock_of_one_thread_survives_what_another_does(
    tmp_path: Path, now: datetime, do: Callable[..., Any], journal: Journal
) -> None:
    with Store(tmp_path, journal=journal) as store, store.audit() as audit:
        audit.note(Event.FAULT, now)
        in_a_thread(lambda: do(store))
        assert written_elsewhere(store) == "database is locked"


def test_row_acknowledged_elsewhere_stays(store: Store, now: datetime) -> None:
    """The deterministic case: a transaction is open, a store opens and closes beside it, another process commits."""
    acknowledged = 0
    with store.audit() as audit:
        audit.note(Event.FAULT, now)
        in_a_thread(lambda: Store(store.path.parent).close())
        acknowledged += written_elsewhere(store) == "committed"
    assert row_count(store) == acknowledged + 1


def test_file_is_opened_by_nobody_but_sqlite(
    store: Store, eileen: Person, now: datetime, monkeypatch: pytest.MonkeyPatch, trouble_of: Callable[[Store], str]
) -> None:
    opened, real = [], os.open

    def noted(path: Path, *arguments: int, **options: Any) -> int:
        descriptor = real(path, *arguments, **options)
        opened.append(str(path))
        return descriptor

    monkeypatch.setattr(os, "open", noted)
    with Store(store.path.parent) as other:
        other.erase(eileen, now)
        assert trouble_of(other) == ""
    assert str(store.path.parent) in opened
    assert str(store.path) not in opened


def test_one_place_connects_to_the_database() -> None:
    """Of the others two connect to memory, one only looks, and one copies, in a process of its own."""
    rooms = Path(__file__).parents[3] / "device"
    places = [path.name for path in sorted(rooms.rglob("*.py")) if "sqlite3.connect(" in path.read_text()]
    assert places == ["checkup.py", "copying.py", "database.py", "full_disk.py", "look.py"]


def test_rollback_of_one_thread_leaves_the_row_of_another(store: Store, now: datetime) -> None:
    written, may_end = threading.Event(), threading.Event()

    def fail() -> None:
        with suppress(RuntimeError), store.people():
            may_end.wait(PATIENCE_S)
            raise RuntimeError

    def write() -> None:
        with store.audit() as audit:
            audit.note(Event.FAULT, now)
        written.set()

    failing = threading.Thread(target=fail)
    failing.start()
    in_a_thread(write)
    may_end.set()
    failing.join(PATIENCE_S)
    assert row_count(store) == 1


def test_thread_does_not_join_the_transaction_of_another(store: Store, now: datetime) -> None:
    seen = []
    with store.people() as people:
        people.add("Grace Hopper", now)

        def look() -> None:
            with store.people() as others:
                seen.append(others.named("Grace Hopper"))

        in_a_thread(look)
    assert seen == [None]


def test_threads_that_ended_leave_no_connection_behind(store: Store) -> None:
    def look() -> None:
        with store.people() as people:
            people.everyone()

    for _ in range(20):
        in_a_thread(look)
    assert isinstance(store._connections, Connections)
    assert len(store._connections._idle) == 1


def test_reading_waits_for_no_writer(store: Store, eileen: Person) -> None:
    with held_elsewhere(store, "INSERT INTO audit (at, event) VALUES ('', '')"), store.people() as people:
        assert people.named("Eileen Collins") == eileen


def test_reading_keeps_no_writer_waiting(store: Store, eileen: Person) -> None:
    with store.people() as people:
        assert people.named("Eileen Collins") == eileen
        assert written_elsewhere(store) == "committed"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.store.waiting.LOCK_TIMEOUT_S", 0.1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("statement", ["SELECT * FROM audit", "INSERT INTO audit (at, event) VALUES ('', '')"])
@pytest.mark.parametrize("journal", list(Journal))
def test_program_that_keeps_a_lock_is_named(tmp_path: Path, now: datetime, statement: str, journal: Journal) -> None:
    with Store(tmp_path, journal=journal) as store:
        with store.audit() as audit:
            audit.note(Event.FAULT, now)
        if journal is Journal.WAL and statement.startswith("SELECT"):
            pytest.skip("with a write-ahead log a reader keeps nobody waiting")
        with (
            held_elsewhere(store, statement) as number,
            pytest.raises(StoreError, match=rf"locked by python\S* \(process {number}\)") as refused,
            store.audit() as audit,
        ):
            audit.note(Event.FAULT, now)
    assert f"`sudo kill {number}`" in refused.value.hint


@pytest.mark.usefixtures("impatient")
def test_program_that_keeps_a_lock_is_a_trouble_until_it_lets_go(
    store: Store, now: datetime, trouble_of: Callable[[Store], str]
) -> None:
    with store.audit() as audit:
        audit.note(Event.FAULT, now)
    with held_elsewhere(store, "SELECT * FROM audit") as number:
        assert f"process {number}" in trouble_of(store)
    assert trouble_of(store) == ""


TABLE = """\
1: POSIX  ADVISORY  WRITE 41 {place} 1073741825 1073741825
1: -> POSIX  ADVISORY  WRITE 42 {place} 1073741825 1073741825
2: FLOCK  ADVISORY  WRITE 43 {place} 0 EOF
3: OFDLCK ADVISORY  READ -1 {place} 0 EOF
4: POSIX  ADVISORY  READ 44 {place} 1073741826 1073742335
5: POSIX  ADVISORY  READ 45 00:00:{inode} 0 EOF
6: POSIX  ADVISORY  READ 0 {place} 0 EOF
a line that means nothing
"""


def proc(folder: Path, table: str) -> Path:
    """A /proc with this table of locks; process 41 has a name that a terminal would obey."""
    (folder / "proc" / "41").mkdir(parents=True)
    (folder / "proc" / "41" / "comm").write_text("\x1b[2Jbrowser\n")
    (folder / "proc" / "locks").write_text(table)
    return folder / "proc"


@pytest.fixture
def place(store: Store) -> str:
    status = store.path.stat()
    return f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"


def test_holders_are_those_with_a_lock_on_this_very_file(
    store: Store, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = TABLE.format(place=place, inode=store.path.stat().st_ino)
    monkeypatch.setattr(holders_module, "PROCESSES", proc(tmp_path, table))
    assert holders(store.path) == (Holder(41, "[2Jbrowser"), Holder(44, ""))


def test_holder_is_found_where_the_device_is_numbered_otherwise(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = f"1: POSIX  ADVISORY  READ 44 00:2f:{store.path.stat().st_ino} 0 EOF\n"
    monkeypatch.setattr(holders_module, "PROCESSES", proc(tmp_path, table))
    assert holders(store.path) == (Holder(44, ""),)


def test_without_a_table_of_locks_nobody_is_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders_module, "PROCESSES", tmp_path)
    assert holders(store.path) == ()
