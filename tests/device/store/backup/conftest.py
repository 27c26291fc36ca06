"""A store with three people, backups of it, and what may become of them afterwards."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from device.records import Badge, Credential, Enrolled, Person
from device.store.backup.container import Secret
from device.store.backup.restoring import Asked, Restored, restore
from device.store.backup.saving import Saved, Wanted, save
from device.store.store import Store
from device.store.withdrawn import as_line, key_of

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
MODEL = "ab" * 32
PASSPHRASE = "a sentence to remember"
NAMES = ("Ada", "Bea", "Cora")
BADGES = {name: Credential("h10301", 17, 1001 + number) for number, name in enumerate(NAMES)}
VECTORS = {name: np.random.default_rng(number).standard_normal((3, 128)) for number, name in enumerate(NAMES)}


class Site:
    """A device: its state folder, its store, and what an operator does there."""

    def __init__(self, base: Path) -> None:
        self.base, self.state = base, base / "state"
        self.file = base / "of-today.backup"
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = Store(self.state)
        return self._store

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def enroll(self, name: str) -> None:
        vectors = (VECTORS[name] / np.linalg.norm(VECTORS[name], axis=1, keepdims=True)).astype(np.float32)
        with self.store.people() as people:
            person = people.add(name, NOON)
            people.issue(BADGES[name], person, NOON)
            people.add_references(person, vectors, MODEL, NOON)

    def person(self, name: str) -> Person:
        with self.store.people() as people:
            found = people.named(name)
        assert found is not None
        return found

    def enrolled(self) -> dict[str, Enrolled]:
        with self.store.people() as people:
            return {one.person.name: one for one in people.everyone()}

    def badge(self, name: str) -> Badge | None:
        with self.store.people() as people:
            return people.badge(BADGES[name])

    def state_of(self, name: str) -> str:
        badge = self.badge(name)
        return badge.state if badge else "unknown"

    def revoke(self, name: str) -> None:
        with self.store.people() as people:
            people.revoke(BADGES[name], NOON)

    def erase(self, name: str) -> None:
        self.store.erase(self.person(name), NOON)

    def give_pin(self, name: str, hashed: bytes) -> None:
        """As it is kept, without the vault."""
        with self.store.session() as session:
            sql = "INSERT OR REPLACE INTO pins (person_id, pin, duress, set_at) VALUES (?, ?, NULL, ?)"
            session.execute(sql, [self.person(name).id, hashed, NOON.isoformat()])

    def pin(self, name: str) -> bytes | None:
        with self.store.session() as session:
            found = session.rows("SELECT pin FROM pins WHERE person_id = ?", [self.person(name).id])
        return bytes(found[0]["pin"]) if found else None

    def line(self) -> str:
        entries = self.store.withdrawn()
        with self.store.session() as session:
            return as_line(entries, key_of(session), NOON)

    def save(self, *, passphrase: str = PASSPHRASE, recipient: str = "") -> Saved:
        wanted = Wanted("lintel 0.1.0", passphrase, recipient)
        return save(self.store, self.file, wanted, NOON)

    def restore(self, file: Path, *, line: str = "", secret: Secret | None = None, replace: bool = False) -> Restored:
        self.close()
        asked = Asked(secret or Secret(PASSPHRASE), line, replace)
        return restore(file, self.state, asked, NOON + timedelta(days=1))

    def rows(self) -> list[str]:
        """What the audit says in words."""
        with self.store.audit() as audit:
            return [row.fault or "" for row in audit]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Ada, Bea and Cora with badges and faces; Cora has a PIN."""
    site = Site(tmp_path / "site")
    for name in NAMES:
        site.enroll(name)
    site.give_pin("Cora", b"old pin")
    yield site
    site.close()


@pytest.fixture
def spare(tmp_path: Path) -> Iterator[Site]:
    """A new device."""
    spare = Site(tmp_path / "spare")
    spare.base.mkdir()
    yield spare
    spare.close()
