"""One open database: people and audit behind one door, so that nobody above sees SQL or `sqlite3.Error`."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType

from sqlite_utils import Database

from device.records import Event, Person
from device.store.audit import Audit
from device.store.database import FILE_NAME, open_database, overwrite_journal, store_errors, transaction
from device.store.people import People

NOWHERE = Path(":memory:")
"""Stands for the folder of a store in memory."""


class Store:
    """The database in a folder. Use within `with`."""

    def __init__(self, folder: Path, *, database: Database | None = None) -> None:
        """Opens the database in `folder`, or takes one over that is open. Raises `StoreError`."""
        self.path = folder / FILE_NAME
        self._database = open_database(folder) if database is None else database
        self._people = People(self._database)
        self._audit = Audit(self._database)

    @contextlib.contextmanager
    def people(self) -> Iterator[People]:
        """People in one transaction: all that is written inside is committed at its end, or none. Raises
        `StoreError`.
        """
        with store_errors(self.path), transaction(self._database):
            yield self._people

    @contextlib.contextmanager
    def audit(self) -> Iterator[Audit]:
        """The audit in one transaction, as `people`; nests with it."""
        with store_errors(self.path), transaction(self._database):
            yield self._audit

    def erase(self, person: Person, at: datetime) -> None:
        """Erases a person with badges and references, and notes it in the audit without the name. Raises `StoreError`.

        Their bytes are overwritten in the database (`secure_delete`) and in a rollback journal. A write-ahead log is
        cut off: its blocks stay as they are until the file system uses them again.
        """
        with self.people() as people, self.audit() as audit:
            people.remove(person)
            audit.note(Event.PERSON_REMOVED, at, person=person)
        with store_errors(self.path):
            busy, *_ = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                locked = sqlite3.OperationalError("the log is locked and still holds what was erased")
                locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise locked
            overwrite_journal(self._database, self.path)

    def copy_in_memory(self) -> "Store":
        """A copy of the whole database that nobody finds on a disk, whatever happens. Raises `StoreError`."""
        with store_errors(self.path):
            copy = Database(memory=True)
            self._database.conn.backup(copy.conn)
            copy.execute("PRAGMA foreign_keys=1")
        return Store(NOWHERE, database=copy)

    def close(self) -> None:
        """Closes the database; harmless when repeated."""
        self._database.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
