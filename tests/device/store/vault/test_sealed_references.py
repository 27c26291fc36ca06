"""References lie sealed: none is in any file, none counts in another's place or once it was taken back."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from device.errors import KeyMissing, StoreError
from device.policy.decision import face_refusal
from device.records import Credential, Person, Reason
from device.store.store import Store
from device.store.vault.key_file import Kind
from tests.device.store.unsealed import put, raw_bytes, sealed_reference
from tests.there import there

MODEL, OTHER_MODEL = "ab" * 32, "cd" * 32
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path, journal: str) -> Iterator[Store]:  # noqa: ARG001 - chosen before the store opens
    with Store(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def grace(store: Store, embeddings: NDArray[Any]) -> Person:
    with store.people() as people:
        person = people.add("Grace Hopper", NOON)
        people.add_references(person, embeddings[::-1], MODEL, NOON)
    return person


def test_reference_is_in_no_file(store: Store, eileen: Person, embeddings: NDArray[Any]) -> None:
    with store.people() as people:
        assert people.references(eileen, MODEL).tolist() == embeddings.tolist()
    content = raw_bytes(store.path.parent)
    assert all(vector.tobytes()[:16] not in content for vector in embeddings)


def test_reference_of_another_person_is_refused(store: Store, eileen: Person, grace: Person) -> None:
    put(store, 1, sealed_reference(store, 4))
    with pytest.raises(StoreError, match=f"person {eileen.id} is damaged, or was put"), store.people() as people:
        people.references(eileen, MODEL)
    with store.people() as people:
        assert people.references(grace, MODEL).shape == (3, 128)


def test_reference_given_to_another_model_is_refused(store: Store, eileen: Person) -> None:
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("UPDATE face_references SET model_sha256 = ?", [OTHER_MODEL])
        other.commit()
    with pytest.raises(StoreError, match="is damaged, or was put"), store.people() as people:
        people.references(eileen, OTHER_MODEL)


def test_reference_that_was_removed_opens_no_more(store: Store, eileen: Person, embeddings: NDArray[Any]) -> None:
    """A copy of its row is put back, from the database as it was before."""
    removed = sealed_reference(store, 2)
    with store.people() as people:
        one = people.faces.one(eileen, 2)
    with store.erasing(eileen), store.people() as people:
        people.faces.remove(one)
    with store.people() as people:
        assert people.references(eileen, MODEL).tolist() == embeddings[[0, 2]].tolist()
    put(store, 1, removed)
    with pytest.raises(KeyMissing, match="data key"), store.people() as people:
        people.references(eileen, MODEL)


def test_erasure_leaves_no_key(store: Store, eileen: Person, grace: Person) -> None:
    key = there(store.vault.file.newest(eileen.id, Kind.FACE)).content
    assert key in raw_bytes(store.path.parent)
    store.erase(eileen, NOON)
    assert key not in raw_bytes(store.path.parent)
    assert store.vault.file.holders() == (grace.id,)


def test_erasure_needs_no_key(store: Store, eileen: Person, tmp_path: Path) -> None:
    key = there(store.vault.file.newest(eileen.id, Kind.FACE)).content
    store.close()
    (tmp_path / "state-keys" / "device.key").unlink()
    with Store(tmp_path / "state") as later:
        later.erase(eileen, NOON)
    assert key not in raw_bytes(tmp_path / "state")


def test_without_the_key_a_badge_is_known_and_no_face_counts(
    store: Store, eileen: Person, badge: Credential, tmp_path: Path, trouble_of: Callable[[Store], str]
) -> None:
    store.close()
    (tmp_path / "state-keys" / "device.key").unlink()
    with Store(tmp_path / "state") as later:
        with later.people() as people:
            claim = there(people.claim(badge, MODEL))
            assert ([one.person for one in people.everyone()], people.badge(badge)) != ([], None)
        assert (claim.person, claim.key_missing, claim.references.size, claim.revoked) == (eileen, True, 0, False)
        assert face_refusal(claim) is Reason.KEY_MISSING
        assert (trouble_of(later), "is missing" in later.key_trouble()) == ("", True)


def test_key_without_rows_is_swept(
    store: Store, eileen: Person, embeddings: NDArray[Any], tmp_path: Path, trouble_of: Callable[[Store], str]
) -> None:
    """The transaction that made it was taken back."""

    def fail() -> None:
        with store.people() as people:
            person = people.add("Ada", NOON)
            people.add_references(person, embeddings, MODEL, NOON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.vault.file.holders() == (eileen.id, eileen.id + 1)
    store.close()
    with Store(tmp_path / "state") as later:
        trouble_of(later)
        assert later.vault.file.holders() == (eileen.id,)


def test_all_references_are_opened_at_once(
    store: Store, eileen: Person, grace: Person, embeddings: NDArray[Any]
) -> None:
    with store.people() as people:
        found = [(person.id, vectors.tolist()) for person, vectors in people.all_references(MODEL)]
    assert found == [(eileen.id, embeddings.tolist()), (grace.id, embeddings[::-1].tolist())]
