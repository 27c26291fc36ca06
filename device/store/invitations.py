"""Who is invited to give new references at a door, alone: one invitation a person, which is used once."""

from device.records import Invitation, Person
from device.store.rows import time_of
from device.store.session import Row, Session


class Invitations:
    """The invitations of people. Raises plain `sqlite3.Error`, which `Store` translates."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, person: Person) -> Invitation | None:
        """A person's, None if there is none; it may be over."""
        rows = self._session.rows("SELECT given_at, ends_at, by FROM invitations WHERE person_id = ?", [person.id])
        return next(map(_invitation, rows), None)

    def all(self) -> dict[int, Invitation]:
        """All of them by the person's number."""
        rows = self._session.rows("SELECT person_id, given_at, ends_at, by FROM invitations", can_change=False)
        return {int(row["person_id"]): _invitation(row) for row in rows}

    def give(self, person: Person, invitation: Invitation) -> None:
        """In the place of the one before, if there was one."""
        self._session.execute(
            "INSERT OR REPLACE INTO invitations (person_id, given_at, ends_at, by) VALUES (?, ?, ?, ?)",
            [person.id, invitation.given_at.isoformat(), invitation.ends_at.isoformat(), invitation.by],
        )

    def take(self, person: Person) -> bool:
        """Ends it; says whether there was one."""
        return bool(self._session.execute("DELETE FROM invitations WHERE person_id = ?", [person.id]).rowcount)


def _invitation(row: Row) -> Invitation:
    return Invitation(time_of(row["given_at"]), time_of(row["ends_at"]), str(row["by"]))
