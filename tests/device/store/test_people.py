"""People, badges, references: what goes in comes out, what is removed leaves no trace, nothing is done by halves."""

import contextlib
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.credentials import parse_badge
from device.errors import CredentialError, StoreError
from device.records import Badge, Claim, Credential, Enrolled, Event, Person
from device.store.store import Store
from device.store.vault.key_file import Kind
from tests.device.store.unsealed import put_sealed, sealed_reference

MODEL, OTHER_MODEL = "ab" * 32, "cd" * 32


def raw_bytes(store: Store) -> bytes:
    """Everything in the store's folder, journals too."""
    return b"".join(path.read_bytes() for path in sorted(store.path.parent.iterdir()))


def test_person_is_found_by_name(store: Store, eileen: Person) -> None:
    with store.people() as people:
        assert people.named("Eileen Collins") == eileen


@pytest.mark.parametrize(
    ("enrolled", "asked"),
    [
        ("Eileen Collins", "EILEEN collins"),
        ("Jürgen Weiß", "JÜRGEN WEISS"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("Ça va", "ÇA VA"),
    ],
)
def test_person_is_found_whatever_the_case_and_accents(store: Store, now: datetime, enrolled: str, asked: str) -> None:
    with store.people() as people:
        person = people.add(enrolled, now)
        assert people.named(asked) == person


@pytest.mark.usefixtures("eileen")
def test_nobody_is_found_by_another_name(store: Store) -> None:
    with store.people() as people:
        assert people.named("Eileen") is None


@pytest.mark.usefixtures("eileen")
def test_name_is_given_once(store: Store, now: datetime) -> None:
    with pytest.raises(StoreError, match="UNIQUE"), store.people() as people:
        people.add("eileen collins", now)


def test_everyone_comes_with_badges_and_counts(store: Store, eileen: Person, badge: Credential, now: datetime) -> None:
    expected = Enrolled(eileen, now, (Badge(badge, eileen, now, None),), ((MODEL, 3),))
    with store.people() as people:
        assert people.everyone() == (expected,)


def test_everyone_comes_by_name(store: Store, now: datetime) -> None:
    with store.people() as people:
        for name in ("Grace", "ada", "Eileen"):
            people.add(name, now)
        assert [enrolled.person.name for enrolled in people.everyone()] == ["ada", "Eileen", "Grace"]


def test_references_come_back_to_the_bit(store: Store, eileen: Person, embeddings: NDArray[Any]) -> None:
    with store.people() as people:
        assert people.references(eileen, MODEL).tobytes() == embeddings.tobytes()


def test_references_of_another_model_are_left_out(store: Store, eileen: Person) -> None:
    with store.people() as people:
        assert people.references(eileen, OTHER_MODEL).shape[0] == 0


def test_claim_is_the_holder_with_references(
    store: Store, eileen: Person, badge: Credential, embeddings: NDArray[Any]
) -> None:
    with store.people() as people:
        claim = people.claim(badge, MODEL)
    assert claim is not None
    assert (claim.person, claim.revoked, claim.references.tolist()) == (eileen, False, embeddings.tolist())


@pytest.mark.parametrize("extended", [True, False])
def test_claim_says_whether_its_holder_needs_more_time(
    store: Store, eileen: Person, badge: Credential, extended: bool
) -> None:
    with store.people() as people:
        people.give_time(eileen, extended=extended)
        claim = people.claim(badge, MODEL)
    assert isinstance(claim, Claim)
    assert claim.extended is extended


@pytest.mark.usefixtures("eileen")
def test_claim_of_an_unknown_badge_is_none(store: Store) -> None:
    with store.people() as people:
        assert people.claim(Credential("h10301", 17, 1002), MODEL) is None


@pytest.mark.usefixtures("eileen")
def test_claim_with_a_revoked_badge_says_so(store: Store, badge: Credential, now: datetime) -> None:
    with store.people() as people:
        people.revoke(badge, now)
        claim = people.claim(badge, MODEL)
    assert isinstance(claim, Claim)
    assert claim.revoked


@pytest.mark.usefixtures("eileen")
def test_badge_is_given_once(store: Store, badge: Credential, now: datetime) -> None:
    with pytest.raises(StoreError, match="UNIQUE"), store.people() as people:
        people.issue(badge, people.add("Grace Hopper", now), now)


def test_badge_needs_a_holder(store: Store, now: datetime) -> None:
    with pytest.raises(StoreError, match="FOREIGN KEY"), store.people() as people:
        people.issue(Credential("number", 0, 1), Person(99, "Nobody"), now)


def test_revoked_badge_keeps_the_time_of_the_first_time(
    store: Store, eileen: Person, badge: Credential, now: datetime
) -> None:
    with store.people() as people:
        people.revoke(badge, now)
        people.revoke(badge, now + timedelta(days=1))
        assert people.badges() == (Badge(badge, eileen, now, now),)


def test_badge_that_nobody_holds_cannot_be_revoked(store: Store, now: datetime) -> None:
    with pytest.raises(CredentialError, match="Badge 17:1002 is not assigned to anyone"), store.people() as people:
        people.revoke(Credential("h10301", 17, 1002), now)


@pytest.mark.parametrize("written", ["255:65535", "0:0", "99999999999999999999", "csn:FFFFFFFFFFFFFFFFFFFF"])
def test_badge_of_any_size_comes_back(store: Store, now: datetime, written: str) -> None:
    credential = parse_badge(written)
    with store.people() as people:
        person = people.add("Eileen Collins", now)
        people.issue(credential, person, now)
        assert people.badge(credential) == Badge(credential, person, now, None)


def test_removed_person_is_gone(store: Store, eileen: Person, badge: Credential, now: datetime) -> None:
    store.erase(eileen, now)
    with store.people() as people:
        assert (people.everyone(), people.badge(badge), people.references(eileen, MODEL).size) == ((), None, 0)


def test_removal_is_in_the_audit_without_a_name(store: Store, eileen: Person, now: datetime) -> None:
    store.erase(eileen, now)
    with store.audit() as audit:
        (row,) = audit.newest(1)
    assert (row.event, row.person_id, "Eileen" in repr(row)) == (Event.PERSON_REMOVED, eileen.id, False)


def test_number_of_a_removed_person_is_never_given_again(store: Store, eileen: Person, now: datetime) -> None:
    store.erase(eileen, now)
    with store.people() as people:
        assert people.add("Grace Hopper", now).id != eileen.id


def enrolled_store(folder: Path, now: datetime, badge: Credential, embeddings: NDArray[Any]) -> tuple[Store, Person]:
    store = Store(folder)
    with store.people() as people:
        person = people.add("Eileen Collins", now)
        people.issue(badge, person, now)
        people.add_references(person, embeddings, MODEL, now)
    return store, person


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize("what", ["reference", "part of a reference", "name"])
def test_removed_person_leaves_no_byte_in_the_files(
    tmp_path: Path, now: datetime, badge: Credential, embeddings: NDArray[Any], what: str
) -> None:
    store, person = enrolled_store(tmp_path, now, badge, embeddings)
    traces = {
        "reference": sealed_reference(store, 2),
        "part of a reference": sealed_reference(store, 3)[64:96],
        "name": b"Eileen Collins",
    }
    before = traces[what] in raw_bytes(store)
    store.erase(person, now)
    after = traces[what] in raw_bytes(store)
    store.close()
    assert (before, after) == (True, False)


@pytest.mark.usefixtures("journal")
def test_removed_person_leaves_no_byte_while_the_door_runs(
    tmp_path: Path, now: datetime, badge: Credential, embeddings: NDArray[Any]
) -> None:
    running, person = enrolled_store(tmp_path, now, badge, embeddings)
    sealed = sealed_reference(running)
    with Store(tmp_path) as store:
        store.erase(person, now)
        assert sealed not in raw_bytes(store)
    running.close()


def test_journal_with_an_erased_person_s_pages_is_overwritten(
    tmp_path: Path, now: datetime, badge: Credential, embeddings: NDArray[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.store.database._WAL_SAFE_FROM", (99, 0, 0))
    store, person = enrolled_store(tmp_path, now, badge, embeddings)
    with store.people() as people:
        people.add_references(person, embeddings, OTHER_MODEL, now)
    journal = tmp_path / "lintel.db-journal"
    held, size = sealed_reference(store) in journal.read_bytes(), journal.stat().st_size
    store.erase(person, now)
    store.close()
    assert (held, journal.stat().st_size >= size, set(journal.read_bytes())) == (True, True, {0})


def test_error_inside_a_transaction_takes_everything_back(store: Store, eileen: Person, now: datetime) -> None:
    with contextlib.suppress(RuntimeError), store.people() as people, store.audit() as audit:
        people.remove(eileen)
        people.add("Grace Hopper", now)
        audit.note(Event.FAULT, now)
        raise RuntimeError
    with store.people() as people, store.audit() as audit:
        assert ([known.person for known in people.everyone()], audit.newest(5)) == ([eileen], ())


def test_error_inside_the_inner_transaction_takes_the_inner_back(store: Store, now: datetime) -> None:
    with store.people() as people:
        people.add("Grace Hopper", now)
        with contextlib.suppress(RuntimeError), store.audit() as audit:
            audit.note(Event.FAULT, now)
            raise RuntimeError
    with store.people() as people, store.audit() as audit:
        assert (len(people.everyone()), audit.newest(5)) == (1, ())


def test_nothing_is_seen_elsewhere_before_the_end(store: Store, now: datetime) -> None:
    with closing(sqlite3.connect(store.path)) as other, store.people() as people:
        people.add("Grace Hopper", now)
        assert other.execute("SELECT count(*) FROM people").fetchone() == (0,)


@pytest.mark.parametrize("blob", [b"\x00" * 511, b"", b"\x00" * 256], ids=["odd", "empty", "half"])
def test_damaged_reference_is_an_error(store: Store, eileen: Person, blob: bytes) -> None:
    put_sealed(store, eileen, 2, blob)
    with pytest.raises(StoreError, match=f"reference of person {eileen.id} is damaged"), store.people() as people:
        people.references(eileen, MODEL)


def test_damaged_badge_is_an_error(store: Store, eileen: Person) -> None:
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("UPDATE badges SET facility = 'seven'")
        other.commit()
    with pytest.raises(StoreError, match=f"badge of person {eileen.id} is damaged"), store.people() as people:
        people.badges()


@pytest.mark.usefixtures("eileen")
@pytest.mark.parametrize(
    "column",
    ["people SET enrolled_at", "badges SET issued_at", "badges SET revoked_at", "badges SET suspended_at"],
)
def test_damaged_time_is_an_error(store: Store, column: str) -> None:
    with closing(sqlite3.connect(store.path)) as other:
        other.execute(f"UPDATE {column} = 'then'")
        other.commit()
    with pytest.raises(StoreError, match="not a timestamp: 'then'"), store.people() as people:
        people.everyone()


def test_closed_store_is_an_error(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.close()
    with pytest.raises(StoreError, match="closed"), store.people() as people:
        people.everyone()


def test_references_are_little_endian_floats_once_opened(
    store: Store, eileen: Person, embeddings: NDArray[Any]
) -> None:
    about = b"reference/" + MODEL.encode()
    plain = store.vault.open(sealed_reference(store), person_id=eileen.id, about=about, kind=Kind.FACE)
    assert np.frombuffer(plain, "<f4").tolist() == embeddings[0].tolist()


def test_store_holds_no_descriptor_after_it_is_closed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        path = store.path
    assert path not in [link.resolve() for link in Path("/proc/self/fd").iterdir()]


def test_all_references_are_those_of_everybody_in_turn(
    store: Store, eileen: Person, embeddings: NDArray[Any], now: datetime
) -> None:
    with store.people() as people:
        grace = people.add("Grace Hopper", now)
        people.add_references(grace, embeddings[:1], MODEL, now)
        people.add_references(grace, embeddings[1:], OTHER_MODEL, now)
        people.add("Ada Lovelace", now)
        found = people.all_references(MODEL)
    assert [(person, vectors.tolist()) for person, vectors in found] == [
        (eileen, embeddings.tolist()),
        (grace, embeddings[:1].tolist()),
    ]
