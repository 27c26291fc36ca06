"""The newest time that was trusted, kept over a restart of the machine: one row, written now and then."""

import sqlite3
from datetime import datetime

from device.policy.clock_state import ClockMark
from device.store.session import Session


class ClockMarks:
    """Raises plain `sqlite3.Error`, which `Store` translates."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def mark(self) -> tuple[ClockMark | None, int]:
        """The mark, and how often an operator has accepted the clock; None in a new database."""
        rows = self._session.rows("SELECT * FROM clock_mark", can_change=False)
        if not rows:
            return None, 0
        (row,) = rows
        try:
            newest, confirmed = (datetime.fromisoformat(at) if at else None for at in (row["newest"], row["confirmed"]))
        except ValueError:
            raise sqlite3.DataError("the mark of the newest time is damaged") from None
        if newest is None:
            return None, int(row["accepted"])
        mark = ClockMark(newest, confirmed, float(row["monotonic"]), row["boot"], row["synchronized"])
        return mark, int(row["accepted"])

    def keep(self, mark: ClockMark, accepted: int) -> bool:
        """Stores a mark, unless an operator has accepted another clock meanwhile; whether it did."""
        self._session.lock()
        if self.mark()[1] != accepted:
            return False
        self._write(mark, accepted)
        return True

    def accept(self, mark: ClockMark) -> None:
        """Stores the mark that an operator vouches for, in place of any other."""
        self._session.lock()
        self._write(mark, self.mark()[1] + 1)

    def _write(self, mark: ClockMark, accepted: int) -> None:
        self._session.execute(
            "INSERT OR REPLACE INTO clock_mark (id, newest, confirmed, monotonic, boot, synchronized, accepted) "
            "VALUES (1, ?, ?, ?, ?, ?, ?)",
            [
                mark.newest.isoformat(),
                mark.confirmed.isoformat() if mark.confirmed else None,
                mark.monotonic,
                mark.boot,
                mark.synchronized,
                accepted,
            ],
        )
