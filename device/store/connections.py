"""Opens and keeps the connections to the database's file, and notices when the file is no longer the one opened."""

import contextlib
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from device.errors import StoreError
from device.store.backup.installing import finish
from device.store.database import (
    PEOPLE_AND_AUDIT,
    SCHEMA_STAMP,
    Design,
    Journal,
    look_at,
    make_file,
    open_database,
    refuse_newer,
    refuse_read_only,
)
from device.store.turnstile import Turnstile
from device.store.waiting import execute_when_free

MOST_IDLE = 2
"""Connections that are kept for the next thread: a rush opens more, in 1 to 3 ms each, and closes them behind it. Each
that is kept fills for days: 0.3 MB of pages and of statements that it has seen.
"""
_Identity = tuple[int, int]
"""Device and inode: a file that was replaced has another."""


@dataclass(slots=True)
class Connection:
    """A connection that one thread has at a time, to the file it was opened for."""

    database: Database
    identity: _Identity
    known_stamp: int
    """The stamp of the last schema that was found to be known."""
    design: Design = PEOPLE_AND_AUDIT
    is_sound: bool = True

    def check_schema(self, stamp: int, path: Path) -> None:
        """Raises `StoreError` if a newer Lintel has changed the schema meanwhile, `sqlite3.Error` for an older one."""
        if stamp != self.known_stamp:
            refuse_newer(self.database, path, self.design)
            if self.design.migrations.pending(self.database):
                raise sqlite3.OperationalError("an older version of the database was put in its place")
            self.known_stamp = stamp


class Connections:
    """The only way to the file in this process. Thread-safe.

    Only SQLite opens the file once it exists: closing any other descriptor of it would drop SQLite's locks.
    """

    def __init__(self, folder: Path, journal: Journal, turnstile: Turnstile, design: Design = PEOPLE_AND_AUDIT) -> None:
        self.path = folder / design.file_name
        self._design = design
        self._journal = journal
        self._turnstile = turnstile
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._lent: list[Connection] = []
        self._last: _Identity | None = None
        self._was_replaced = False
        self._is_closed = False

    def lend(self) -> Connection:
        """A connection for this thread alone, until it is given back.

        Raises `StoreError` for a file that was deleted or emptied since it was opened first, and what
        `open_database` does.
        """
        with self._lock:
            if self._is_closed:
                raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
            present = self._present()
            self._drop_stale(present)
            connection = self._idle.pop() if self._idle else None
            if connection:
                self._lent.append(connection)
        return connection or self._opened()

    def give_back(self, connection: Connection) -> None:
        """Keeps a connection for the next thread, or closes it if something was wrong with it."""
        with self._lock:
            self._lent.remove(connection)
            is_usable = connection.is_sound and not connection.database.conn.in_transaction
            has_room = not self._is_closed and len(self._idle) < MOST_IDLE
            if is_usable and has_room and connection.identity == self._last:
                self._idle.append(connection)
                return
        connection.database.close()

    def moved(self, connection: Connection) -> bool:
        """Whether the file that the folder has now is another than the connection's."""
        try:
            return _identity(self.path) != connection.identity
        except OSError:
            return True

    def take_replaced(self) -> bool:
        """Whether the file was replaced since this was last asked."""
        with self._lock:
            replaced, self._was_replaced = self._was_replaced, False
            return replaced

    def put_back_replaced(self) -> None:
        """Puts back what `take_replaced` said: it could not be written down."""
        self._was_replaced = True

    def close(self) -> None:
        """Closes what is not lent, and the rest when it is given back; harmless when repeated."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.database.close()

    def _present(self) -> _Identity | None:
        """The file's identity; None if there has never been one. Raises `StoreError`, `OSError`."""
        try:
            found = look_at(self.path)
        except FileNotFoundError:
            if self._last is None:
                return None
            raise _gone(self.path, "deleted") from None
        if self._last is not None and not found.st_size:
            raise _gone(self.path, "emptied")
        refuse_read_only(self.path)
        return (found.st_dev, found.st_ino)

    def _drop_stale(self, present: _Identity | None) -> None:
        """Closes connections to a file that is no longer there.

        Raises `StoreError` while one of them is in use, as its journal has the new file's name, and for a write-ahead
        log that the old file left behind, which SQLite would apply to the new one.
        """
        stale = [connection for connection in self._idle if connection.identity != present]
        self._idle = [connection for connection in self._idle if connection.identity == present]
        for connection in stale:
            connection.database.close()
        if any(connection.identity != present for connection in self._lent):
            raise _being_replaced(self.path)
        if present != self._last and self._last is not None:
            _refuse_old_log(self.path)

    def _opened(self) -> Connection:
        if self._last is None:
            finish(self.path.parent)
            make_file(self.path)
        before = _identity(self.path)
        with self._turnstile.turn():
            database = open_database(self.path, self._journal, self._design)
        try:
            connection = Connection(database, before, _stamp(database), self._design)
            if self.moved(connection):
                raise _being_replaced(self.path)
            with self._lock:
                self._was_replaced = self._was_replaced or self._last not in (None, connection.identity)
                self._last = connection.identity
                self._lent.append(connection)
        except BaseException:
            database.close()
            raise
        return connection


class OneConnection:
    """The same for a database in memory, which has one connection: the others wait for it."""

    def __init__(self, database: Database) -> None:
        self._connection = Connection(database, (0, 0), _stamp(database))
        self._turn = threading.Lock()

    def lend(self) -> Connection:
        """The connection, once no other thread has it."""
        self._turn.acquire()
        return self._connection

    def give_back(self, connection: Connection) -> None:  # noqa: ARG002 - there is only one
        """Lets the next thread have it."""
        self._turn.release()

    def moved(self, connection: Connection) -> bool:  # noqa: ARG002
        """Memory stays where it is."""
        return False

    def take_replaced(self) -> bool:
        """Memory is not replaced."""
        return False

    def put_back_replaced(self) -> None:
        """Never comes to pass."""

    def close(self) -> None:
        """Forgets the database."""
        self._connection.database.close()


def _stamp(database: Database) -> int:
    return int(execute_when_free(database.conn, SCHEMA_STAMP).fetchone()[0])


def _identity(path: Path) -> _Identity:
    found = look_at(path)
    return (found.st_dev, found.st_ino)


def _being_replaced(path: Path) -> StoreError:
    return StoreError(f"The database {path} is being replaced.", hint="Try again in a moment.")


def _gone(path: Path, how: str) -> StoreError:
    return StoreError(
        f"The database {path} was {how} while Lintel used it; Lintel never replaces it by an empty one on its own.",
        hint=f"Restore a copy of it there. To start with an empty one, delete {path.name}-journal too and restart.",
    )


def _refuse_old_log(path: Path) -> None:
    log = path.with_name(f"{path.name}-wal")
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size:
            raise StoreError(
                f"The database {path} was replaced, and {log.name} still holds writes of the file before.",
                hint=f"Stop Lintel, move {log.name} and {path.name}-shm away, and start it again.",
            )
