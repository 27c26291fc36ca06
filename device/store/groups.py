"""Groups of people as they are stored: a name, and who is in it. A group is there as long as one person is."""

from collections.abc import Iterable

from device.errors import CredentialError
from device.names import name_key, quoted, tidy
from device.records import Person
from device.store.session import Row, Session

MAX_GROUP = 64
"""Longest name of a group, in code points."""
_MEMBERSHIPS = "SELECT person_id, name FROM memberships"


class Groups:
    """Who is in which group. Raises plain `sqlite3.Error`, which `Store` translates."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, person: Person) -> frozenset[str]:
        """The groups of a person, by name."""
        rows = self._session.rows(f"{_MEMBERSHIPS} WHERE person_id = ?", [person.id])
        return frozenset(str(row["name"]) for row in rows)

    def between(self, first: int, last: int) -> dict[int, set[str]]:
        """The groups of people of these numbers."""
        found: dict[int, set[str]] = {}
        for row in self._session.rows(f"{_MEMBERSHIPS} WHERE person_id BETWEEN ? AND ?", [first, last]):
            found.setdefault(row["person_id"], set()).add(str(row["name"]))
        return found

    def sizes(self) -> dict[str, int]:
        """All groups, by name, with the number of people in each."""
        rows = self._rows("SELECT name, count(*) AS n FROM memberships GROUP BY name ORDER BY name")
        return {str(row["name"]): int(row["n"]) for row in rows}

    def put(self, person: Person, names: Iterable[str]) -> None:
        """Puts a person into groups; harmless for those they are in. Raises `CredentialError` for what is no name."""
        for name in names:
            self._session.execute(
                "INSERT OR IGNORE INTO memberships (person_id, name) VALUES (?, ?)", [person.id, self.known_as(name)]
            )

    def take(self, person: Person, names: Iterable[str]) -> None:
        """Takes a person out of groups. Raises `CredentialError` for one that they are not in."""
        for name in names:
            written = self.known_as(name)
            taken = self._session.execute(
                "DELETE FROM memberships WHERE person_id = ? AND name = ?", [person.id, written]
            )
            if not taken.rowcount:
                raise CredentialError(
                    f"{person.name} is not in the group {quoted(written)}.",
                    hint=f"See `lintel people show`. In groups: {', '.join(sorted(self.of(person))) or 'none'}.",
                )

    def known_as(self, name: str) -> str:
        """A group's name as it is written already, or as it is going to be: typed otherwise, it is the same group.

        Raises `CredentialError` for what can't be the name of a group.
        """
        written = group_name(name)
        return next((known for known in self.sizes() if name_key(known) == name_key(written)), written)

    def _rows(self, sql: str) -> list[Row]:
        return self._session.rows(sql, can_change=False)


def group_name(name: str) -> str:
    """A group's name as it is stored. Raises `CredentialError` for what can't be one."""
    try:
        written = tidy(name)
    except ValueError as error:
        raise CredentialError(f"Not a name of a group: {error}.", hint="Type the name by hand.") from None
    if len(written) > MAX_GROUP or "," in written or ";" in written:
        raise CredentialError(
            f"Not a name of a group: {quoted(written[:MAX_GROUP])}.",
            hint=f"Use at most {MAX_GROUP} characters, without commas and semicolons.",
        )
    return written
