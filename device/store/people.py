"""People, their badges and their references."""

import sqlite3
import unicodedata
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from device.credentials import format_badge
from device.errors import CredentialError
from device.records import Badge, Claim, Credential, Enrolled, Person, RevokedBadge

MAX_LENGTH_ERROR = 1e-3
"""A reference is a unit vector; a flipped bit on the disk is found by its length."""

_BADGE = "format = ? AND facility = ? AND number = ?"


class People:
    """Who may be verified. Raises `sqlite3.Error` as it comes; `Store` gives it its name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, credential: Credential, model_sha256: str) -> Claim | None:
        """What is known of a badge, or None if nobody holds it; references of other models are left out."""
        badge = self.badge(credential)
        if badge is None:
            return None
        return Claim(
            badge.person,
            badge.revoked_at is not None,
            self.references(badge.person, model_sha256),
            extended=self._is_extended(badge.person),
            suspended=badge.suspended_at is not None,
        )

    def references(self, person: Person, model_sha256: str) -> NDArray[np.float32]:
        """The person's references made by a model, float32 [n, length], n >= 0."""
        rows = self._database.query(
            "SELECT embedding FROM face_references WHERE person_id = ? AND model_sha256 = ? ORDER BY id",
            [person.id, model_sha256],
        )
        return _vectors([row["embedding"] for row in rows], person.id)

    def all_references(self, model_sha256: str) -> tuple[tuple[Person, NDArray[np.float32]], ...]:
        """Everybody with references made by a model, by their number: float32 [n, length], n >= 1.

        One pass over the table; asked for one by one, N people would take N passes.
        """
        rows = self._database.execute(
            "SELECT person_id, people.name, embedding FROM face_references JOIN people ON people.id = person_id "
            "WHERE model_sha256 = ? ORDER BY person_id, face_references.id",
            [model_sha256],
        )
        return tuple(
            (Person(person_id, name), _vectors([blob for _, _, blob in group], person_id))
            for (person_id, name), group in groupby(rows, key=itemgetter(0, 1))
        )

    def badge(self, credential: Credential) -> Badge | None:
        """The badge as it is stored, or None."""
        return next(iter(self._badges(_BADGE, _key(credential))), None)

    def badges(self) -> tuple[Badge, ...]:
        """All badges, revoked ones too."""
        return self._badges("1", [])

    def named(self, name: str) -> Person | None:
        """The person of this name, whatever its case and however its accents are written."""
        rows = self._database.query("SELECT id, name FROM people")
        return next((Person(row["id"], row["name"]) for row in rows if _folded(row["name"]) == _folded(name)), None)

    def everyone(self) -> tuple[Enrolled, ...]:
        """All people, by name."""
        rows = list(self._database.query("SELECT id, name, enrolled_at, extended FROM people ORDER BY name"))
        return tuple(
            Enrolled(
                Person(row["id"], row["name"]),
                _time(row["enrolled_at"]),
                self._badges("person_id = ?", [row["id"]]),
                self._reference_counts(row["id"]),
                extended=bool(row["extended"]),
            )
            for row in rows
        )

    def add(self, name: str, at: datetime) -> Person:
        """A new person."""
        row_id = self._database.execute("INSERT INTO people (name, enrolled_at) VALUES (?, ?)", [name, at.isoformat()])
        return Person(int(row_id.lastrowid or 0), name)

    def give_time(self, person: Person, *, extended: bool) -> None:
        """Says whether the strike is released for longer when this person comes."""
        self._database.execute("UPDATE people SET extended = ? WHERE id = ?", [int(extended), person.id])

    def rename(self, person: Person, name: str) -> Person:
        """Gives a person another name, under which they are found from now on."""
        self._database.execute("UPDATE people SET name = ? WHERE id = ?", [name, person.id])
        return Person(person.id, name)

    def issue(self, credential: Credential, person: Person, at: datetime) -> None:
        """Gives a badge to a person. Raises `CredentialError` for one that was revoked before its holder was
        removed.
        """
        if any(revoked.credential == credential for revoked in self.revoked_badges()):
            raise CredentialError(
                f"Badge {format_badge(credential)} has been revoked, before its holder was removed.",
                hint=f"Give another badge, or lift the revocation: `lintel badges restore {format_badge(credential)}`.",
            )
        self._database.execute(
            "INSERT INTO badges (format, facility, number, person_id, issued_at) VALUES (?, ?, ?, ?, ?)",
            [*_key(credential), person.id, at.isoformat()],
        )

    def add_references(self, person: Person, embeddings: NDArray[np.float32], model_sha256: str, at: datetime) -> None:
        """Keeps references, float32 [n, length], bound to the model that made them."""
        for embedding in embeddings:
            self._database.execute(
                "INSERT INTO face_references (person_id, model_sha256, embedding, enrolled_at) VALUES (?, ?, ?, ?)",
                [person.id, model_sha256, embedding.astype("<f4").tobytes(), at.isoformat()],
            )

    def held(self, credential: Credential) -> Badge:
        """The badge that somebody holds. Raises `CredentialError` if nobody does."""
        badge = self.badge(credential)
        if badge is None:
            raise CredentialError(f"Nobody holds badge {format_badge(credential)}.", hint="See `lintel badges list`.")
        return badge

    def revoke(self, credential: Credential, at: datetime) -> None:
        """Makes a badge worthless, a suspended one too. Raises `CredentialError` if nobody holds it."""
        if self.held(credential).revoked_at is None:
            self._mark(credential, revoked_at=at, suspended_at=None)

    def suspend(self, credential: Credential, at: datetime) -> None:
        """Makes a badge worthless until it is resumed. Raises `CredentialError` if nobody holds it or it is revoked."""
        badge = self.held(credential)
        _refuse_revoked(badge)
        if badge.suspended_at is None:
            self._mark(credential, revoked_at=None, suspended_at=at)

    def resume(self, credential: Credential) -> None:
        """Makes a suspended badge valid again. Raises `CredentialError` if it is not suspended; revocation wins."""
        badge = self.held(credential)
        _refuse_revoked(badge)
        if badge.suspended_at is None:
            raise CredentialError(
                f"Badge {format_badge(credential)} is not suspended; it is valid.", hint="See `lintel badges list`."
            )
        self._mark(credential, revoked_at=None, suspended_at=None)

    def _mark(self, credential: Credential, *, revoked_at: datetime | None, suspended_at: datetime | None) -> None:
        marks = [at.isoformat() if at else None for at in (revoked_at, suspended_at)]
        self._database.execute(
            f"UPDATE badges SET revoked_at = ?, suspended_at = ? WHERE {_BADGE}",  # noqa: S608 - a constant
            [*marks, *_key(credential)],
        )

    def revoked_badges(self) -> tuple[RevokedBadge, ...]:
        """The revoked badges that nobody holds any more."""
        rows = self._database.query("SELECT * FROM revoked_badges ORDER BY format, facility, number")
        return tuple(RevokedBadge(_credential(row), _time(row["revoked_at"])) for row in rows)

    def restore(self, credential: Credential) -> Person | None:
        """Lifts a revocation: the badge is valid again for its holder, who is returned, or can be given to somebody.

        Raises `CredentialError` if the badge is not revoked.
        """
        badge = self.badge(credential)
        if badge and badge.revoked_at:
            self._mark(credential, revoked_at=None, suspended_at=None)
            return badge.person
        deleted = self._database.execute(f"DELETE FROM revoked_badges WHERE {_BADGE}", _key(credential))  # noqa: S608 - a constant
        if not deleted.rowcount:
            suspended = badge is not None and badge.suspended_at is not None
            raise CredentialError(
                f"Badge {format_badge(credential)} is not revoked{', only suspended' if suspended else ''}.",
                hint="Resume it: `lintel badges resume`." if suspended else "See `lintel badges list`.",
            )
        return None

    def remove(self, person: Person) -> None:
        """Erases a person with their badges and references; SQLite overwrites the bytes (`secure_delete`). A revoked
        badge stays revoked, and a suspended one becomes it: the plastic is still about, and the next holder is not who
        lost it.
        """
        self._database.execute(
            "INSERT OR REPLACE INTO revoked_badges "
            "SELECT format, facility, number, coalesce(revoked_at, suspended_at) FROM badges "
            "WHERE person_id = ? AND coalesce(revoked_at, suspended_at) IS NOT NULL",
            [person.id],
        )
        self._database.execute("DELETE FROM people WHERE id = ?", [person.id])

    def _badges(self, where: str, parameters: list[object]) -> tuple[Badge, ...]:
        rows = self._database.query(
            "SELECT badges.*, people.name FROM badges JOIN people ON people.id = person_id "  # noqa: S608 - constants
            f"WHERE {where} ORDER BY format, facility, number",
            parameters,
        )
        return tuple(_badge(row) for row in rows)

    def _is_extended(self, person: Person) -> bool:
        rows = self._database.query("SELECT extended FROM people WHERE id = ?", [person.id])
        return any(row["extended"] for row in rows)

    def _reference_counts(self, person_id: int) -> tuple[tuple[str, int], ...]:
        rows = self._database.query(
            "SELECT model_sha256, count(*) AS n FROM face_references WHERE person_id = ? GROUP BY model_sha256",
            [person_id],
        )
        return tuple((row["model_sha256"], row["n"]) for row in rows)


