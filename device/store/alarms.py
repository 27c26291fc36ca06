"""Open alarms. A trigger opens them in the transaction of the row, whoever writes it; a named operator closes them."""

from datetime import datetime

from device.errors import DoorError
from device.records import Alarm, AlarmKind
from device.store.session import Row, Session

_COLUMNS = "row, kind, event, at, door, reader, times, last_at"


class Alarms:
    """Alarms of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open_ones(self) -> tuple[Alarm, ...]:
        """Those that nobody has acknowledged, the oldest first."""
        rows = self._session.rows(
            f"SELECT {_COLUMNS} FROM alarms WHERE acknowledged IS NULL ORDER BY row"  # noqa: S608 - constants
        )
        return tuple(map(_alarm, rows))

    def open_one(self, number: int) -> Alarm:
        """Raises `DoorError` if there is no open alarm of this number."""
        found = next((alarm for alarm in self.open_ones() if alarm.id == number), None)
        if found is None:
            raise not_open(number)
        return found

    def acknowledge(self, alarm: Alarm, row: int) -> None:
        """Closes an alarm; `row` of the audit says who did it and why."""
        self._session.execute("UPDATE alarms SET acknowledged = ? WHERE row = ?", [row, alarm.id])


def not_open(number: int) -> DoorError:
    """The same for an alarm that is closed, that never was, and that the operator may not know of."""
    return DoorError(f"There is no open alarm {number}.", hint="`lintel alarms` lists those that are open.")


def _alarm(row: Row) -> Alarm:
    return Alarm(
        id=row["row"],
        kind=AlarmKind(row["kind"]),
        event=row["event"],
        at=datetime.fromisoformat(row["at"]),
        door=row["door"],
        reader=row["reader"],
        times=row["times"],
        last_at=datetime.fromisoformat(row["last_at"]),
    )
