"""Waits for SQLite's lock by asking for it every millisecond: SQLite itself would ask up to 0.1 s apart."""

import sqlite3
import time

LOCK_TIMEOUT_S = 5.0
"""How long a reader or writer waits for another program's transaction."""
_POLL_S = 0.001
_KIND = 0xFF


def execute_when_free(
    connection: sqlite3.Connection, statement: str, patience_s: float | None = None
) -> sqlite3.Cursor:
    """Carries out a statement that needs a lock, as soon as it is free.

    Raises `sqlite3.OperationalError` after `patience_s`; without it, after `LOCK_TIMEOUT_S`.
    """
    deadline = time.monotonic() + (LOCK_TIMEOUT_S if patience_s is None else patience_s)
    while True:
        try:
            return connection.execute(statement)
        except sqlite3.OperationalError as error:
            is_locked = error.sqlite_errorcode & _KIND == sqlite3.SQLITE_BUSY
            if not is_locked or time.monotonic() >= deadline:
                raise
            time.sleep(_POLL_S)
