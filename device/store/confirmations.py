"""Commands that wait for a second person. Nothing of them outlasts a restart of the machine."""

from device.records.confirmations import Pending
from device.store.session import Row, Session

_COLUMNS = "row, command, person_id, people, asked_by, asked_s, process, confirmed_by"


class Confirmations:
    """Those of one transaction."""

    def __init__(self, session: Session, boot: str) -> None:
        """Those of another `boot` are not there."""
        self._session = session
        self._boot = boot

    def all(self) -> tuple[Pending, ...]:
        """Those that were asked for since the boot and have not ended, the oldest first."""
        sql = f"SELECT {_COLUMNS} FROM confirmations WHERE boot = ? ORDER BY row"  # noqa: S608 - constants
        return tuple(map(_pending, self._session.rows(sql, [self._boot])))

    def ask(self, pending: Pending) -> None:
        """Begins to wait."""
        people = " ".join(map(str, sorted(pending.people)))
        self._session.execute(
            "INSERT OR REPLACE INTO confirmations (row, command, person_id, people, asked_by, boot, asked_s, process) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                pending.row,
                pending.command,
                pending.person_id,
                people,
                pending.asked_by,
                self._boot,
                pending.asked_s,
                pending.process,
            ],
        )

    def confirm(self, pending: Pending, by: str) -> None:
        """Notes who confirms it."""
        self._session.execute("UPDATE confirmations SET confirmed_by = ? WHERE row = ?", [by, pending.row])

    def end(self, row: int) -> None:
        """Waits no more; harmless when repeated."""
        self._session.execute("DELETE FROM confirmations WHERE row = ? OR boot <> ?", [row, self._boot])


def _pending(row: Row) -> Pending:
    return Pending(
        row["row"],
        row["command"],
        row["person_id"],
        frozenset(map(int, row["people"].split())),
        row["asked_by"],
        row["asked_s"],
        row["process"],
        row["confirmed_by"],
    )
