"""The data keys, each wrapped by the device key, in a database of its own beside the one with people.

What is written here is committed before the rows that need it, and deleted after the rows are gone: a crash in between
leaves a key without rows, which is swept later, and never rows without a key.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from device.errors import StoreError
from device.store import erasure
from device.store.checkup import copy_in_steps, database_in_memory
from device.store.connections import Connection, Connections, OneConnection
from device.store.database import SCHEMA_STAMP, Design, Journal, path_exists
from device.store.faults import store_errors
from device.store.turnstile import Turnstile
from device.store.waiting import execute_when_free

FILE_NAME = "lintel-keys.db"
MIGRATIONS = Migrations("lintel-keys")
DESIGN = Design(FILE_NAME, MIGRATIONS)


class Kind(StrEnum):
    """What a data key is for: each kind can be destroyed without the other."""

    FACE = "face"
    """References; destroyed when they are withdrawn."""
    PERSON = "person"
    """All else that is sealed of a person; destroyed when they are erased."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the first key left: which store it is for, which device key wraps all, and the wrapped root secret."""

    store: bytes
    key_id: str
    root: bytes


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key as it is stored."""

    person_id: int
    kind: Kind
    generation: int
    content: bytes


@MIGRATIONS(name="0001-data-keys")
def _first_tables(database: Database) -> None:
    database.execute("""
        CREATE TABLE beginning (
            one INTEGER PRIMARY KEY CHECK (one = 1), store BLOB NOT NULL, key_id TEXT NOT NULL, root BLOB NOT NULL
        )""")
    database.execute("""
        CREATE TABLE data_keys (
            person_id INTEGER NOT NULL, kind TEXT NOT NULL, generation INTEGER NOT NULL, wrapped BLOB NOT NULL,
            PRIMARY KEY (person_id, kind, generation)
        ) WITHOUT ROWID""")


def no_keys() -> Database:
    """A database in memory, without a key yet."""
    empty = database_in_memory()
    MIGRATIONS.apply(empty)
    return empty


class KeyFile:
    """The file of the wrapped keys. Thread-safe; made by the first write. Raises `StoreError`."""

    def __init__(self, folder: Path, journal: Journal, database: Database | None = None) -> None:
        """With a `database`, that one in memory."""
        self.path = folder / FILE_NAME
        self._connections: Connections | OneConnection = (
            OneConnection(database) if database else Connections(folder, journal, Turnstile(folder), DESIGN)
        )
        self._is_on_disk = database is None

    @property
    def exists(self) -> bool:
        """Whether there is a file; looking makes none."""
        return not self._is_on_disk or path_exists(self.path)

    def beginning(self) -> Beginning | None:
        """What the first key left, None if none was made yet."""
        if not self.exists:
            return None
        with self._reading() as connection:
            found = connection.execute("SELECT store, key_id, root FROM beginning").fetchone()
        return Beginning(bytes(found[0]), str(found[1]), bytes(found[2])) if found else None

    def begin(self, made: Callable[[], Beginning]) -> Beginning:
        """Writes down what `made` gives, unless another thread or program was first. Only one makes it at a time."""
        with self._writing() as connection:
            found = connection.execute("SELECT store, key_id, root FROM beginning").fetchone()
            if found:
                return Beginning(bytes(found[0]), str(found[1]), bytes(found[2]))
            first = made()
            connection.execute("INSERT INTO beginning VALUES (1, ?, ?, ?)", [first.store, first.key_id, first.root])
        return first

    def newest(self, person_id: int, kind: Kind) -> Wrapped | None:
        """A person's newest key of a kind, None if there is none."""
        found = self._rows("person_id = ? AND kind = ? ORDER BY generation DESC LIMIT 1", person_id, kind)
        return found[0] if found else None

    def of(self, person_id: int, kind: Kind, generation: int) -> Wrapped | None:
        """A person's key of that generation, None if it is gone."""
        found = self._rows("person_id = ? AND kind = ? AND generation = ?", person_id, kind, generation)
        return found[0] if found else None

    def between(self, first: int, last: int, kind: Kind) -> tuple[Wrapped, ...]:
        """All keys of a kind of the people with these numbers, both included."""
        return self._rows("person_id BETWEEN ? AND ? AND kind = ?", first, last, kind)

    def holders(self) -> tuple[int, ...]:
        """The numbers of all people with a key."""
        if not self.exists:
            return ()
        with self._reading() as connection:
            return tuple(int(row[0]) for row in connection.execute("SELECT DISTINCT person_id FROM data_keys"))

    def add(self, keys: Iterable[Wrapped]) -> None:
        """Keeps keys, all or none; on the disk when this returns."""
        rows = [(key.person_id, key.kind, key.generation, key.content) for key in keys]
        with self._writing() as connection:
            connection.executemany("INSERT INTO data_keys VALUES (?, ?, ?, ?)", rows)

    def keep_only(self, person_id: int, kept: frozenset[tuple[Kind, int]]) -> None:
        """Destroys all other keys of a person; what the journals hold of them goes with `overwrite_journals`."""
        mine = [(one.kind, one.generation) for one in self._rows("person_id = ?", person_id)]
        gone = [one for one in mine if one not in kept]
        if not gone:
            return
        with self._writing() as connection:
            for kind, generation in gone:
                connection.execute(
                    "DELETE FROM data_keys WHERE person_id = ? AND kind = ? AND generation = ?",
                    [person_id, kind, generation],
                )

    def overwrite_journals(self) -> None:
        """Takes from the journals what was deleted or replaced before."""
        if self._is_on_disk and self.exists:
            with self._connection() as connection:
                erasure.finish(connection.database, self.path)

    @property
    def is_unfinished(self) -> bool:
        """Whether the journals still hold what was replaced in a rotation."""
        return self._is_on_disk and erasure.is_announced(self.path)

    def rewrap(self, again: Callable[[Wrapped], bytes], beginning: Beginning) -> None:
        """Replaces all wrapped keys and the beginning, in one transaction; then `overwrite_journals` is due."""
        with self._writing() as connection:
            if self._is_on_disk:
                erasure.announce_replaced(self.path)
            for row in connection.execute("SELECT person_id, kind, generation, wrapped FROM data_keys").fetchall():
                key = _wrapped(row)
                connection.execute(
                    "UPDATE data_keys SET wrapped = ? WHERE person_id = ? AND kind = ? AND generation = ?",
                    [again(key), key.person_id, key.kind, key.generation],
                )
            connection.execute("UPDATE beginning SET key_id = ?, root = ?", [beginning.key_id, beginning.root])

    def count(self, person_id: int | None = None) -> int:
        """How many data keys there are, of one person or of all."""
        if not self.exists:
            return 0
        if person_id is not None:
            return len(self._rows("person_id = ?", person_id))
        with self._reading() as connection:
            return int(connection.execute("SELECT count(*) FROM data_keys").fetchone()[0])

    def copy_in_memory(self, between_steps: Callable[[int], None]) -> Database:
        """A copy that never reaches a disk."""
        if not self.exists:
            return no_keys()
        with self._connection() as connection:
            return copy_in_steps(connection.database, between_steps)

    def close(self) -> None:
        """Closes the file; harmless when repeated."""
        self._connections.close()

    def _rows(self, where: str, *bounds: object) -> tuple[Wrapped, ...]:
        if not self.exists:
            return ()
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT person_id, kind, generation, wrapped FROM data_keys WHERE {where}",  # noqa: S608 - constants
                bounds,
            ).fetchall()
            return tuple(map(_wrapped, rows))

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        with store_errors(self.path):
            connection = self._connections.lend()
            try:
                yield connection
            except (sqlite3.Error, OSError, StoreError):
                connection.is_sound = not self._is_on_disk
                raise
            finally:
                self._connections.give_back(connection)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as lent:
            connection = lent.database.conn
            connection.execute("BEGIN")
            try:
                lent.check_schema(int(execute_when_free(connection, SCHEMA_STAMP).fetchone()[0]), self.path)
                yield connection
            finally:
                connection.rollback()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as lent:
            connection = lent.database.conn
            execute_when_free(connection, "BEGIN IMMEDIATE")
            try:
                lent.check_schema(int(execute_when_free(connection, SCHEMA_STAMP).fetchone()[0]), self.path)
                yield connection
                execute_when_free(connection, "COMMIT")
            except BaseException:
                connection.rollback()
                raise
            if self._connections.moved(lent):
                raise StoreError(
                    f"The file {self.path} was replaced while it was written.",
                    hint="Try again; the new file is opened then.",
                )


def _wrapped(row: tuple[object, ...]) -> Wrapped:
    person_id, kind, generation, content = row
    try:
        return Wrapped(int(str(person_id)), Kind(str(kind)), int(str(generation)), bytes(content))  # type: ignore[call-overload]
    except (ValueError, TypeError):
        raise sqlite3.DataError("a data key is damaged") from None
