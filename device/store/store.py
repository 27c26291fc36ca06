"""The store: people and audit behind one door, so that no caller sees SQL, a lock or `sqlite3.Error`."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType

from sqlite_utils import Database

from device.clock import SystemClock
from device.errors import StoreError
from device.files import keys_folder
from device.records import AuditRow, Event, Person, Receipt
from device.store import erasure
from device.store.audit import Audit, broken_in
from device.store.chain.guarding import Guard
from device.store.chain.heads import Chain
from device.store.checkup import Checkup, copy_in_steps
from device.store.connections import Connection, Connections, OneConnection
from device.store.database import FILE_NAME, Journal, safest_journal
from device.store.faults import is_of_disk, store_errors
from device.store.full_disk import accept
from device.store.holders import holders
from device.store.left_undone import LeftUndone, mark_in
from device.store.people import People
from device.store.receipts import receipt_of
from device.store.rooms import Rooms
from device.store.rules import ParsedRules
from device.store.session import Session
from device.store.turnstile import Turnstile
from device.store.vault.device_key import KeyInMemory, KeyPlaces
from device.store.vault.key_file import KeyFile, no_keys
from device.store.vault.key_files import KeyFiles
from device.store.vault.vault import Vault
from device.store.waiting import execute_when_free
from device.store.watch import Watch
from device.store.withdrawn import Entry, WithdrawnFile, entries_after

NOWHERE = Path(":memory:")
"""Stands for the folder of a store in memory."""
PROBE_S = 0.5
"""How long a lock may be held by another program before it is a trouble."""
REPLACED = "The database's file was replaced while Lintel used it; the new one is in use."


@dataclass(frozen=True, slots=True)
class InMemory:
    """A store that never reaches a disk: the database with people, and the one with their wrapped keys."""

    database: Database
    keys: Database = field(default_factory=no_keys)


class Store(Rooms):
    """The database in a folder: one for each process, handed to all its threads. Use within `with`.

    Each thread has a connection of its own from its outermost `with` to the end of it: what one thread writes is
    committed or taken back alone. `with` blocks inside each other in one thread are one transaction.
    """

    def __init__(
        self,
        folder: Path,
        *,
        opened: bool = True,
        journal: Journal | None = None,
        memory: InMemory | None = None,
        places: KeyPlaces | None = None,
    ) -> None:
        """Opens the database in `folder`, or takes over one in memory. Raises `StoreError`.

        With `opened` false nothing is opened yet and nothing is raised: each use tries to, and raises `StoreError`
        until it can. `journal` is for tests; by itself it is the safest that SQLite has. The device key is looked for
        in `places`; without, in the folder beside this one, and where systemd hands it in.
        """
        self.path = folder / FILE_NAME
        found = places or (KeyInMemory() if memory else KeyFiles(folder))
        self.chain = Chain(None if memory or isinstance(found, KeyInMemory) else keys_folder(folder))
        """What the rows that this process writes have in common."""
        self._guard = Guard(self.chain)
        self._turnstile = Turnstile(folder)
        chosen = journal or safest_journal()
        self._connections: Connections | OneConnection = (
            OneConnection(memory.database) if memory else Connections(folder, chosen, self._turnstile)
        )
        self.vault = Vault(
            KeyFile(folder, chosen, memory.keys if memory else None),
            found,
            mark_in(self._session),
        )
        self._mine = threading.local()
        self._left_undone = LeftUndone(self.path, self._session, self._connection, self.vault)
        self._checkup = Checkup(self._copied, partial(broken_in, self.audit))
        self._watch = Watch(self._looked_at, f"The database {self.path}")
        self._failed_write = ""
        self.before_writing: Callable[[], None] = accept
        """Called before each transaction's first write; a simulation has it raise what a full disk raises."""
        self._parsed_rules = ParsedRules()
        self._key_trouble = ""
        self._withdrawn = WithdrawnFile(self.path)
        if opened:
            with store_errors(self.path), self._connection():
                pass
            self._settle()

    @contextlib.contextmanager
    def people(self) -> Iterator[People]:
        """People: all that is written inside is committed at its end, or none. Raises `StoreError`."""
        with self._session() as session:
            yield People(session)

    @contextlib.contextmanager
    def audit(self) -> Iterator[Audit]:
        """The audit, as `people`; nests with it."""
        with self._session() as session:
            yield Audit(session, self.chain, getattr(self._mine, "by", ""))

    @contextlib.contextmanager
    def acting(self, by: str) -> Iterator[None]:
        """Rows that this thread writes within say who did it."""
        before = getattr(self._mine, "by", "")
        self._mine.by = by
        try:
            yield
        finally:
            self._mine.by = before

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Takes the lock for writing at once: what `people` and `audit` read inside cannot change until the end.

        Raises `StoreError`.
        """
        with self._session() as session:
            session.lock()
            yield

    def erase(self, person: Person, at: datetime, *, by: str = "") -> Receipt:
        """Erases a person with badges and references, and notes it in the audit without the name, `by` whom.

        Raises `StoreError`.

        Their bytes are overwritten in the database (`secure_delete`) and in a rollback journal. If that is
        interrupted, the next process that opens the store completes it.
        """
        with self.erasing(person), self.people() as people, self.rules() as rules, self.audit() as audit:
            with self._session() as session:
                receipt = receipt_of(session, person, at, by)

            audit.erase_person(person)
            people.remove(person)
            rules.forget(person)
            row = audit.note(Event.PERSON_REMOVED, at, person=person, by=by or None)
        return replace(receipt, row=row)

    @contextlib.contextmanager
    def erasing(self, person: Person) -> Iterator[None]:
        """A transaction after which the bytes that were deleted in it, of this person, are overwritten wherever SQLite
        may still have them. Raises `StoreError`.
        """
        with self.writing():
            if self._is_on_disk:
                erasure.announce(self.path, person)
            yield
        if self._is_on_disk:
            self._left_undone.finish_erasures()

    def withdrawn(self) -> tuple[Entry, ...]:
        """What was taken from people and badges, in its order. Raises `StoreError`."""
        with self._session() as session:
            return entries_after(session, 0)

    @contextlib.contextmanager
    def forgetting(self) -> Iterator[None]:
        """The same for what the audit has said of people."""
        with self.writing():
            if self._is_on_disk:
                erasure.announce_audit(self.path)
            yield
        if self._is_on_disk:
            self._left_undone.finish_erasures()

    def trouble(self) -> str:
        """What keeps the store from working, in a sentence; "" if nothing is known.

        Never raises and never waits for a disk or a lock: it is asked in the background. That also starts the daily
        check of the whole file.
        """
        return self._watch.ask()

    def key_trouble(self) -> str:
        """Why nothing that lies sealed can be opened, in a sentence; "" if it can. As of the last `trouble`."""
        return self._key_trouble

    def audit_trouble(self) -> str:
        """What is wrong with the audit's chain, its key or its witness, likewise."""
        broken = self._checkup.broken
        verified = f"The audit is broken: {broken}. See `lintel audit verify`." if broken else ""
        return self._guard.trouble or verified or self.chain.signer.trouble

    def signature(self) -> object:
        """Something that differs once anything may have been committed, by whichever process. Takes no lock."""
        return tuple(_size_and_time(self.path.with_name(f"{FILE_NAME}{suffix}")) for suffix in ("", "-journal", "-wal"))

    def copied(self, between_steps: Callable[[int], None]) -> Database:
        """The database alone as it is at one moment, in memory; `between_steps` is called with the number of all pages.
        Raises `StoreError`.
        """
        with store_errors(self.path):
            return self._copied(between_steps)

    def copy_in_memory(self) -> "Store":
        """A copy of the whole database that never reaches a disk, whatever happens. Raises `StoreError`."""
        with store_errors(self.path):
            copy = self._copied(lambda _pages: None)
            copy.execute("PRAGMA foreign_keys=1")
        memory = InMemory(copy, self.vault.file.copy_in_memory(lambda _pages: None))
        return Store(NOWHERE, memory=memory, places=self.vault.places)

    def close(self) -> None:
        """Closes the database; harmless when repeated."""
        self._checkup.close()
        self._watch.close()
        if self.chain.signed:
            with contextlib.suppress(StoreError), self._session() as session:
                self._guard.keep(session, at_once=True)
        self.vault.close()
        self._connections.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _is_on_disk(self) -> bool:
        return isinstance(self._connections, Connections)

    def _looked_at(self) -> str:
        """What is wrong now, "" for nothing."""
        try:
            with store_errors(self.path), self._connection() as connection:
                self._probe(connection)
            self._settle()
            self._key_trouble = self.vault.trouble() or self._left_undone.unsealed
        except StoreError as error:
            return error.message
        with contextlib.suppress(StoreError), self._session() as session:
            self._guard.keep(session)
        self._checkup.begin_if_due()
        if self._checkup.finding:
            return f"The database {self.path} is damaged: {self._checkup.finding}. Restore a copy of it."
        return self._failed_write

    @contextlib.contextmanager
    def _session(self) -> Iterator[Session]:
        """The thread's session: the one it is in already, or a new one with a connection of its own."""
        mine: Session | None = getattr(self._mine, "session", None)
        if mine is not None:
            with store_errors(self.path), mine.level():
                yield mine
            return
        with self._remembered(), store_errors(self.path), self._connection() as connection:
            self._mine.session = session = self._new_session(connection)
            try:
                self._note_replaced(session)
                self._guard.check(session)
                with session.level():
                    yield session
                    news = self._withdrawn_in(session)
            finally:
                self._mine.session = None
            self._settled(connection, session)
            self._withdrawn.add(news)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection for this thread alone. After an error the next use opens another: the disk may be back."""
        connection = self._connections.lend()
        try:
            yield connection
        except (sqlite3.Error, OSError, StoreError):
            connection.is_sound = not self._is_on_disk
            raise
        finally:
            self._connections.give_back(connection)

    @contextlib.contextmanager
    def _remembered(self) -> Iterator[None]:
        """Keeps in mind, for `trouble`, that the disk failed in a way that reading does not show."""
        try:
            yield
        except StoreError as error:
            if is_of_disk(error):
                self._failed_write = error.message
            raise

    def _settled(self, connection: Connection, session: Session) -> None:
        """Raises `StoreError` if what was committed went into a file that is no longer there."""
        if not session.has_committed:
            return
        if self._connections.moved(connection):
            raise StoreError(
                f"The database {self.path} was replaced while it was written.",
                hint="Try again; the new file is opened then.",
            )
        self._failed_write = ""

    def _withdrawn_in(self, session: Session) -> tuple[Entry, ...]:
        """What this transaction has taken from people and badges, and what a crash kept from the list before."""
        return entries_after(session, self._withdrawn.last) if session.is_writing and self._is_on_disk else ()

    def _note_replaced(self, session: Session) -> None:
        if not self._connections.take_replaced():
            return
        self._checkup.forget()
        self._guard.is_checked = False
        try:
            with session.level():
                Audit(session, self.chain).add(AuditRow(0, SystemClock().utc(), Event.FAULT, fault=REPLACED))
        except BaseException:
            self._connections.put_back_replaced()
            raise

    def _probe(self, connection: Connection) -> None:
        """Reads, and takes the whole lock if another program has a part of it.

        Raises `StoreError` or `sqlite3.Error`. Of Lintel's own writes none keeps the lock for long.
        """
        with self._new_session(connection).snapshot():
            pass
        if not (self._is_on_disk and holders(self.path)):
            return
        try:
            with self._turnstile.turn():
                execute_when_free(connection.database.conn, "BEGIN EXCLUSIVE", PROBE_S)
            connection.database.conn.rollback()
        except sqlite3.OperationalError:
            if holders(self.path):
                raise

    def _settle(self) -> None:
        if self._is_on_disk:
            self._left_undone.settle()

    def _new_session(self, connection: Connection) -> Session:
        check = partial(connection.check_schema, path=self.path)
        return Session(
            connection.database,
            self._turnstile,
            check_schema=check,
            vault=self.vault,
            before_writing=self.before_writing,
        )

    def _copied(self, between_steps: Callable[[int], None]) -> Database:
        with self._connection() as connection:
            return copy_in_steps(connection.database, between_steps)


def _size_and_time(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
