"""When people were last let in, kept beyond the audit's rows, which are cut after a while."""

from collections.abc import Mapping
from datetime import datetime

from device.store.rows import time_of
from device.store.session import Session


class Visits:
    """The last grant of each person, as of a row of the audit. Raises plain `sqlite3.Error`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> dict[int, datetime]:
        """By person's number."""
        rows = self._session.rows("SELECT person_id, at FROM visits", can_change=False)
        return {int(row["person_id"]): time_of(row["at"]) for row in rows}

    def read_to(self) -> int:
        """The number of the audit's row up to which they were taken from it."""
        return int(self._session.rows("SELECT row FROM visits_read", can_change=False)[0]["row"])

    def keep(self, last: Mapping[int, datetime], read_to: int) -> None:
        """Those of people who are enrolled, and how far the audit was read."""
        for person_id, at in last.items():
            self._session.execute(
                "INSERT OR REPLACE INTO visits (person_id, at) SELECT id, ? FROM people WHERE id = ?",
                [at.isoformat(), person_id],
            )
        self._session.execute("UPDATE visits_read SET row = ?", [read_to])
