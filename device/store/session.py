"""One thread's use of one connection: short reads first, and the lock for writing from the first write to the end."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlite_utils import Database

from device.store.database import SCHEMA_STAMP
from device.store.full_disk import accept
from device.store.turnstile import Turnstile
from device.store.vault.vault import Vault
from device.store.waiting import execute_when_free

Row = dict[str, Any]
_Asked = tuple[str, tuple[object, ...]]


class Session:
    """All that one thread does from the outermost `with` of a store to its end.

    A read holds SQLite's lock for its own rows only. The first write takes the lock for writing and keeps it to the
    end: everything is committed there, or nothing. What was read before the lock was there is read again under it, so
    that no write rests on what another program has changed meanwhile.

    Raises `sqlite3.Error` as it comes; `Store` gives it its name.
    """

    def __init__(
        self,
        database: Database,
        turnstile: Turnstile,
        *,
        check_schema: Callable[[int], None],
        vault: Vault,
        before_writing: Callable[[], None] = accept,
    ) -> None:
        """`check_schema` is called with the schema's stamp and raises if this version does not know the schema;
        `before_writing` raises where nothing can be written.
        """
        self.vault = vault
        self._before_writing = before_writing
        self._database = database
        self._connection = database.conn
        self._turnstile = turnstile
        self._check_schema = check_schema
        self._depth = 0
        self._writing = False
        self._seen: dict[_Asked, list[Row]] = {}
        self._at_commit: Callable[[], None] | None = None
        self.has_committed = False

    @contextlib.contextmanager
    def level(self) -> Iterator[None]:
        """One `with` of the store: the outermost is the transaction, one inside it a part that is undone alone."""
        self._depth += 1
        try:
            if self._writing and self._depth > 1:
                self._connection.execute(f"SAVEPOINT level_{self._depth}")
            yield
            self._keep()
        except BaseException:
            self._undo()
            raise
        finally:
            self._depth -= 1

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Reads inside see the same state. Keep it short: with a rollback journal it keeps commits waiting."""
        if self._writing or self._connection.in_transaction:
            self._still_whole()
            yield
            return
        try:
            with self._turnstile.turn():
                self._connection.execute("BEGIN")
                self._check_stamp()
            yield
        finally:
            self._connection.rollback()

    def rows(self, sql: str, parameters: Sequence[object] = (), *, can_change: bool = True) -> list[Row]:
        """All rows of a SELECT. With `can_change` false they are not read again before a write."""
        asked = (sql, tuple(parameters))
        with self.snapshot():
            found = list(self._database.query(sql, list(parameters)))
        if can_change and not self._writing:
            self._seen[asked] = found
        return found

    def raw_rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """The same for rows that need not be sound: bytes that are no UTF-8 come as lone surrogates."""
        self._connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        try:
            return self.rows(sql, parameters, can_change=False)
        finally:
            self._connection.text_factory = str

    @property
    def is_writing(self) -> bool:
        """Whether the lock for writing is held."""
        return self._writing

    def lock(self) -> None:
        """Takes the lock for writing, if it is not held yet."""
        if self._writing:
            self._still_whole()
            return
        self._before_writing()
        with self._turnstile.turn():
            execute_when_free(self._connection, "BEGIN IMMEDIATE")
        self._writing = True
        for depth in range(2, self._depth + 1):
            self._connection.execute(f"SAVEPOINT level_{depth}")
        try:
            self._check_stamp()
            if any(self.rows(sql, parameters) != before for (sql, parameters), before in self._seen.items()):
                raise sqlite3.OperationalError(
                    "another program has changed the data this is based on; nothing was written"
                )
        except BaseException:
            self._connection.rollback()  # as a whole: no outer block may go on from here
            raise

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Carries out a statement that writes, under the lock for writing."""
        self.lock()
        return self._connection.execute(sql, list(parameters))

    def at_commit(self, action: Callable[[], None]) -> None:
        """What is to be done under the lock for writing, just before all is committed; the last one that is given."""
        self._at_commit = action

    @property
    def has_at_commit(self) -> bool:
        """Whether something is to be done at the commit."""
        return self._at_commit is not None

    def _check_stamp(self) -> None:
        """The first read of a transaction, with which SQLite takes its lock for reading."""
        self._check_schema(int(execute_when_free(self._connection, SCHEMA_STAMP).fetchone()[0]))

    def _still_whole(self) -> None:
        """On some errors (a full disk, a failing one) SQLite takes the whole transaction back by itself."""
        if self._writing and not self._connection.in_transaction:
            raise sqlite3.OperationalError("the transaction failed before; nothing was written")

    def _keep(self) -> None:
        if not self._writing:
            return
        self._still_whole()
        if self._depth > 1:
            self._connection.execute(f"RELEASE level_{self._depth}")
            return
        if self._at_commit:
            self._at_commit()
        execute_when_free(self._connection, "COMMIT")
        self._writing, self._at_commit = False, None
        self.has_committed = True
        self._turnstile.committed()

    def _undo(self) -> None:
        if not (self._writing and self._connection.in_transaction):
            return
        if self._depth > 1:
            self._connection.execute(f"ROLLBACK TO level_{self._depth}")
            self._connection.execute(f"RELEASE level_{self._depth}")
            return
        self._connection.rollback()
        self._writing, self._at_commit = False, None
