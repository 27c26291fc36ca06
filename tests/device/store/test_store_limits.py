"""The store's promises as numbers: who may read its file, how long anything waits, how much memory a check takes."""

import errno
import fcntl
import os
import sqlite3
import stat
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from device.errors import StoreError
from device.records import Event, Person
from device.store import checkup, holders, turnstile, waiting
from device.store.database import Journal, look_at
from device.store.erasure import announce, is_announced
from device.store.faults import is_of_disk, store_errors
from device.store.store import Store
from device.store.turnstile import Turnstile
from device.store.watch import Watch
from tests.waiting import PATIENCE_S

MIB = 1024 * 1024


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class Stopwatch:
    """Stands in for the module `time`: sleeping moves its clock, and is written down."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._now = 1000.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds


class TestPrivacy:
    def test_database_is_for_its_owner_alone(self, store: Store) -> None:
        assert mode_of(store.path) == 0o600

    @pytest.mark.parametrize("others", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601])
    def test_database_that_others_may_use_is_made_private(self, tmp_path: Path, others: int) -> None:
        with Store(tmp_path) as opened:
            opened.path.chmod(others)
        with Store(tmp_path) as opened:
            assert mode_of(opened.path) == 0o600

    def test_mark_of_an_erasure_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        announce(tmp_path / "lintel.db", Person(7, "Eileen"))
        (mark,) = tmp_path.iterdir()
        assert (mark.name, mode_of(mark)) == ("lintel.db-erasing-7", 0o600)

    def test_erasure_announced_twice_is_one(self, tmp_path: Path) -> None:
        for _ in range(2):
            announce(tmp_path / "lintel.db", Person(7, "Eileen"))
        assert (is_announced(tmp_path / "lintel.db"), len(list(tmp_path.iterdir()))) == (True, 1)

    def test_link_in_place_of_the_database_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "lintel.db").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(StoreError, match="symbolic link"):
            Store(tmp_path)
        with pytest.raises(OSError, match="symbolic link") as refused:
            look_at(tmp_path / "lintel.db")
        assert refused.value.errno == errno.ELOOP


class TestWaiting:
    def test_another_s_turn_is_awaited_for_two_seconds(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        watch = Stopwatch()
        monkeypatch.setattr(turnstile, "time", watch)
        with Turnstile(tmp_path).turn(), Turnstile(tmp_path).turn():
            pass
        assert (round(sum(watch.slept), 2), max(watch.slept)) == (2.0, 0.001)

    def test_turn_that_is_free_is_not_waited_for(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        watch = Stopwatch()
        monkeypatch.setattr(turnstile, "time", watch)
        with Turnstile(tmp_path).turn():
            pass
        assert watch.slept == []

    def test_who_has_written_lets_others_go_first_for_five_milliseconds(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        watch = Stopwatch()
        monkeypatch.setattr(turnstile, "time", watch)
        door = Turnstile(tmp_path)
        door.committed()
        for _ in range(2):
            with door.turn():
                pass
        assert [round(seconds, 6) for seconds in watch.slept] == [0.005]

    def test_row_that_was_written_lets_others_go_first(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        now = datetime(2026, 11, 30)
        watch = Stopwatch()
        monkeypatch.setattr(turnstile, "time", watch)
        for _ in range(2):
            with store.audit() as audit:
                audit.note(Event.FAULT, now)
        assert [round(seconds, 6) for seconds in watch.slept] == [0.005]

    def test_folder_is_locked_during_a_turn(self, tmp_path: Path) -> None:
        descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
        with Turnstile(tmp_path).turn(), pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(descriptor)

    @pytest.mark.parametrize(("patience_s", "waits_s"), [(None, 5.0), (0.5, 0.5), (0.0, 0.0)])
    def test_lock_of_another_program_is_waited_for_five_seconds(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, patience_s: float | None, waits_s: float
    ) -> None:
        watch = Stopwatch()
        monkeypatch.setattr(waiting, "time", watch)
        with closing(sqlite3.connect(store.path, timeout=0, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with closing(sqlite3.connect(store.path, timeout=0)) as mine, pytest.raises(sqlite3.OperationalError):
                waiting.execute_when_free(mine, "BEGIN IMMEDIATE", patience_s)
        assert round(sum(watch.slept), 2) == waits_s

    def test_answer_is_waited_for_a_quarter_of_a_second(self) -> None:
        hangs, answered = threading.Event(), threading.Event()

        def look() -> str:
            hangs.wait(PATIENCE_S)
            return ""

        watch = Watch(look, "The part")

        def ask() -> None:
            watch.ask()
            answered.set()

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        came = answered.wait(PATIENCE_S / 2)
        hangs.set()
        asking.join(PATIENCE_S)
        assert came


class TestCheckup:
    @pytest.mark.parametrize(("free_kb", "room_bytes"), [(8 * 1024 * 1024, 256 * MIB), (400_000, 102_400_000), (0, 0)])
    def test_copy_takes_a_quarter_of_the_free_memory_or_256_mib(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_kb: int, room_bytes: int
    ) -> None:
        (tmp_path / "meminfo").write_text(f"MemTotal:  1 kB\nMemAvailable:    {free_kb} kB\n")
        monkeypatch.setattr(checkup, "_MEMORY", tmp_path / "meminfo")
        assert checkup.room() == room_bytes

    def test_copy_takes_256_mib_where_free_memory_is_unknown(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(checkup, "_MEMORY", tmp_path / "none")
        assert checkup.room() == 256 * MIB

    def test_file_is_checked_daily_and_hourly_if_put_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        watch, made = Stopwatch(), list[float]()
        monkeypatch.setattr(checkup, "time", watch)

        def copied(_between: object) -> Database:
            made.append(watch.monotonic())
            if len(made) == 2:
                raise sqlite3.OperationalError("locked")
            return Database(memory=True)

        daily = checkup.Checkup(copied)
        for _ in range(200):
            daily.begin_if_due()
            daily.wait()
            watch.sleep(600.0)
        assert [at - 1000.0 for at in made] == [0.0, 86_400.0, 90_000.0]


class TestAudit:
    def test_empty_audit_has_nothing_before_its_newest_row(self, store: Store) -> None:
        with store.audit() as audit:
            assert [audit.before_newest(count) for count in (-1, 0, 5)] == [0, 0, 0]

    def test_newest_rows_are_behind_this_number(self, store: Store, now: datetime) -> None:
        with store.audit() as audit:
            for _ in range(5):
                audit.note(Event.FAULT, now)
            assert [audit.before_newest(count) for count in (-1, 0, 1, 4, 5)] == [5, 5, 4, 1, 0]


class TestFaults:
    @pytest.mark.parametrize(
        ("code", "of_disk"),
        [
            (sqlite3.SQLITE_FULL, True),
            (sqlite3.SQLITE_IOERR, True),
            (sqlite3.SQLITE_IOERR_FSYNC, True),
            (sqlite3.SQLITE_READONLY, True),
            (sqlite3.SQLITE_READONLY_DBMOVED, False),
            (sqlite3.SQLITE_BUSY, False),
            (sqlite3.SQLITE_CORRUPT, False),
        ],
    )
    def test_errors_of_a_disk_that_cannot_write(self, tmp_path: Path, code: int, of_disk: bool) -> None:
        failure = sqlite3.OperationalError("it failed")
        failure.sqlite_errorcode = code
        with pytest.raises(StoreError) as raised, store_errors(tmp_path / "lintel.db"):
            raise failure
        assert is_of_disk(raised.value) is of_disk

    def test_other_errors_are_not_of_the_disk(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError) as raised, store_errors(tmp_path / "lintel.db"):
            raise PermissionError(errno.EACCES, "denied")
        assert is_of_disk(raised.value) is False


def test_lock_table_is_read_for_other_programs_alone() -> None:
    table = "\n".join(
        f"{number}: POSIX  ADVISORY  {mode} {process} fe:01:567 120 120"
        for number, (mode, process) in enumerate([("WRITE", 4321), ("READ", 1), ("WRITE", 0), ("WRITE", -1)])
    )
    found = [(lock.writes, lock.process, lock.inode, lock.start) for lock in holders._locks(table)]
    assert found == [(True, 4321, 567, 120), (False, 1, 567, 120)]


def add_and_fail(store: Store, name: str, now: datetime) -> None:
    with store.people() as people:
        people.add(name, now)
        raise RuntimeError


@pytest.mark.parametrize("journal", Journal)
def test_parts_inside_each_other_are_undone_alone(tmp_path: Path, journal: Journal, now: datetime) -> None:
    with Store(tmp_path, journal=journal) as opened:
        with opened.people() as outer:
            outer.add("first", now)
            with opened.people() as middle:
                middle.add("second", now)
                with pytest.raises(RuntimeError):
                    add_and_fail(opened, "third", now)
            outer.add("fourth", now)
        with opened.people() as people:
            assert sorted(known.person.name for known in people.everyone()) == ["first", "fourth", "second"]
