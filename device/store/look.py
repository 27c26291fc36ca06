"""Looks at a database without changing a byte of it, with the words in which the store itself would refuse it."""

import contextlib
import sqlite3
from pathlib import Path

from sqlite_utils import Database

from device.store.database import FILE_NAME, look_at, refuse_lost, refuse_newer, refuse_read_only
from device.store.faults import store_errors
from device.store.waiting import execute_when_free

LOOK_S = 0.05
"""How long another program's lock is waited for."""


def look(folder: Path) -> Path:
    """The database's path. One that is not there yet is fine: the service makes it. Raises `StoreError`.

    SQLite's lock for reading is held for as long as it takes to count tables.
    """
    path = folder / FILE_NAME
    with store_errors(path):
        refuse_lost(path)
        with contextlib.suppress(FileNotFoundError):
            look_at(path)
            refuse_read_only(path)
            _read(path)
    return path


def _read(path: Path) -> None:
    """A journal left by a crash can't be applied by someone who only looks; opening the store will do so."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0, isolation_level=None)
    try:
        with contextlib.closing(connection):
            execute_when_free(connection, "SELECT count(*) FROM sqlite_master", LOOK_S).fetchone()
            refuse_newer(Database(connection, execute_plugins=False), path)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
            raise
