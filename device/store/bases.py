"""On which legal basis a person's references are kept, and since when no more."""

from datetime import datetime

from device.records import Basis, BasisKind, Grounds, Person
from device.store.rows import time_of
from device.store.session import Row, Session

_BASES = "SELECT person_id, kind, version, text, given_at, operator, withdrawn_at, withdrawn_by FROM bases NOT INDEXED"


class Bases:
    """The legal bases of people, the newest last. Raises plain `sqlite3.Error`, which `Store` translates."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, person: Person) -> tuple[Basis, ...]:
        """All that were ever given, in the order in which they were."""
        rows = self._session.rows(
            f"{_BASES} WHERE id IN (SELECT id FROM bases WHERE person_id = ?) ORDER BY id",  # noqa: S608 - a constant
            [person.id],
        )
        return tuple(_basis(row) for row in rows)

    def present(self, person: Person) -> Basis | None:
        """The one that counts, None if there is none or it was withdrawn."""
        known = self.of(person)
        return known[-1] if known and known[-1].withdrawn_at is None else None

    def all_present(self) -> dict[int, Basis]:
        """Those that count, by person's number."""
        rows = self._session.rows(
            f"{_BASES} WHERE id IN (SELECT max(id) FROM bases GROUP BY person_id) AND withdrawn_at IS NULL",  # noqa: S608 - a constant
            can_change=False,
        )
        return {int(row["person_id"]): _basis(row) for row in rows}

    def holders(self) -> frozenset[int]:
        """The numbers of the people who have one that counts."""
        rows = self._session.rows(
            "SELECT person_id FROM bases WHERE id IN (SELECT max(id) FROM bases GROUP BY person_id) "
            "AND withdrawn_at IS NULL",
            can_change=False,
        )
        return frozenset(int(row["person_id"]) for row in rows)

    def give(self, person: Person, grounds: Grounds, at: datetime) -> bool:
        """Writes grounds down, which count from then on; harmless for those that do. Says whether they are new."""
        present = self.present(person)
        if present and _alike(present.grounds, grounds):
            return False
        self._session.execute(
            "INSERT INTO bases (person_id, kind, version, text, given_at, operator) VALUES (?, ?, ?, ?, ?, ?)",
            [person.id, grounds.kind, grounds.version, grounds.text, at.isoformat(), grounds.operator],
        )
        return True

    def withdraw(self, person: Person, at: datetime, operator: str) -> None:
        """Marks all that count as withdrawn."""
        self._session.execute(
            "UPDATE bases SET withdrawn_at = ?, withdrawn_by = ? WHERE person_id = ? AND withdrawn_at IS NULL",
            [at.isoformat(), operator, person.id],
        )


def _alike(one: Grounds, other: Grounds) -> bool:
    """Whoever wrote them down."""
    return (one.kind, one.version, one.text) == (other.kind, other.version, other.text)


def _basis(row: Row) -> Basis:
    return Basis(
        Grounds(BasisKind(row["kind"]), str(row["version"]), str(row["text"]), str(row["operator"])),
        time_of(row["given_at"]),
        time_of(row["withdrawn_at"]) if row["withdrawn_at"] else None,
        str(row["withdrawn_by"] or ""),
    )
