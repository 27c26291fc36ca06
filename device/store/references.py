"""References as they are stored: their vectors, sealed, and what is known of each without opening it."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from device.errors import CredentialError, KeyMissing
from device.records import Origin, Person, Reference
from device.store.session import Row, Session
from device.store.vault.key_file import Kind
from device.store.vault.sealing import generation_of

MAX_LENGTH_ERROR = 1e-3
"""A reference is a unit vector; a flipped bit on the disk is found by its length."""

_UNSEALED = "See `lintel keys status` for what keeps them from being sealed; they are not used before."


class References:
    """The references of people, one person at a time. Raises plain `sqlite3.Error`, which `Store` translates."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def vectors(self, person: Person, model_sha256: str, *, originals: bool = False) -> NDArray[np.float32]:
        """The person's references made by a model, float32 [n, length], n >= 0; with `originals` those alone that an
        operator enrolled. Raises `KeyMissing` without the key, `StoreError` for a damaged one and for one that was put
        in another's place.
        """
        with self._session.snapshot():  # of rows and keys
            rows = self._session.rows(
                "SELECT person_id, model_sha256, embedding, generation, invited FROM face_references NOT INDEXED "
                "WHERE id IN (SELECT id FROM face_references WHERE person_id = ? AND model_sha256 = ?) ORDER BY id",
                [person.id, model_sha256],
            )
            if originals:
                rows = [row for row in rows if not row["invited"]]
            if any((row["person_id"], row["model_sha256"]) != (person.id, model_sha256) for row in rows):
                raise sqlite3.DataError("an index of the references is damaged")
            return self.opened(rows).get(person.id, np.empty((0, 0), np.float32))

    def opened(self, rows: Iterable[Row]) -> dict[int, NDArray[np.float32]]:
        """The vectors of rows by the number of the person, float32 [n, length]."""
        records: dict[int, list[tuple[bytes, bytes]]] = {}
        for row in rows:
            if row["generation"] is None:
                raise KeyMissing("The references from before the vault have not been sealed yet.", hint=_UNSEALED)
            records.setdefault(row["person_id"], []).append((_about(row), bytes(row["embedding"])))
        plain = self._session.vault.open_all(records, Kind.FACE)
        return {person_id: stacked(blobs, person_id) for person_id, blobs in plain.items()}

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
        self._session.lock()
        for embedding, origin in zip(embeddings, origins or repeat(Origin()), strict=False):
            bound_to = about(model_sha256, invited=origin.invited)
            sealed = self._sealed(embedding.astype("<f4").tobytes(), person.id, bound_to)
            self._session.execute(
                "INSERT INTO face_references "
                "(person_id, model_sha256, embedding, generation, enrolled_at, source, quality, invited) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    person.id,
                    model_sha256,
                    sealed,
                    generation_of(sealed),
                    at.isoformat(),
                    origin.source or None,
                    json.dumps(dict(origin.quality)) if origin.quality else None,
                    int(origin.invited),
                ],
            )

    def of(self, person: Person) -> tuple[Reference, ...]:
        """All references of a person, whichever model made them, in the order in which they were made."""
        rows = self._session.rows(
            "SELECT id, person_id, model_sha256, enrolled_at, source, quality, invited FROM face_references "
            "NOT INDEXED WHERE id IN (SELECT id FROM face_references WHERE person_id = ?) ORDER BY id",
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
        """Erases one reference; SQLite overwrites the bytes (`secure_delete`).

        The person's others are sealed with another data key, so that a copy of this row, put back, opens no more.
        """
        rows = self._session.rows("SELECT person_id FROM face_references WHERE id = ?", [reference.id])
        self._session.execute("DELETE FROM face_references WHERE id = ?", [reference.id])
        for row in rows:
            with contextlib.suppress(KeyMissing):  # an erasure needs no key
                self._sealed_again(row["person_id"])

    def forget(self, person: Person) -> int:
        """Erases all references of a person, and says how many there were."""
        return self._session.execute("DELETE FROM face_references WHERE person_id = ?", [person.id]).rowcount

    def _sealed_again(self, person_id: int) -> None:
        rows = self._session.rows(
            "SELECT id, model_sha256, embedding, invited FROM face_references WHERE person_id = ? "
            "AND generation IS NOT NULL",
            [person_id],
        )
        vault = self._session.vault
        records = [(_about(row), bytes(row["embedding"])) for row in rows]
        plain = vault.open_all({person_id: records}, Kind.FACE)[person_id] if rows else []
        vault.renew(person_id, Kind.FACE)
        for row, content in zip(rows, plain, strict=True):
            sealed = self._sealed(content, person_id, _about(row))
            self._session.execute(
                "UPDATE face_references SET embedding = ?, generation = ? WHERE id = ?",
                [sealed, generation_of(sealed), row["id"]],
            )

    def _sealed(self, plain: bytes, person_id: int, bound_to: bytes) -> bytes:
        return self._session.vault.seal(plain, person_id=person_id, about=bound_to, kind=Kind.FACE)


def about(model_sha256: str, *, invited: bool = False) -> bytes:
    """What a sealed reference is bound to besides its person: one that was given alone never becomes an operator's."""
    return f"reference/{model_sha256}{'/invited' if invited else ''}".encode()


def _about(row: Row) -> bytes:
    return about(row["model_sha256"], invited=bool(row["invited"]))


def _origin(row: Row, measures: dict[str, float]) -> Origin:
    return Origin(str(row["source"] or ""), measures, invited=bool(row["invited"]))


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
    return Reference(int(row["id"]), str(row["model_sha256"]), made_at, _origin(row, measures))