def _vectors(blobs: list[bytes], person_id: int) -> NDArray[np.float32]:
    """References as they are stored, float32 [n, length], n >= 0. Raises `sqlite3.DataError` for a damaged one."""
    if not blobs:
        return np.empty((0, 0), np.float32)
    if len({len(blob) for blob in blobs}) > 1 or len(blobs[0]) % 4:
        raise sqlite3.DataError(f"a reference of person {person_id} is damaged")
    vectors = np.frombuffer(b"".join(blobs), "<f4").reshape(len(blobs), -1)
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if not np.all(np.abs(lengths - 1.0) < MAX_LENGTH_ERROR):
        raise sqlite3.DataError(f"a reference of person {person_id} is damaged")
    return vectors.astype(np.float32)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _key(credential: Credential) -> list[object]:
    return [credential.format, credential.facility, str(credential.number)]


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
            f"Badge {written} has been revoked, at {badge.revoked_at:%Y-%m-%d %H:%M} UTC.",
            hint=f"If it is in good hands again, lift the revocation: `lintel badges restore {written}`.",
        )


def _time(written: object) -> datetime:
    try:
        return datetime.fromisoformat(str(written))
    except ValueError:
        raise sqlite3.DataError(f"{written!r} is no time") from None


def _credential(row: dict[str, object]) -> Credential:
    return Credential(str(row["format"]), int(str(row["facility"])), int(str(row["number"])))
