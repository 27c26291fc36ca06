"""Where people are as far as the doors know: the last passage of each, and from when on that is in doubt."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from device.policy.areas import Place
from device.records import Person
from device.store.session import Row, Session

EVERYWHERE = "*"
"""Stands for all areas where a doubt is kept."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A person who was granted, and the area that the passage leads to."""

    person_id: int
    leads: str


class Places:
    """The places of people. A place is never deleted by time: `device.policy.areas` says whether it still counts.

    Raises plain `sqlite3.Error`, which `Store` translates.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, person: Person) -> Place | None:
        """Where the person's last passage led, or None for a person who has not passed."""
        rows = self._session.rows("SELECT person_id, area, at, row FROM places WHERE person_id = ?", [person.id])
        return next(map(_place, rows), None)

    def everyone(self) -> dict[int, Place]:
        """All places, by the person's number."""
        rows = self._session.rows("SELECT person_id, area, at, row FROM places", can_change=False)
        return {int(one["person_id"]): _place(one) for one in rows}

    def of_how_many(self) -> int:
        """How many people are enrolled, with a place or without one."""
        return int(self._session.rows("SELECT count(*) AS n FROM people", can_change=False)[0]["n"])

    def in_area(self, area: str) -> dict[int, Place]:
        """Those whose last passage led to this area, by the person's number."""
        rows = self._session.rows("SELECT person_id, area, at, row FROM places WHERE area = ?", [area])
        return {int(one["person_id"]): _place(one) for one in rows}

    def doubted_from(self, area: str) -> int:
        """The newest audit row after which people may have come to or left this area unseen; 0 for none."""
        rows = self._session.rows(
            "SELECT coalesce(max(row), 0) AS row FROM place_doubts WHERE area IN (?, ?)", [area, EVERYWHERE]
        )
        return int(rows[0]["row"])

    def put(self, person_id: int, place: Place) -> None:
        """The person passed. One who was erased meanwhile is nowhere."""
        self._session.execute(
            "INSERT INTO places (person_id, area, at, row) SELECT id, ?, ?, ? FROM people WHERE id = ? "
            "ON CONFLICT (person_id) DO UPDATE SET area = excluded.area, at = excluded.at, row = excluded.row",
            [place.area, place.at.isoformat(), place.row, person_id],
        )

    def forget(self, person_id: int) -> bool:
        """The person's place is unknown from now on; whether it was kept before."""
        return bool(self._session.execute("DELETE FROM places WHERE person_id = ?", [person_id]).rowcount)

    def doubt(self, areas: Iterable[str], row: int) -> None:
        """People may have come to or left these areas unseen, as this audit row says."""
        for area in areas:
            self._session.execute(
                "INSERT INTO place_doubts (area, row) VALUES (?, ?) "
                "ON CONFLICT (area) DO UPDATE SET row = max(row, excluded.row)",
                [area, row],
            )

    def expect(self, door: str, person_id: int, row: int, *, leads: str) -> None:
        """A decision, in that row, lets a person pass to an area. The door's position switch says what came of it."""
        self._session.execute(
            "INSERT OR REPLACE INTO awaited_passages (row, door, person_id, leads) VALUES (?, ?, ?, ?)",
            [row, door, person_id, leads],
        )

    def withdraw(self, row: int) -> None:
        """What that decision let people do did not happen: where they are is unknown, and no passage is awaited."""
        self._session.execute("DELETE FROM places WHERE row = ?", [row])
        self._session.execute("DELETE FROM awaited_passages WHERE abs(row) = ?", [row])

    def give_up(self, door: str, before: datetime) -> None:
        """Passages of decisions before a time are awaited no more, and where those people are is unknown."""
        late = "door = ? AND abs(row) IN (SELECT id FROM audit WHERE at < ?)"
        bound = [door, before.isoformat()]
        self._session.execute(
            f"DELETE FROM places WHERE person_id IN (SELECT person_id FROM awaited_passages WHERE {late})",  # noqa: S608 - constants
            bound,
        )
        self._session.execute(f"DELETE FROM awaited_passages WHERE {late}", bound)  # noqa: S608 - constants

    def came_of(self, door: str, row: int, *, leads: str | None = None) -> Awaited | None:
        """The passage that a decision awaited, which is awaited no more; of row 0, the oldest at this door, or of those
        that lead to an area.
        """
        oldest = "SELECT min(row) FROM awaited_passages WHERE door = ? AND leads = coalesce(?, leads)"
        chosen, bound = ("row = ?", [row]) if row else (f"row = ({oldest})", [door, leads])
        rows = self._session.rows(
            f"SELECT row, person_id, leads FROM awaited_passages WHERE {chosen}",  # noqa: S608 - constants
            bound,
        )
        for one in rows:
            self._session.execute("DELETE FROM awaited_passages WHERE row = ?", [one["row"]])
        return next((Awaited(int(one["person_id"]), str(one["leads"])) for one in rows), None)


def _place(row: Row) -> Place:
    try:
        return Place(str(row["area"]), datetime.fromisoformat(str(row["at"])), int(row["row"]))
    except ValueError:
        raise sqlite3.DataError(f"the place of person {row['person_id']} is damaged") from None
