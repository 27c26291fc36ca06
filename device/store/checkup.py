"""Checks the whole database now and then, on a copy in memory and in a thread of its own, so that nothing waits."""

import contextlib
import math
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from sqlite_utils import Database

from device.failures import in_words

EVERY_S = 24 * 3600.0
"""How often the database is checked."""
BROKEN_S = 600.0
"""How often the chain is verified while it is broken: an operator may acknowledge that meanwhile."""
AGAIN_S = 3600.0
"""When it is tried again after a check that could not be made."""
COPY_WITHIN_S = 60.0
"""A copy starts over after each write; after this time the check is put off."""
MAX_BYTES = 256 * 1024**2
"""A larger database is not copied into memory, and not checked."""
MAX_SHARE = 4
"""Nor one that would take more than a `MAX_SHARE`th of the free memory."""
_PAGE_BYTES = 4096
_MEMORY = Path("/proc/meminfo")
_STEP_PAGES = 256
"""Copied at once, 1 MiB: a commit waits that long at most."""
PAUSES = 3
"""The chain is verified for a fourth of the time, and rests for three."""
_JOIN_S = 5.0
_RETRY_S = 0.01
"""Until a step is tried again that found the database locked."""


class _PutOffError(Exception):
    """The check can not be made now."""


class Checkup:
    """Looks at the database once a day."""

    def __init__(
        self,
        copied: Callable[[Callable[[int], None]], Database],
        chained: Callable[[Callable[[], None]], Iterable[str]] = lambda _pause: (),
    ) -> None:
        """`copied` gives a copy in memory, and calls its argument between steps with the number of all pages. `chained`
        verifies the audit, first what is new and then all of it: it says each time what is wrong, "" for nothing, and
        calls its argument between reads.
        """
        self._copied = copied
        self._chained = chained
        self._due_at = 0.0
        self._chain_due_at = math.inf
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.finding = ""
        """What is wrong, "" if nothing was found."""
        self.broken = ""
        """What is wrong with the audit's chain, likewise."""

    def begin_if_due(self) -> None:
        """Starts a check in the background at the first call and once a day after it; of a broken chain more often."""
        now = time.monotonic()
        is_due = now >= self._due_at
        if not (is_due or now >= self._chain_due_at):
            return
        if self._stop.is_set() or (self._thread and self._thread.is_alive()):
            return
        if is_due:
            self._due_at = now + EVERY_S
        check = self._check if is_due else self._check_chain
        self._thread = threading.Thread(target=check, name="store-checkup", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until the check that is under way ends."""
        if self._thread:
            self._thread.join()

    def forget(self) -> None:
        """The file is another: it is checked at the next call."""
        self._due_at, self.finding, self.broken = 0.0, "", ""

    def close(self) -> None:
        """Ends a check that is under way."""
        self._stop.set()
        if self._thread:
            self._thread.join(_JOIN_S)

    def _check(self) -> None:
        self._check_file()
        self._check_chain()

    def _check_chain(self) -> None:
        read_at = time.monotonic()

        def pause() -> None:
            """Leaves the processor and the disk to the doors, for three times as long as a read took."""
            nonlocal read_at
            if self._stop.wait(PAUSES * (time.monotonic() - read_at)):
                raise _PutOffError
            read_at = time.monotonic()

        try:
            for broken in self._chained(pause):
                self.broken = broken
            self._chain_due_at = time.monotonic() + BROKEN_S if self.broken else math.inf
        except Exception:  # as below
            self._due_at = min(self._due_at, time.monotonic() + AGAIN_S)
            self._chain_due_at = math.inf

    def _check_file(self) -> None:
        deadline, most = time.monotonic() + COPY_WITHIN_S, room()

        def between_steps(pages: int) -> None:
            if self._stop.is_set() or time.monotonic() > deadline or pages * _PAGE_BYTES > most:
                raise _PutOffError

        try:
            with contextlib.closing(self._copied(between_steps)) as copy:
                self.finding = found_in(copy)
        except Exception:  # put off, or the store fails, which its next use reports
            self._due_at = time.monotonic() + AGAIN_S


def room() -> int:
    """Bytes that a copy in memory may take."""
    with contextlib.suppress(OSError):
        free = re.search(r"^MemAvailable: +(\d+) kB$", _MEMORY.read_text(), re.MULTILINE)
        if free:
            return min(MAX_BYTES, int(free[1]) * 1024 // MAX_SHARE)
    return MAX_BYTES


def found_in(database: Database) -> str:
    """The first thing wrong with a database, "" for nothing.

    `integrity_check` also compares indexes with their tables, which `quick_check` does not.
    """
    try:
        (first, *_) = database.conn.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return in_words(error)
    return "" if first == "ok" else str(first).removeprefix("*** in database main ***\n").splitlines()[0]


def copy_in_steps(database: Database, between_steps: Callable[[int], None]) -> Database:
    """A copy in memory, without holding SQLite's lock for longer than a step. Raises `sqlite3.Error`."""
    copy = database_in_memory()
    try:
        database.conn.backup(
            copy.conn,
            pages=_STEP_PAGES,
            progress=lambda _status, _left, pages: between_steps(pages),
            sleep=_RETRY_S,
        )
    except BaseException:
        copy.close()
        raise
    return copy


def database_in_memory() -> Database:
    """An empty database that never reaches a disk, for any thread, one at a time."""
    return Database(sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None), execute_plugins=False)
