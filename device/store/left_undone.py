"""What a crash, a full disk or a missing key left undone in a store: done at the next start, and later again."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from device.errors import KeyMissing
from device.store import erasure, plain, sweeping
from device.store.connections import Connection
from device.store.faults import store_errors
from device.store.session import Session
from device.store.vault.vault import StoreMark, Vault

Sessions = Callable[[], contextlib.AbstractContextManager[Session]]


class LeftUndone:
    """Seals what lies in the clear, carries erasures to their end, destroys keys without rows."""

    def __init__(
        self,
        path: Path,
        session: Sessions,
        connection: Callable[[], contextlib.AbstractContextManager[Connection]],
        vault: Vault,
    ) -> None:
        self._path = path
        self._session = session
        self._connection = connection
        self._vault = vault
        self._is_swept = False
        self.unsealed = ""
        """Why references from before the vault could not be sealed, "" if there are none."""

    def settle(self) -> None:
        """Does all of it; what can't be done now is tried again later. Never raises."""
        self.unsealed = ""
        try:
            self._seal_plain()
        except KeyMissing as error:
            self.unsealed = error.message
        except Exception:  # noqa: S110 - what is wrong with the store its next use says
            pass
        for step in (self.finish_erasures, self._sweep_orphans, self._finish_rotation):
            with contextlib.suppress(Exception):
                step()

    def finish_erasures(self) -> None:
        """Destroys the keys of those who were erased, then what the journals hold of them. Raises `StoreError`."""
        if not erasure.is_announced(self._path):
            return
        with self._session() as session:
            session.lock()
            for person_id in erasure.erased(self._path):
                sweeping.sweep(session, person_id)
        self._vault.file.overwrite_journals()
        with store_errors(self._path), self._connection() as connection:
            erasure.finish(connection.database, self._path)

    def _seal_plain(self) -> None:
        """Seals references from before the vault, and has what is left of them overwritten."""
        with self._session() as session:
            if plain.is_any_plain(session):
                self._vault.begin()
                session.lock()
                erasure.announce_plain(self._path)
                plain.seal_plain(session)

    def _sweep_orphans(self) -> None:
        """Once: keys that a crash left without rows."""
        if self._is_swept:
            return
        with self._session() as session:
            orphans = sweeping.orphans(session)
        for person_id in orphans:
            with self._session() as session:
                sweeping.sweep(session, person_id)
        if orphans:
            self._vault.file.overwrite_journals()
        self._is_swept = True

    def _finish_rotation(self) -> None:
        if self._vault.file.is_unfinished:
            self._vault.finish_rotation()


def mark_in(session: Sessions) -> StoreMark:
    """The mark in the database with people."""

    def read() -> bytes | None:
        with session() as reading:
            found = reading.rows("SELECT store FROM vault", can_change=False)
        return bytes(found[0]["store"]) if found else None

    def write(store: bytes) -> None:
        with session() as writing:
            writing.execute("INSERT OR REPLACE INTO vault VALUES (1, ?)", [store])

    return StoreMark(read, write)
