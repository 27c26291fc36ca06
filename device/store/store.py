"""One open database: people and audit behind one door, so that nobody above sees SQL or `sqlite3.Error`."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType

from device.records import Event, Person
from device.store.audit import Audit
from device.store.database import FILE_NAME, open_database, store_errors, transaction
from device.store.people import People


class Store:
    """The database in a folder. Use within `with`."""

    def __init__(self, folder: Path) -> None:
        """Raises `StoreError`."""
        self.path = folder / FILE_NAME
        self._database = open_database(folder)
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

        Their bytes are overwritten (`secure_delete`), also those that a write-ahead log still holds from earlier.
        """
        with self.people() as people, self.audit() as audit:
            people.remove(person)
            audit.note(Event.PERSON_REMOVED, at, person=person)
        with store_errors(self.path):
            busy, *_ = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise sqlite3.OperationalError("the log is locked and still holds what was erased")

    def copy_to(self, folder: Path) -> None:
        """Writes a copy of the whole database into another folder. Raises `StoreError`."""
        target = folder / FILE_NAME
        with store_errors(target), contextlib.closing(sqlite3.connect(target)) as copy:
            self._database.conn.backup(copy)

    def close(self) -> None:
        """Closes the database; harmless when repeated."""
        self._database.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
