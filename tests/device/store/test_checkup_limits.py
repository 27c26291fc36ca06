"""The daily check as numbers: how large a database it copies, how long it tries, and that it keeps no one waiting."""

import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlite_utils import Database

from device.store import checkup
from device.store.checkup import Checkup, copy_in_steps
from tests.waiting import PATIENCE_S


class Moments:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Moments:
    moments = Moments()
    monkeypatch.setattr(checkup, "time", moments)
    monkeypatch.setattr(checkup, "room", lambda: 256 * 1024 * 1024)
    return moments


def checked(time: Moments, *, after_s: float, pages: int) -> bool:
    """Whether a copy of so many pages, made after that time, was allowed to go on."""
    went_on: list[bool] = []

    def copied(between: Callable[[int], None]) -> Database:
        time.now += after_s
        between(pages)
        went_on.append(True)
        return Database(memory=True)

    daily = Checkup(copied)
    daily.begin_if_due()
    daily.wait()
    return went_on == [True]


@pytest.mark.parametrize(("after_s", "goes_on"), [(0.0, True), (60.0, True), (60.5, False)])
def test_copy_is_tried_for_a_minute(time: Moments, after_s: float, goes_on: bool) -> None:
    assert checked(time, after_s=after_s, pages=1) is goes_on


@pytest.mark.parametrize(("pages", "goes_on"), [(1, True), (65_536, True), (65_537, False)])
def test_database_of_the_room_in_memory_is_copied(time: Moments, pages: int, goes_on: bool) -> None:
    """256 MiB are 65,536 pages of 4 KiB."""
    assert checked(time, after_s=0.0, pages=pages) is goes_on


class Backup:
    """A connection that remembers how it was asked to copy itself."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, float]] = []
        self.target: sqlite3.Connection | None = None

    @property
    def conn(self) -> "Backup":
        return self

    def backup(
        self, target: sqlite3.Connection, *, pages: int, progress: Callable[[int, int, int], None], sleep: float
    ) -> None:
        self.target = target
        self.asked.append((pages, sleep))
        progress(0, 3, 7)


def test_copy_holds_the_lock_for_a_mebibyte_at_a_time() -> None:
    database: Any = Backup()
    seen: list[int] = []
    copy_in_steps(database, seen.append).close()
    assert (database.asked, seen) == ([(256, 0.01)], [7])


def test_copy_that_is_given_up_is_closed() -> None:
    database: Any = Backup()

    def give_up(_pages: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        copy_in_steps(database, give_up)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        database.target.execute("SELECT 1")


def test_end_gives_a_check_five_seconds_and_stops_it(time: Moments, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, waits_s, stopped = threading.Event(), list[float | None](), list[bool]()

    def copied(between: Callable[[int], None]) -> Database:
        goes_on.wait(PATIENCE_S)
        try:
            between(1)
        except Exception:
            stopped.append(True)
            raise
        return Database(memory=True)

    daily = Checkup(copied)
    daily.begin_if_due()
    thread = daily._thread
    assert thread is not None
    with monkeypatch.context() as patch:
        patch.setattr(thread, "join", waits_s.append)
        daily.close()
    goes_on.set()
    thread.join(PATIENCE_S)
    time.now += 100_000.0
    daily.begin_if_due()
    assert (waits_s, stopped, thread.daemon, daily._thread is thread) == ([5.0], [True], True, True)


def test_check_under_way_is_not_begun_again(time: Moments) -> None:
    goes_on, begun = threading.Event(), list[float]()

    def copied(_between: Callable[[int], None]) -> Database:
        begun.append(time.now)
        goes_on.wait(PATIENCE_S)
        return Database(memory=True)

    daily = Checkup(copied)
    for _ in range(3):
        daily.begin_if_due()
        time.now += 100_000.0
    goes_on.set()
    daily.wait()
    assert begun == [1000.0]
