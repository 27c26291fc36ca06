"""PINs as they are kept: what Argon2id makes of them and of a secret of this device, sealed by the vault.

Whoever has the database alone can't try PINs against it: what is hashed is HMAC(secret of the device, PIN), and the
hash is sealed besides. Whoever has the device's key as well can: 6 digits are a million tries.

Source of the figures: OWASP's cheat sheet on the storage of passwords, Argon2id with 19 MiB, 2 passes and 1 lane.
"""

import hmac
import os
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from device.records import Person, PinAnswer
from device.store.session import Row, Session

PURPOSE = "pin"
"""Of the device's secret."""
SALT_BYTES, HASH_BYTES = 16, 32
PIN, DURESS_PIN = b"pin", b"duress-pin"
"""What each hash is sealed as, so that one can't be put in place of the other."""


class Sealing(Protocol):
    """What a vault does."""

    def seal(self, plain: bytes, *, person_id: int, about: bytes) -> bytes:
        """Encrypts what is kept about a person."""

    def open(self, sealed: bytes, *, person_id: int, about: bytes) -> bytes:
        """The same again. Raises what the vault raises if it was sealed for another person, or about something else."""

    def secret(self, purpose: str) -> bytes:
        """32 bytes that come of the device's key, the same each time."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs: memory in KiB, and how many passes over it."""

    memory_kib: int = 19 * 1024
    passes: int = 2


USUAL = Cost()


@dataclass(frozen=True, slots=True)
class PinHashes:
    """A person's PIN and duress PIN as they are kept, opened; None where there is none."""

    pin: bytes | None = field(default=None, repr=False)
    duress: bytes | None = field(default=None, repr=False)


NO_PIN = PinHashes()


@dataclass(frozen=True, slots=True)
class HasPins:
    """Which PINs a person has."""

    pin: bool
    duress: bool


_STAND_IN = bytes(SALT_BYTES + HASH_BYTES)
"""Compared where there is none, so that it takes as long. No PIN has this hash."""


def hashed(pin: str, secret: bytes, cost: Cost = USUAL) -> bytes:
    """A PIN as it is kept: a random salt, and the hash. Takes as long as a check of one PIN."""
    salt = os.urandom(SALT_BYTES)
    return salt + hashed_as(pin, secret, salt, cost)


def answer(typed: str, known: PinHashes, secret: bytes, cost: Cost = USUAL) -> PinAnswer:
    """What a typed PIN is. Both hashes are computed whatever there is, so the time says nothing."""
    is_pin = _is(typed, known.pin, secret, cost)
    is_duress = _is(typed, known.duress, secret, cost)
    if known.pin is None and known.duress is None:
        return PinAnswer.ABSENT
    if is_duress:
        return PinAnswer.DURESS
    return PinAnswer.RIGHT if is_pin else PinAnswer.WRONG


def _is(typed: str, known: bytes | None, secret: bytes, cost: Cost) -> bool:
    kept = known or _STAND_IN
    made = hashed_as(typed, secret, kept[:SALT_BYTES], cost)
    return hmac.compare_digest(made, kept[SALT_BYTES:]) and known is not None


def hashed_as(pin: str, secret: bytes, salt: bytes, cost: Cost = USUAL) -> bytes:
    """The hash alone, with that salt."""
    keyed = hmac.digest(secret, pin.encode(), "sha256")
    argon = Argon2id(salt=salt, length=HASH_BYTES, iterations=cost.passes, lanes=1, memory_cost=cost.memory_kib)
    return argon.derive(keyed)


class Pins:
    """The PINs of all people. Raises plain `sqlite3.Error`, and what the vault raises."""

    def __init__(self, session: Session, vault: Sealing) -> None:
        self._session = session
        self._vault = vault

    @property
    def secret(self) -> bytes:
        """What each PIN is keyed with before it is hashed."""
        return self._vault.secret(PURPOSE)

    def of(self, person: Person) -> PinHashes:
        """The hashes of one person."""
        row = self._row(person)
        if row is None:
            return NO_PIN
        return PinHashes(self._opened(row["pin"], person, PIN), self._opened(row["duress"], person, DURESS_PIN))

    def has(self, person: Person) -> "HasPins":
        """Which PINs a person has; no key is needed for that."""
        row = self._row(person)
        return HasPins(row is not None, row is not None and row["duress"] is not None)

    def keep(self, person: Person, pin: bytes, at: datetime) -> None:
        """Gives a person a PIN, as it was `hashed`, in place of the one before. The duress PIN goes: it was chosen to
        differ from that one.
        """
        self._session.execute(
            "INSERT OR REPLACE INTO pins (person_id, pin, duress, set_at) VALUES (?, ?, NULL, ?)",
            [person.id, self._vault.seal(pin, person_id=person.id, about=PIN), at.isoformat()],
        )

    def keep_duress(self, person: Person, pin: bytes) -> None:
        """Gives a person who has a PIN a duress PIN, likewise."""
        sealed = self._vault.seal(pin, person_id=person.id, about=DURESS_PIN)
        self._session.execute("UPDATE pins SET duress = ? WHERE person_id = ?", [sealed, person.id])

    def remove(self, person: Person, *, only_duress: bool = False) -> None:
        """Removes both PINs of a person, or the duress PIN alone; harmless if there is none."""
        remove = "UPDATE pins SET duress = NULL" if only_duress else "DELETE FROM pins"
        self._session.execute(f"{remove} WHERE person_id = ?", [person.id])

    def _row(self, person: Person) -> Row | None:
        rows = self._session.rows("SELECT pin, duress FROM pins WHERE person_id = ?", [person.id])
        return rows[0] if rows else None

    def _opened(self, sealed: object, person: Person, about: bytes) -> bytes | None:
        if sealed is None:
            return None
        if not isinstance(sealed, bytes):
            raise sqlite3.DataError(f"the PIN of person {person.id} is damaged")
        opened = self._vault.open(sealed, person_id=person.id, about=about)
        if len(opened) != SALT_BYTES + HASH_BYTES:
            raise sqlite3.DataError(f"the PIN of person {person.id} is damaged")
        return opened
