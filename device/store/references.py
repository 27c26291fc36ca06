"""References as they are stored: their vectors, and what is known of each without looking at its vector."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from device.errors import CredentialError
from device.records import Origin, Person, Reference
from device.store.session import Row, Session

MAX_LENGTH_ERROR = 1e-3
"""A reference is a unit vector; a flipped bit on the disk is found by its length."""


class References:
    """The references of people, one person at a time. Raises plain `sqlite3.Error`, which `Store` translates."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def vectors(self, person: Person, model_sha256: str) -> NDArray[np.float32]:
        """The person's references made by a model, float32 [n, length], n >= 0."""
        rows = self._session.rows(
            "SELECT person_id, model_sha256, embedding FROM face_references NOT INDEXED WHERE id IN "
            "(SELECT id FROM face_references WHERE person_id = ? AND model_sha256 = ?) ORDER BY id",
            [person.id, model_sha256],
        )
        if any((row["person_id"], row["model_sha256"]) != (person.id, model_sha256) for row in rows):
            raise sqlite3.DataError("an index of the references is damaged")
        return stacked([row["embedding"] for row in rows], person.id)

    def add(
        self,
        person: Person,
        embeddings: NDArray[np.float32],
        *,
        model_sha256: str,
        at: datetime,
        origins: Sequence[Origin] = (),
    ) -> None:
        """Keeps references, float32 [n, length], bound to the model that made them; `origins` in the same order."""
        for embedding, origin in zip(embeddings, origins or repeat(Origin()), strict=False):
            self._session.execute(
                "INSERT INTO face_references (person_id, model_sha256, embedding, enrolled_at, source, quality) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [
                    person.id,
                    model_sha256,
                    embedding.astype("<f4").tobytes(),
                    at.isoformat(),
                    origin.source or None,
                    json.dumps(dict(origin.quality)) if origin.quality else None,
                ],
            )

    def of(self, person: Person) -> tuple[Reference, ...]:
        """All references of a person, whichever model made them, in the order in which they were made."""
        rows = self._session.rows(
            "SELECT id, person_id, model_sha256, enrolled_at, source, quality FROM face_references NOT INDEXED "
            "WHERE id IN (SELECT id FROM face_references WHERE person_id = ?) ORDER BY id",
            [person.id],
        )
        if any(row["person_id"] != person.id for row in rows):
            raise sqlite3.DataError("an index of the references is damaged")
        return tuple(_reference(row) for row in rows)

    def one(self, person: Person, number: int) -> Reference:
        """A person's reference by its number. Raises `CredentialError` if they have none of that number."""
        known = self.of(person)
        found = next((one for one in known if one.id == number), None)
        if found is None:
            numbers = ", ".join(str(one.id) for one in known) or "none"
            raise CredentialError(
                f"{person.name} has no reference {number}.", hint=f"Choose one of those that are listed: {numbers}."
            )
        return found

    def remove(self, reference: Reference) -> None:
        """Erases one reference; SQLite overwrites the bytes (`secure_delete`)."""
        self._session.execute("DELETE FROM face_references WHERE id = ?", [reference.id])


def stacked(blobs: list[bytes], person_id: int) -> NDArray[np.float32]:
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


def _reference(row: Row) -> Reference:
    try:
        made_at = datetime.fromisoformat(str(row["enrolled_at"]))
        quality = json.loads(row["quality"]) if row["quality"] else {}
        measures = {str(name): float(value) for name, value in quality.items()}
    except (ValueError, TypeError, AttributeError):
        raise sqlite3.DataError(f"what is known of reference {row['id']} is damaged") from None
    return Reference(int(row["id"]), str(row["model_sha256"]), made_at, Origin(str(row["source"] or ""), measures))
