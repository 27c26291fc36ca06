"""Compares the database with the witness beside the keys, and keeps the witness up to date."""

import time
from dataclasses import dataclass, field

from device.failures import in_words
from device.store.chain import witness
from device.store.chain.heads import Chain, End, end_of, sign_head
from device.store.chain.links import Links
from device.store.chain.marks import Mark
from device.store.session import Session

WITNESS_ROWS = 100
"""The witness is written after this many rows, or after `WITNESS_S` if there is any new one, and at the end."""
WITNESS_S = 60.0


@dataclass(slots=True)
class Guard:
    """What one process knows of the witness. Its methods write the database as little as they can."""

    chain: Chain
    trouble: str = ""
    """What was found, for as long as the process runs."""
    is_checked: bool = False
    _row: int = -1
    _written_at: float = field(default_factory=time.monotonic)

    def check(self, session: Session) -> None:
        """Once: whether the database is the one that the witness knows, no older and not another.

        Else a row says so and gets a number that no row had, so that the chain isn't continued silently. Raises
        `sqlite3.Error`.
        """
        if self.is_checked or self.chain.folder is None:
            return
        found, seen = self._compared(session, end_of(session))
        if found:
            self.trouble = f"The audit is broken: {found}."
            with session.level():
                Links(session, self.chain).add_broken(found, seen)
        self.is_checked = True

    def keep(self, session: Session, *, at_once: bool = False) -> None:
        """Writes the witness if it is time, or `at_once` if anything is new. A failure is a trouble, not an error."""
        if self.chain.folder is None:
            return
        end = end_of(session)
        if end.row and not end.head.at:
            with session.level():
                session.lock()
                sign_head(session, self.chain)
            end = end_of(session)
        waited_s = time.monotonic() - self._written_at
        is_due = end.head.row - self._row >= WITNESS_ROWS or waited_s >= WITNESS_S or at_once
        if end.head.row != self._row and end.head.at and is_due:
            self._write(end)

    def _write(self, end: End) -> None:
        folder = self.chain.folder
        if folder is None:
            return
        try:
            witness.write(folder, witness.witness_of(end.head, end.chain))
        except OSError as error:
            self.trouble = self.trouble or f"The witness of the audit in {folder} can't be written: {in_words(error)}."
            return
        self._row, self._written_at = end.head.row, time.monotonic()

    def _compared(self, session: Session, end: End) -> tuple[str, Mark | None]:
        """What is wrong, and the head that the witness has seen."""
        folder = self.chain.folder
        if folder is None:
            return "", None
        try:
            seen = witness.read(folder)
        except (OSError, ValueError) as error:
            return (f"its witness in {folder} can't be read: {in_words(error)}" if end.was_witnessed else ""), None
        if seen is None:
            return (f"its witness in {folder} is missing" if end.was_witnessed else ""), None
        self._row, mark = seen.row, seen.mark()
        if seen.chain != end.chain.hex():
            return f"another database was put in its place, whose last row is {end.head.row}, not {seen.row}", mark
        if seen.row > end.head.row:
            return f"rolled back from row {seen.row} to {end.head.row}: an older copy was put in its place", mark
        found = session.rows("SELECT hash FROM audit WHERE id = ?", [seen.row], can_change=False)
        if found and found[0]["hash"] != mark.hash:
            return f"row {seen.row} is not the one that the witness has seen", mark
        return "", None
