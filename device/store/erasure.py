"""Overwrites what SQLite's journals still hold of an erased person, also when that was interrupted before."""

import contextlib
import os
import sqlite3
from pathlib import Path

from sqlite_utils import Database

from device.files import flush_folder
from device.records import Person
from device.store.waiting import LOCK_TIMEOUT_S, execute_when_free

_SUFFIX = "-erasing-"
_AUDIT = "audit"
"""In the place of a person's number: what the audit has said of people."""
_PLAIN = "plain"
"""In the place of a person's number: whatever lay unsealed in the database before."""


def announce(path: Path, person: Person) -> None:
    """Leaves a mark beside the database that this person's bytes are to be overwritten; it outlasts a power cut.

    To be called in the transaction that erases the person. Raises `OSError`.
    """
    _leave(path, str(person.id))


def announce_plain(path: Path) -> None:
    """The same for what was sealed in this transaction and lay there unsealed before: the file is made again whole."""
    _leave(path, _PLAIN)


def announce_audit(path: Path) -> None:
    """The same for what the audit has said of people."""
    _leave(path, _AUDIT)


def announce_replaced(path: Path) -> None:
    """The same for what is replaced in this transaction by something else: the journals hold it then."""
    _leave(path, "replaced")


def is_announced(path: Path) -> bool:
    """Whether an erasure waits for its end."""
    return bool(_marks(path))


def erased(path: Path) -> tuple[int, ...]:
    """The numbers of the people whose erasure waits for its end."""
    names = (mark.name.rpartition("-")[2] for mark in _marks(path))
    return tuple(int(name) for name in names if name.isascii() and name.isdecimal())


def _leave(path: Path, name: str) -> None:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path.with_name(f"{path.name}{_SUFFIX}{name}"), os.O_CREAT | os.O_EXCL, 0o600))
    flush_folder(path.parent)


def _marks(path: Path) -> list[Path]:
    return list(path.parent.glob(f"{path.name}{_SUFFIX}*"))


def finish(database: Database, path: Path) -> None:
    """Overwrites the journals and takes the marks away. Raises `sqlite3.Error`, `OSError`.

    The lock for writing keeps all others from using the journal meanwhile, and comes after every transaction that has
    left a mark. What a flash card copied elsewhere by itself is out of reach.
    """
    marks = _marks(path)
    if any(mark.name.endswith(_PLAIN) for mark in marks):
        execute_when_free(database.conn, "VACUUM")
    execute_when_free(database.conn, "BEGIN IMMEDIATE")
    try:
        _overwrite(path.with_name(f"{path.name}-journal"))
    finally:
        database.conn.rollback()
    _cut_off_log(database)
    for mark in marks:
        mark.unlink(missing_ok=True)


def _overwrite(journal: Path) -> None:
    """SQLite locks the database's file and never the journal, so this one may be opened and closed."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(journal, os.O_WRONLY | os.O_NOFOLLOW)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(bytes(os.fstat(descriptor).st_size))
            file.flush()
            os.fsync(descriptor)


def _cut_off_log(database: Database) -> None:
    """A write-ahead log is cut off: its blocks stay as they are until the file system uses them again."""
    database.conn.execute(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_S * 1000:.0f}")
    busy, *_ = database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    database.conn.execute("PRAGMA busy_timeout = 0")
    if busy:
        locked = sqlite3.OperationalError("the log is locked and still holds what was erased")
        locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise locked
