"""Opens the one SQLite file: durable pragmas, migrations, and errors that say what to do."""

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlite_utils import Database

from device.errors import StoreError
from device.store.migrations import MIGRATIONS

FILE_NAME = "lintel.db"
LOCK_TIMEOUT_S = 5.0
"""How long a writer waits for another program's transaction."""

_WAL_SAFE_FROM = (3, 51, 3)
"""Before this version SQLite's write-ahead log has a rare corruption race between two connections."""


def open_database(folder: Path) -> Database:
    """The database in `folder`, made or migrated if need be. Raises `StoreError`; loses nothing."""
    path = folder / FILE_NAME
    with store_errors(path):
        _make_private(path)
        # opened by the main thread for a door's own: one thread at a time uses it, and only one ever does
        connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, check_same_thread=False)
        try:
            database = Database(connection)
            _refuse_newer(database, path)
            _set_pragmas(database)
            with transaction(database):
                MIGRATIONS.apply(database)
        except BaseException:
            connection.close()
            raise
    return database


@contextlib.contextmanager
def transaction(database: Database) -> Iterator[None]:
    """All or nothing of what is written inside; inside another transaction, a part of it.

    It takes the lock for writing at once: of two that read first and write later, SQLite would refuse one.
    """
    if database.conn.in_transaction:
        with database.atomic():
            yield
        return
    database.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.conn.commit()
    except BaseException:
        database.conn.rollback()
        raise


@contextlib.contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turns what the file system and SQLite raise into a `StoreError` with what to do."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StoreError(f"Cannot use the database {path}: {what}.", hint=_advice(error)) from None


def _advice(error: sqlite3.Error | OSError) -> str:
    """What to do, by the error's number: its words may be anything, a path among them."""
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, _WRITABLE)
    if isinstance(error, sqlite3.DataError):
        return _DAMAGED
    return _BY_SQLITE.get(getattr(error, "sqlite_errorcode", 0) & _KIND, _AGAIN)


_KIND = 0xFF
"""SQLite's extended codes have their kind in the lowest byte."""

_WRITABLE = "Make the folder writable for this user, or name another with --state-dir."
_DAMAGED = "The file is damaged; restore a copy of it."
_HELD = "Another program holds the database; close it and try again."
_ROOM = "Make room on the disk; nothing that was acknowledged is lost."
_FAILING = "The disk is full or failing; nothing that was acknowledged is lost."
_AGAIN = "Try again; if it stays, restore a copy of the file."
_BY_SQLITE = {
    sqlite3.SQLITE_NOTADB: "The file is damaged or something else; move it away, or restore a copy of it.",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_LOCKED: _HELD,
    sqlite3.SQLITE_FULL: _ROOM,
    sqlite3.SQLITE_IOERR: _FAILING,
    sqlite3.SQLITE_READONLY: _WRITABLE,
    sqlite3.SQLITE_CANTOPEN: _WRITABLE,
    sqlite3.SQLITE_PERM: _WRITABLE,
}
_BY_ERRNO = {errno.ENOSPC: _ROOM, errno.EDQUOT: _ROOM, errno.EFBIG: _ROOM, errno.EIO: _FAILING}


def overwrite_journal(database: Database, path: Path) -> None:
    """Writes zeros over what a rollback journal still holds of earlier pages; the lock for writing keeps all others
    from using it meanwhile. What a flash card copied elsewhere by itself is out of reach.
    """
    journal = path.with_name(f"{path.name}-journal")
    with transaction(database), contextlib.suppress(FileNotFoundError), journal.open("r+b") as file:
        file.write(bytes(journal.stat().st_size))
        file.flush()
        os.fsync(file.fileno())


def _make_private(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _set_pragmas(database: Database) -> None:
    """A pragma that SQLite does not know or cannot follow is passed over in silence, so each is asked for again.

    A rollback journal is kept: cut off, its blocks would lie about on the disk with the pages of people erased later.
    """
    journal, synchronous = ("wal", 2) if sqlite3.sqlite_version_info >= _WAL_SAFE_FROM else ("persist", 3)
    wanted = {"journal_mode": journal, "synchronous": synchronous, "foreign_keys": 1, "secure_delete": 1}
    for name, value in wanted.items():
        database.execute(f"PRAGMA {name}={value}")
    received = {name: database.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
    if received != wanted:
        raise sqlite3.NotSupportedError(f"durable writes need {wanted}, SQLite chose {received}")


def _refuse_newer(database: Database, path: Path) -> None:
    with contextlib.closing(Database(memory=True)) as empty:
        known = {migration.name for migration in MIGRATIONS.pending(empty)}
    newer = [migration.name for migration in MIGRATIONS.applied(database) if migration.name not in known]
    if newer:
        raise StoreError(
            f"The database {path} was made by a newer Lintel: this version does not know {', '.join(newer)}.",
            hint="Install the newer version again; this one leaves the file as it is.",
        )
