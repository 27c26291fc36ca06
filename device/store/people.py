"""People, their badges and their references."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from device.credentials import format_badge, refuse_random
from device.errors import CredentialError
from device.names import name_key, quoted, tidy
from device.records import Badge, Claim, Credential, Enrolled, Origin, Person, RevokedBadge
from device.store.references import References, stacked
from device.store.session import Row, Session

PAGE_PEOPLE = 200
"""Read at once, with their badges and references: a commit beside it waits that long at most."""
_NO_ID = 0
"""Smaller than every person's number."""
_BADGE = "format = ? AND facility = ? AND number = ?"
_BADGES = """
    SELECT badges.rowid AS place, format, facility, number, person_id, issued_at, revoked_at, suspended_at, name,
        extended, duress, EXISTS (SELECT 1 FROM pins WHERE pins.person_id = people.id) AS has_pin
    FROM badges NOT INDEXED JOIN people NOT INDEXED ON people.id = person_id
"""
_PEOPLE = "SELECT id, name, enrolled_at, extended FROM people NOT INDEXED"
"""The tables' own rows: of a column that an index has too, SQLite would give the index's copy (NOT INDEXED)."""


class People:
    """Who may be verified. Raises plain `sqlite3.Error`, which `Store` translates.

    The row that an index finds has to contain what was looked up, so a bit that flipped in the index finds no one.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, credential: Credential, model_sha256: str) -> Claim | None:
        """What is known of a badge, or None if it has no holder; references of other models are left out."""
        with self._session.snapshot():
            row = self._row_of(credential)
            if row is None:
                return None
            badge = _badge(row)
            references = self.references(badge.person, model_sha256)
        return Claim(
            badge.person,
            badge.revoked_at is not None,
            references,
            extended=bool(row["extended"]),
            suspended=badge.suspended_at is not None,
            has_pin=bool(row["has_pin"]),
            duress=bool(row["duress"]),
        )

    @property
    def faces(self) -> References:
        """The references, one by one."""
        return References(self._session)

    def references(self, person: Person, model_sha256: str) -> NDArray[np.float32]:
        """The person's references made by a model, float32 [n, length], n >= 0."""
        return self.faces.vectors(person, model_sha256)

    def all_references(self, model_sha256: str) -> tuple[tuple[Person, NDArray[np.float32]], ...]:
        """All people with references made by a model, by their number: float32 [n, length], n >= 1."""
        return tuple(found for page in self._pages() for found in self._references_in(page, model_sha256))

    def badge(self, credential: Credential) -> Badge | None:
        """The badge as it is stored, or None."""
        row = self._row_of(credential)
        return _badge(row) if row else None

    def badges(self) -> tuple[Badge, ...]:
        """All badges, revoked ones too."""
        held = [badge for page in self._pages() for badge in self._badges_in(page)]
        return tuple(sorted(held, key=lambda badge: _key(badge.credential)))

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

    def give_time(self, person: Person, *, extended: bool) -> None:
        """Says whether the strike is released for longer when this person comes."""
        self._session.execute("UPDATE people SET extended = ? WHERE id = ?", [int(extended), person.id])

    def rename(self, person: Person, name: str) -> Person:
        """Gives a person another name, under which they are found from now on. Raises `CredentialError`."""
        name = stored_name(name)
        self._session.execute("UPDATE people SET name = ? WHERE id = ?", [name, person.id])
        return Person(person.id, name)

    def issue(self, credential: Credential, person: Person, at: datetime) -> None:
        """Gives a badge to a person. Raises `CredentialError` for one that was revoked before its holder was
        removed, and for a random number.
        """
        refuse_random(credential)
        self._session.lock()
        if any(revoked.credential == credential for revoked in self.revoked_badges()):
            raise CredentialError(
                f"Badge {format_badge(credential)} was revoked before its holder was removed.",
                hint=f"Use another badge, or lift the revocation: `lintel badges restore {format_badge(credential)}`.",
            )
        self._session.execute(
            "INSERT INTO badges (format, facility, number, person_id, issued_at) VALUES (?, ?, ?, ?, ?)",
            [*_key(credential), person.id, at.isoformat()],
        )

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

    def held(self, credential: Credential) -> Badge:
        """A badge with its holder. Raises `CredentialError` if it has none."""
        badge = self.badge(credential)
        if badge is None:
            raise CredentialError(
                f"Badge {format_badge(credential)} is not assigned to anyone.", hint="See `lintel badges list`."
            )
        return badge

    def revoke(self, credential: Credential, at: datetime) -> None:
        """Revokes a badge, a suspended one too. Raises `CredentialError` if it has no holder."""
        self._session.lock()
        if self.held(credential).revoked_at is None:
            self._mark(credential, revoked_at=at, suspended_at=None)

    def suspend(self, credential: Credential, at: datetime) -> None:
        """Suspends a badge until it is resumed. Raises `CredentialError` if it has no holder or is revoked."""
        self._session.lock()
        badge = self.held(credential)
        _refuse_revoked(badge)
        if badge.suspended_at is None:
            self._mark(credential, revoked_at=None, suspended_at=at)

    def resume(self, credential: Credential) -> None:
        """Makes a suspended badge valid again. Raises `CredentialError` if it is not suspended; revocation wins."""
        self._session.lock()
        badge = self.held(credential)
        _refuse_revoked(badge)
        if badge.suspended_at is None:
            raise CredentialError(
                f"Badge {format_badge(credential)} is not suspended; it is valid.", hint="See `lintel badges list`."
            )
        self._mark(credential, revoked_at=None, suspended_at=None)

    def _mark(self, credential: Credential, *, revoked_at: datetime | None, suspended_at: datetime | None) -> None:
        marks = [at.isoformat() if at else None for at in (revoked_at, suspended_at)]
        self._session.execute(
            f"UPDATE badges SET revoked_at = ?, suspended_at = ? WHERE {_BADGE}",  # noqa: S608 - a constant
            [*marks, *_key(credential)],
        )

    def revoked_badges(self) -> tuple[RevokedBadge, ...]:
        """The revoked badges that no longer have a holder."""
        rows = self._session.rows("SELECT format, facility, number, revoked_at FROM revoked_badges NOT INDEXED")
        revoked = (RevokedBadge(_credential(row), _time(row["revoked_at"])) for row in rows)
        return tuple(sorted(revoked, key=lambda badge: _key(badge.credential)))

    def restore(self, credential: Credential) -> Person | None:
        """Lifts a revocation: the badge is valid again for its holder, who is returned, or can be issued again.

        Raises `CredentialError` if the badge is not revoked.
        """
        self._session.lock()
        badge = self.badge(credential)
        if badge and badge.revoked_at:
            self._mark(credential, revoked_at=None, suspended_at=None)
            return badge.person
        deleted = self._session.execute(f"DELETE FROM revoked_badges WHERE {_BADGE}", _key(credential))  # noqa: S608 - a constant
        if not deleted.rowcount:
            suspended, written = badge is not None and badge.suspended_at is not None, format_badge(credential)
            raise CredentialError(
                f"Badge {written} is not revoked{', only suspended' if suspended else ''}.",
                hint=f"Resume it: `lintel badges resume {written}`." if suspended else "See `lintel badges list`.",
            )
        return None

    def remove(self, person: Person) -> None:
        """Erases a person with their badges and references; SQLite overwrites the bytes (`secure_delete`). A revoked
        badge stays revoked, and a suspended one becomes it: the plastic is still about, and the next holder is not who
        lost it.
        """
        self._session.execute(
            "INSERT OR REPLACE INTO revoked_badges "
            "SELECT format, facility, number, coalesce(revoked_at, suspended_at) FROM badges "
            "WHERE person_id = ? AND coalesce(revoked_at, suspended_at) IS NOT NULL",
            [person.id],
        )
        self._session.execute("DELETE FROM people WHERE id = ?", [person.id])

    def _row_of(self, credential: Credential) -> Row | None:
        """The badge's own row. Raises `sqlite3.DataError` if the index leads to another badge's."""
        rows = self._session.rows(
            f"{_BADGES} WHERE badges.rowid = (SELECT rowid FROM badges WHERE {_BADGE})",  # noqa: S608 - constants
            _key(credential),
        )
        if any(_credential(row) != credential for row in rows):
            raise sqlite3.DataError("the index of the badges is damaged")
        return rows[0] if rows else None

    def _pages(self) -> Iterator[list[Row]]:
        """All people, some at a time, each page in a transaction of its own."""
        last = _NO_ID
        while page := self._session.rows(f"{_PEOPLE} WHERE id > ? ORDER BY id LIMIT ?", [last, PAGE_PEOPLE]):
            yield page
            last = page[-1]["id"]

    def _badges_in(self, page: list[Row]) -> list[Badge]:
        """The badges of a page of people."""
        rows = self._session.rows(
            f"{_BADGES} WHERE badges.rowid IN "  # noqa: S608 - a constant
            "(SELECT rowid FROM badges WHERE person_id BETWEEN ? AND ?)",
            _range(page),
        )
        return sorted((_badge(row) for row in rows), key=lambda badge: _key(badge.credential))

    def _enrolled_in(self, page: list[Row]) -> Iterator[Enrolled]:
        badges, counts = self._badges_in(page), self._counts_in(page)
        held: dict[int, list[Badge]] = {person_id: [] for person_id in (row["id"] for row in page)}
        for badge in badges:
            held.get(badge.person.id, []).append(badge)
        for row, person in zip(page, _people(page), strict=True):
            yield Enrolled(
                person,
                _time(row["enrolled_at"]),
                tuple(held[person.id]),
                tuple((count["model_sha256"], count["n"]) for count in counts if count["person_id"] == person.id),
                extended=bool(row["extended"]),
            )

    def _counts_in(self, page: list[Row]) -> list[Row]:
        return self._session.rows(
            "SELECT person_id, model_sha256, count(*) AS n FROM face_references WHERE person_id BETWEEN ? AND ? "
            "GROUP BY person_id, model_sha256",
            _range(page),
        )

    def _references_in(self, page: list[Row], model_sha256: str) -> Iterator[tuple[Person, NDArray[np.float32]]]:
        rows = self._session.rows(
            "SELECT person_id, name, embedding FROM face_references NOT INDEXED "
            "JOIN people NOT INDEXED ON people.id = person_id WHERE face_references.id IN "
            "(SELECT id FROM face_references WHERE person_id BETWEEN ? AND ?) AND model_sha256 = ? "
            "ORDER BY person_id, face_references.id",
            [*_range(page), model_sha256],
            can_change=False,
        )
        for (person_id, name), group in groupby(rows, key=itemgetter("person_id", "name")):
            yield Person(person_id, name), stacked([row["embedding"] for row in group], person_id)


