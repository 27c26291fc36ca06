"""Opens one connection to the SQLite file: private, durable and migrated, or refused without a byte changed."""

import contextlib
import errno
import os
import sqlite3
import stat
import threading
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from device.errors import StoreError
from device.store.migrations import MIGRATIONS
from device.store.waiting import execute_when_free

FILE_NAME = "lintel.db"
_WAL_SAFE_FROM = (3, 51, 3)
"""Before this version SQLite's write-ahead log has a rare corruption race between two connections."""
_CREATING = threading.Lock()
"""A descriptor of the file is closed only while nothing else in this process can have it open."""
CACHE_KIB = 512
"""Pages that a connection keeps: with SQLite's 2 MB, memory grows over thousands of swipes until all are full."""
SPILL_PAGES = 500
"""Changed pages that a connection holds back until its commit, as SQLite does by itself: writing them earlier takes the
lock that keeps readers out.
"""


@dataclass(frozen=True, slots=True)
class Design:
    """A kind of database: what its file is called, and the migrations that make its schema."""

    file_name: str
    migrations: Migrations


PEOPLE_AND_AUDIT = Design(FILE_NAME, MIGRATIONS)


class Journal(StrEnum):
    """How SQLite keeps what a crash must not lose; the value is that of `PRAGMA journal_mode`."""

    PERSIST = "persist"
    """A rollback journal. It is kept: cut off, its blocks would hold the pages of people erased later."""
    WAL = "wal"


def safest_journal() -> Journal:
    """The journal for this version of SQLite."""
    return Journal.WAL if sqlite3.sqlite_version_info >= _WAL_SAFE_FROM else Journal.PERSIST


def open_database(path: Path, journal: Journal, design: Design = PEOPLE_AND_AUDIT) -> Database:
    """A connection to the database at `path`, a file that exists; made private and migrated if need be.

    Any thread may use it, one at a time. Raises `StoreError`, `sqlite3.Error`, `OSError`; loses nothing.
    """
    if stat.S_IMODE(look_at(path).st_mode) & 0o077:
        path.chmod(0o600)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=0,
        check_same_thread=False,
        isolation_level=None,
    )
    try:
        database = Database(connection, execute_plugins=False)
        connection.execute("BEGIN")
        execute_when_free(connection, "SELECT count(*) FROM sqlite_master")  # the lock, for all that is read here
        refuse_newer(database, path, design)
        is_old = bool(design.migrations.pending(database))
        connection.execute("COMMIT")
        _set_pragmas(database, journal)
        if is_old:
            _migrate(database, design)
    except BaseException:
        connection.close()
        raise
    return database


def make_file(path: Path) -> None:
    """Makes the file if there is none. Raises `OSError`, and `StoreError` if there has been one: a journal outlives it.

    Closing any descriptor of a file drops every lock that the process holds on it (fcntl(2)), so a file that exists
    is never opened here, only looked at.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    refuse_lost(path)
    with _CREATING, contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL, 0o600)
        try:
            if os.geteuid() == 0:  # it may be made later than the folder, when root is root again
                owner = path.parent.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
        finally:
            os.close(descriptor)


def refuse_lost(path: Path) -> None:
    """Raises `StoreError` if there is no file where there has been one: its journal is still there."""
    left = [journal.name for journal in _journals(path) if journal.is_file()]
    if left and not os.path.lexists(path):  # in this order: who makes a file makes its journal later
        raise StoreError(
            f"The database {path} is missing, but its {left[0]} is still there: it was deleted or moved.",
            hint=f"Restore a copy of it. To start with an empty one, delete {' and '.join(left)} too.",
        )


def _journals(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(f"{path.name}{suffix}") for suffix in ("-journal", "-wal"))


def path_exists(path: Path) -> bool:
    """Whether the folder has anything of this name, a dangling link too."""
    return os.path.lexists(path)


def look_at(path: Path) -> os.stat_result:
    """The file as the folder has it, without opening it. Raises `OSError` for a link or anything but a file."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, "it is a symbolic link, expected a file")
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    return found


def refuse_read_only(path: Path) -> None:
    """Raises `OSError` if the file or its folder cannot be written; SQLite would only say so at the first write."""
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK):
        return
    number = errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES
    raise OSError(number, os.strerror(number))


def refuse_newer(database: Database, path: Path, design: Design = PEOPLE_AND_AUDIT) -> None:
    """Raises `StoreError` for a database with migrations that this version does not know."""
    known, applied = _known(design), design.migrations.applied(database)
    newer = [migration.name for migration in applied if migration.name not in known]
    if newer:
        raise StoreError(
            f"The database {path} was made by a newer Lintel: this version does not know {', '.join(newer)}.",
            hint="Install the newer version again; this one leaves the file as it is.",
        )


SCHEMA_STAMP = "SELECT coalesce(max(id), 0) FROM _sqlite_migrations"
"""Gives a number that changes with each migration."""


@cache
def _known(design: Design) -> frozenset[str]:
    with contextlib.closing(Database(memory=True, execute_plugins=False)) as empty:
        return frozenset(migration.name for migration in design.migrations.pending(empty))


def _migrate(database: Database, design: Design) -> None:
    execute_when_free(database.conn, "BEGIN IMMEDIATE")
    try:
        design.migrations.apply(database)
        execute_when_free(database.conn, "COMMIT")
    except BaseException:
        database.conn.rollback()
        raise


def _set_pragmas(database: Database, journal: Journal) -> None:
    """A pragma that SQLite does not know or cannot follow is passed over in silence, so each is asked for again."""
    synchronous = 2 if journal is Journal.WAL else 3
    wanted = {"journal_mode": journal.value, "synchronous": synchronous, "foreign_keys": 1, "secure_delete": 1}
    for name, value in wanted.items():
        execute_when_free(database.conn, f"PRAGMA {name}={value}")
    received = {name: database.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
    if received != wanted:
        raise sqlite3.NotSupportedError(f"durable writes need {wanted}, SQLite chose {received}")
    for name, value in {"cache_size": -CACHE_KIB, "cache_spill": SPILL_PAGES}.items():
        execute_when_free(database.conn, f"PRAGMA {name}={value}")
