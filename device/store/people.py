"""People, their badges and their references."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from device.errors import CredentialError, KeyMissing
from device.names import name_key, quoted, tidy
from device.records import Badge, Claim, Credential, Enrolled, Origin, Person, Validity
from device.store.badges import Badges
from device.store.bases import Bases
from device.store.groups import Groups
from device.store.invitations import Invitations
from device.store.references import References
from device.store.rows import badge_of, key_of, stored_validity, time_of, validity_of
from device.store.session import Row
from device.store.visits import Visits

PAGE_PEOPLE = 200
"""Read at once, with their badges and references: a commit beside it waits that long at most."""
_NO_ID = 0
"""Smaller than every person's number."""
_PEOPLE = "SELECT id, name, enrolled_at, extended, valid_from, valid_until, uid, changed FROM people NOT INDEXED"
"""The table's own rows: of a column that an index has too, SQLite would give the index's copy (NOT INDEXED)."""


class People(Badges):
    """Who may be verified, with their badges. Raises plain `sqlite3.Error`, which `Store` translates."""

    def claim(self, credential: Credential, model_sha256: str) -> Claim | None:
        """What is known of a badge, or None if it has no holder; references of other models are left out."""
        with self._session.snapshot():
            row = self._row_of(credential)
            if row is None:
                return None
            badge = badge_of(row)
            try:
                references, is_key_missing = self.references(badge.person, model_sha256), False
            except KeyMissing:
                references, is_key_missing = np.empty((0, 0), np.float32), True
            groups, invitation = self.groups.of(badge.person), self.invitations.of(badge.person)
        return Claim(
            badge.person,
            badge.revoked_at is not None,
            references,
            key_missing=is_key_missing,
            invitation=invitation,
            demands_pin=bool(row["pin_demanded"]),
            extended=bool(row["extended"]),
            suspended=badge.suspended_at is not None,
            has_pin=bool(row["has_pin"]),
            duress=bool(row["duress"]),
            groups=groups,
            valid=validity_of(row["person_valid_from"], row["person_valid_until"]),
            badge_valid=badge.valid,
        )

    @property
    def faces(self) -> References:
        """The references, one by one."""
        return References(self._session)

    @property
    def groups(self) -> Groups:
        """Who is in which group."""
        return Groups(self._session)

    @property
    def visits(self) -> Visits:
        """When each was last let in."""
        return Visits(self._session)

    @property
    def invitations(self) -> Invitations:
        """Who may give new references at a door."""
        return Invitations(self._session)

    @property
    def bases(self) -> Bases:
        """On which legal bases references are kept."""
        return Bases(self._session)

    def references(self, person: Person, model_sha256: str) -> NDArray[np.float32]:
        """The person's references made by a model, float32 [n, length], n >= 0."""
        return self.faces.vectors(person, model_sha256)

    def all_references(self, model_sha256: str) -> tuple[tuple[Person, NDArray[np.float32]], ...]:
        """All people with references made by a model, by their number: float32 [n, length], n >= 1."""
        return tuple(found for page in self._pages() for found in self._references_in(page, model_sha256))

    def badges(self) -> tuple[Badge, ...]:
        """All badges, revoked ones too."""
        held = [badge for page in self._pages() for badge in self._badges_between(*_range(page))]
        return tuple(sorted(held, key=lambda badge: key_of(badge.credential)))

    def named(self, name: str) -> Person | None:
        """The person of this name, however it is typed (`device.names`).

        Raises `CredentialError` if several have it, enrolled before their names counted as the same.
        """
        wanted = name_key(name)
        alike = [person for page in self._pages() for person in _people(page) if name_key(person.name) == wanted]
        exact = [person for person in alike if person.name == name]
        if len(alike) > 1 and not exact:
            raise CredentialError(
                f"{quoted(name)} is the name of several people: {' and '.join(quoted(one.name) for one in alike)}.",
                hint="Write the name of the one that is meant exactly so, or find the badge: `lintel people find`.",
            )
        return next(iter(exact or alike), None)

    def names(self, ids: Iterable[int]) -> dict[int, str]:
        """The names of these people by their number; those who are enrolled no more are left out."""
        wanted = sorted(set(ids))
        found: dict[int, str] = {}
        for start in range(0, len(wanted), PAGE_PEOPLE):
            some = wanted[start : start + PAGE_PEOPLE]
            marks = ", ".join("?" for _ in some)
            rows = self._session.rows(f"SELECT id, name FROM people NOT INDEXED WHERE id IN ({marks})", some)  # noqa: S608 - marks
            found |= {row["id"]: row["name"] for row in rows}
        return found

    def everyone(self) -> tuple[Enrolled, ...]:
        """All people, by name."""
        found = [enrolled for page in self._pages() for enrolled in self._enrolled_in(page)]
        return tuple(sorted(found, key=lambda enrolled: _in_order(enrolled.person.name)))

    def enrolled(self, person: Person) -> Enrolled | None:
        """One person with badges and references, or None if they are enrolled no more."""
        page = self._session.rows(f"{_PEOPLE} WHERE id = ?", [person.id])
        return next(iter(self._enrolled_in(page)), None) if page else None

    def add(self, name: str, at: datetime) -> Person:
        """A new person. Raises `CredentialError` for a name that can't be stored."""
        name = stored_name(name)
        row_id = self._session.execute("INSERT INTO people (name, enrolled_at) VALUES (?, ?)", [name, at.isoformat()])
        return Person(int(row_id.lastrowid or 0), name)

    def has_pin(self, person: Person) -> bool:
        """Whether a person has a PIN."""
        return bool(self._session.rows("SELECT 1 FROM pins WHERE person_id = ?", [person.id]))

    def demands_pin(self, person: Person) -> bool:
        """Whether a person has to type a PIN besides the face."""
        return bool(self._session.rows("SELECT 1 FROM people WHERE id = ? AND pin_demanded", [person.id]))

    def demand_pin(self, person: Person, *, demanded: bool) -> None:
        """Says whether they have to."""
        self._session.execute("UPDATE people SET pin_demanded = ? WHERE id = ?", [int(demanded), person.id])

    def give_time(self, person: Person, *, extended: bool) -> None:
        """Says whether the strike is released for longer when this person comes."""
        self._session.execute("UPDATE people SET extended = ? WHERE id = ?", [int(extended), person.id])

    def limit(self, person: Person, valid: Validity) -> None:
        """Says from when until when a person may come in."""
        self._session.execute(
            "UPDATE people SET valid_from = ?, valid_until = ? WHERE id = ?", [*stored_validity(valid), person.id]
        )

    def rename(self, person: Person, name: str) -> Person:
        """Gives a person another name, under which they are found from now on. Raises `CredentialError`."""
        name = stored_name(name)
        self._session.execute("UPDATE people SET name = ? WHERE id = ?", [name, person.id])
        return Person(person.id, name)

    def add_references(
        self,
        person: Person,
        embeddings: NDArray[np.float32],
        model_sha256: str,
        at: datetime,
        origins: Sequence[Origin] = (),
    ) -> None:
        """Keeps references, float32 [n, length], bound to the model that made them; `origins` in the same order."""
        self.faces.add(person, embeddings, model_sha256=model_sha256, at=at, origins=origins)

    def remove(self, person: Person) -> None:
        """Erases a person with their badges and references; SQLite overwrites the bytes (`secure_delete`). A revoked
        badge stays revoked, and a suspended one becomes it: the plastic is still about, and the next holder is not who
        lost it.
        """
        self._session.execute(
            "INSERT OR REPLACE INTO revoked_badges (format, facility, number, revoked_at, generation) "
            "SELECT format, facility, number, coalesce(revoked_at, suspended_at), generation FROM badges "
            "WHERE person_id = ? AND coalesce(revoked_at, suspended_at) IS NOT NULL",
            [person.id],
        )
        self._session.execute("DELETE FROM people WHERE id = ?", [person.id])

    def _pages(self) -> Iterator[list[Row]]:
        """All people, some at a time, each page in a transaction of its own."""
        last = _NO_ID
        while page := self._session.rows(f"{_PEOPLE} WHERE id > ? ORDER BY id LIMIT ?", [last, PAGE_PEOPLE]):
            yield page
            last = page[-1]["id"]

    def _enrolled_in(self, page: list[Row]) -> Iterator[Enrolled]:
        badges, counts = self._badges_between(*_range(page)), self._counts_in(page)
        groups = self.groups.between(*_range(page))
        held: dict[int, list[Badge]] = {person_id: [] for person_id in (row["id"] for row in page)}
        for badge in badges:
            held.get(badge.person.id, []).append(badge)
        for row, person in zip(page, _people(page), strict=True):
            yield Enrolled(
                person,
                time_of(row["enrolled_at"]),
                tuple(held[person.id]),
                tuple((count["model_sha256"], count["n"]) for count in counts if count["person_id"] == person.id),
                extended=bool(row["extended"]),
                groups=tuple(sorted(groups.get(person.id, ()))),
                valid=validity_of(row["valid_from"], row["valid_until"]),
                uid=str(row["uid"]),
                changed=int(row["changed"]),
            )

    def _counts_in(self, page: list[Row]) -> list[Row]:
        return self._session.rows(
            "SELECT person_id, model_sha256, count(*) AS n FROM face_references WHERE person_id BETWEEN ? AND ? "
            "GROUP BY person_id, model_sha256",
            _range(page),
        )

    def _references_in(self, page: list[Row], model_sha256: str) -> Iterator[tuple[Person, NDArray[np.float32]]]:
        rows = self._session.rows(
            "SELECT person_id, name, model_sha256, embedding, generation, invited FROM face_references NOT INDEXED "
            "JOIN people NOT INDEXED ON people.id = person_id WHERE face_references.id IN "
            "(SELECT id FROM face_references WHERE person_id BETWEEN ? AND ?) AND model_sha256 = ? "
            "ORDER BY person_id, face_references.id",
            [*_range(page), model_sha256],
            can_change=False,
        )
        names = {row["person_id"]: row["name"] for row in rows}
        for person_id, vectors in self.faces.opened(rows).items():
            yield Person(person_id, names[person_id]), vectors


def _people(page: list[Row]) -> list[Person]:
    return [Person(row["id"], row["name"]) for row in page]


def _range(page: list[Row]) -> tuple[int, int]:
    """The first and the last person of a page."""
    return page[0]["id"], page[-1]["id"]


def _in_order(name: str) -> bytes:
    """As SQLite's NOCASE sorts: only the letters of ASCII have no case."""
    return name.encode().lower()


def stored_name(name: str) -> str:
    """A name as it is stored. Raises `CredentialError` for one that can't be."""
    try:
        return tidy(name)
    except ValueError as error:
        raise CredentialError(f"Not a name: {error}.", hint="Type the name by hand.") from None