def _people(page: list[Row]) -> list[Person]:
    return [Person(row["id"], row["name"]) for row in page]


def _range(page: list[Row]) -> list[object]:
    """The first and the last person of a page."""
    return [page[0]["id"], page[-1]["id"]]


def _in_order(name: str) -> bytes:
    """As SQLite's NOCASE sorts: only the letters of ASCII have no case."""
    return name.encode().lower()


def stored_name(name: str) -> str:
    """A name as it is stored. Raises `CredentialError` for one that can't be."""
    try:
        return tidy(name)
    except ValueError as error:
        raise CredentialError(f"Not a name: {error}.", hint="Type the name by hand.") from None


def _key(credential: Credential) -> tuple[str, int, str]:
    return (credential.format, credential.facility, str(credential.number))


def _badge(row: dict[str, object]) -> Badge:
    revoked, suspended = row["revoked_at"], row["suspended_at"]
    try:
        return Badge(
            _credential(row),
            Person(int(str(row["person_id"])), str(row["name"])),
            _time(row["issued_at"]),
            _time(revoked) if revoked else None,
            _time(suspended) if suspended else None,
        )
    except ValueError:
        raise sqlite3.DataError(f"a badge of person {row['person_id']} is damaged") from None


def _refuse_revoked(badge: Badge) -> None:
    if badge.revoked_at:
        written = format_badge(badge.credential)
        raise CredentialError(
            f"Badge {written} was revoked at {badge.revoked_at:%Y-%m-%d %H:%M} UTC.",
            hint=f"If its holder has it back, lift the revocation: `lintel badges restore {written}`.",
        )


def _time(written: object) -> datetime:
    try:
        return datetime.fromisoformat(str(written))
    except ValueError:
        raise sqlite3.DataError(f"not a timestamp: {written!r}") from None


def _credential(row: dict[str, object]) -> Credential:
    try:
        return Credential(str(row["format"]), int(str(row["facility"])), int(str(row["number"])))
    except ValueError:
        holder = f" of person {row['person_id']}" if "person_id" in row else ""
        raise sqlite3.DataError(f"a badge{holder} is damaged") from None
