"""Names what the file system and SQLite raise: a `StoreError` with what happened, who caused it and what to do."""

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from device.errors import StoreError
from device.failures import in_words, kind_of
from device.store.holders import Holder, holders


@contextlib.contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turns what the file system and SQLite raise about the database at `path` into a `StoreError`."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _named(error, path) from None
    except (UnicodeDecodeError, LookupError) as error:  # what is made of a table's description with a flipped bit
        what = f"a table has changed unexpectedly ({kind_of(error)})"
        raise StoreError(f"Cannot use the database {path}: {what}.", hint=_DAMAGED) from None


def is_of_disk(error: StoreError) -> bool:
    """Whether an error of `store_errors` is about writing to the disk, which no read shows."""
    cause = error.__context__
    moved = getattr(cause, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED
    return isinstance(cause, sqlite3.Error) and _kind(cause) in _OF_DISK and not moved


def _named(error: sqlite3.Error | OSError, path: Path) -> StoreError:
    if isinstance(error, sqlite3.Error) and _kind(error) == sqlite3.SQLITE_BUSY:
        return held(holders(path), path, in_words(error))
    return StoreError(f"Cannot use the database {path}: {in_words(error)}.", hint=_advice(error))


def held(found: tuple[Holder, ...], path: Path, otherwise: str = "") -> StoreError:
    """The error about the programs that hold a lock; with none found, what SQLite said `otherwise`."""
    if not found:
        return StoreError(f"Cannot use the database {path}: {otherwise}.", hint=_HELD)
    names = " and ".join(str(holder) for holder in found)
    numbers = " ".join(str(holder.process) for holder in found)
    return StoreError(
        f"Cannot use the database {path}: it is locked by {names}.",
        hint=f"Close that program, or end it: `sudo kill {numbers}`. Lintel continues by itself once the lock is gone.",
    )


def _advice(error: sqlite3.Error | OSError) -> str:
    """What to do, by the error's number: its words may be anything, a path among them."""
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, _WRITABLE)
    if isinstance(error, sqlite3.DataError):
        return _DAMAGED
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED:
        return _MOVED
    return _BY_SQLITE.get(_kind(error), _AGAIN)


def _kind(error: sqlite3.Error) -> int:
    """SQLite's extended codes have their kind in the lowest byte."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


_WRITABLE = "Make the folder writable for this user, or name another with --state-dir."
_DAMAGED = "The file is damaged; restore a copy of it."
_HELD = "Another program holds the database, or the disk is too slow: close that program and try again."
_ROOM = "Make room on the disk; nothing that was acknowledged is lost."
_FAILING = "The disk is full or failing; nothing that was acknowledged is lost."
_AGAIN = "Try again; if that doesn't help, restore a copy of the file."
_MOVED = "The file was replaced meanwhile; try again."
_READ_ONLY = "The disk cannot be written; look at `dmesg`: a failing card is remounted read-only."
_LINK = "Put the file itself there, or name its folder with --state-dir."
_OF_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)
_BY_SQLITE = {
    sqlite3.SQLITE_NOTADB: "The file is damaged or not a database; move it away, or restore a copy of it.",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_LOCKED: _HELD,
    sqlite3.SQLITE_FULL: _ROOM,
    sqlite3.SQLITE_IOERR: _FAILING,
    sqlite3.SQLITE_READONLY: _WRITABLE,
    sqlite3.SQLITE_CANTOPEN: _WRITABLE,
    sqlite3.SQLITE_PERM: _WRITABLE,
}
_BY_ERRNO = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EIO: _FAILING,
    errno.EROFS: _READ_ONLY,
    errno.ELOOP: _LINK,
    errno.EINVAL: _LINK,
}
