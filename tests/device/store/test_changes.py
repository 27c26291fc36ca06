"""Each record has an id of its own and the number of its last change, whoever writes it."""

import contextlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from device.errors import CredentialError
from device.records import ALWAYS_VALID, Basis, BasisKind, Credential, Grounds, Person, Validity
from device.store.database import FILE_NAME
from device.store.migrations import MIGRATIONS
from device.store.people import People
from device.store.store import InMemory, Store

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
LATER = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
MODEL = "ab" * 32


def last(store: Store) -> int:
    with store.people() as people:
        return int(people._session.rows("SELECT last FROM changes")[0]["last"])


def test_ids_differ_and_stay(store: Store, eileen: Person, badge: Credential) -> None:
    with store.people() as people:
        grace = people.add("Grace Hopper", NOON)
        before = [one.uid for one in people.everyone()]
        people.rename(eileen, "Eileen")
        people.revoke(badge, NOON)
        after = [one.uid for one in people.everyone()]
        held = people.held(badge)
    assert grace.id != eileen.id
    assert (sorted(before), len(set(before)), len(before[0])) == (sorted(after), 2, 32)
    assert held.uid not in before


CHANGES: dict[str, Callable[[People, Person, Credential], object]] = {
    "name": lambda people, person, _: people.rename(person, "Grace"),
    "time": lambda people, person, _: people.give_time(person, extended=True),
    "validity": lambda people, person, _: people.limit(person, Validity(NOON)),
    "group": lambda people, person, _: people.groups.put(person, ["Staff"]),
}
OF_BADGES: dict[str, Callable[[People, Person, Credential], object]] = {
    "suspended": lambda people, _, badge: people.suspend(badge, NOON),
    "revoked": lambda people, _, badge: people.revoke(badge, NOON),
    "limited": lambda people, _, badge: people.limit_badge(badge, Validity(None, NOON)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_change_of_a_person_has_the_next_number(store: Store, eileen: Person, badge: Credential, what: str) -> None:
    with store.people() as people:
        before = last(store)
        CHANGES[what](people, eileen, badge)
        (after,) = people.everyone()
    assert after.changed == before + 1 == last(store)


@pytest.mark.parametrize("what", OF_BADGES)
def test_change_of_a_badge_has_the_next_number(store: Store, eileen: Person, badge: Credential, what: str) -> None:
    with store.people() as people:
        before, persons = last(store), people.everyone()[0].changed
        OF_BADGES[what](people, eileen, badge)
        assert (people.held(badge).changed, people.everyone()[0].changed) == (before + 1, persons)


def test_change_that_is_taken_back_takes_its_number_back(store: Store, eileen: Person) -> None:
    before = last(store)
    with contextlib.suppress(CredentialError), store.people() as people:
        people.rename(eileen, "Grace")
        people.rename(eileen, "\x07")
    assert last(store) == before


def test_what_is_deleted_leaves_its_id_and_a_number(store: Store, eileen: Person, badge: Credential) -> None:
    with store.people() as people:
        ids = {people.everyone()[0].uid: "people", people.held(badge).uid: "badges"}
    store.erase(eileen, NOON)
    with store.people() as people:
        left = people._session.rows("SELECT uid, kind, changed FROM removed")
    assert {row["uid"]: row["kind"] for row in left if row["kind"] != "face_references"} == ids
    assert [row["kind"] for row in left].count("face_references") == 3
    assert max(row["changed"] for row in left) == last(store)


@given(st.lists(st.sampled_from(sorted(CHANGES) + sorted(OF_BADGES)), max_size=12))
@settings(max_examples=30)
def test_numbers_only_grow_and_are_no_two_records_own(asked: list[str]) -> None:
    with Store(Path(":memory:"), memory=InMemory(in_memory())) as store, store.people() as people:
        person, badge = people.add("Ada", NOON), Credential("number", 0, 1)
        people.issue(badge, person, NOON)
        seen = last(store)
        for name in asked:
            try:
                (CHANGES | OF_BADGES)[name](people, person, badge)
            except CredentialError:
                continue
            assert last(store) >= seen
            seen = last(store)
            (one,) = people.everyone()
            assert len({one.changed, one.badges[0].changed}) == 2
            assert max(one.changed, one.badges[0].changed) <= seen


def in_memory() -> Database:
    database = Database(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))
    database.conn.execute("PRAGMA foreign_keys=1")
    MIGRATIONS.apply(database)
    return database


def test_revoked_generation_stays_revoked_and_the_next_is_valid(
    store: Store, eileen: Person, badge: Credential
) -> None:
    with store.people() as people:
        people.revoke(badge, NOON)
        revoked = people.held(badge)
        assert people.restore(badge) == eileen
        given_back = people.held(badge)
    assert (revoked.generation, revoked.state) == (1, "revoked")
    assert (given_back.generation, given_back.state, given_back.uid) == (2, "valid", revoked.uid)


def test_suspension_is_of_the_same_generation(store: Store, eileen: Person, badge: Credential) -> None:
    with store.people() as people:
        people.suspend(badge, NOON)
        people.resume(badge)
        assert (people.held(badge).generation, people.held(badge).person) == (1, eileen)


def test_badge_of_a_removed_holder_is_revoked_in_its_generation(
    store: Store, eileen: Person, badge: Credential
) -> None:
    with store.people() as people:
        people.revoke(badge, NOON)
        people.restore(badge)
        before = people.held(badge).uid
        people.suspend(badge, NOON)
    store.erase(eileen, NOON)
    with store.people() as people:
        assert [one.generation for one in people.revoked_badges()] == [2]
        people.restore(badge)
        people.issue(badge, people.add("Grace", NOON), NOON)
        assert people.held(badge).uid != before


def test_claim_has_groups_and_validities(store: Store, eileen: Person, badge: Credential) -> None:
    with store.people() as people:
        people.groups.put(eileen, ["Staff", "Night shift"])
        people.limit(eileen, Validity(NOON, LATER))
        people.limit_badge(badge, Validity(None, LATER))
        claim = people.claim(badge, MODEL)
    assert claim is not None
    assert claim.groups == {"Staff", "Night shift"}
    assert (claim.valid, claim.badge_valid) == (Validity(NOON, LATER), Validity(None, LATER))


def test_claim_without_rights_is_always_valid(store: Store, eileen: Person, badge: Credential) -> None:
    with store.people() as people:
        claim = people.claim(badge, MODEL)
    assert claim is not None
    assert (claim.person, claim.groups, claim.valid, claim.badge_valid) == (
        eileen,
        frozenset(),
        ALWAYS_VALID,
        ALWAYS_VALID,
    )


@pytest.mark.usefixtures("badge")
def test_group_is_one_however_it_is_typed(store: Store, eileen: Person) -> None:
    with store.people() as people:
        grace = people.add("Grace Hopper", NOON)
        people.groups.put(eileen, ["Night  Shift"])
        people.groups.put(grace, ["night shift"])
        assert people.groups.sizes() == {"Night Shift": 2}
        people.groups.take(eileen, ["NIGHT SHIFT"])
        assert (people.groups.of(eileen), people.groups.of(grace)) == (frozenset(), frozenset({"Night Shift"}))


@pytest.mark.parametrize("name", ["", "\x07", "a,b", "a;b", "x" * 65, "\u202eStaff"])
def test_what_is_not_the_name_of_a_group_is_refused(store: Store, eileen: Person, name: str) -> None:
    with store.people() as people:
        with pytest.raises(CredentialError, match="Not a name of a group"):
            people.groups.put(eileen, [name])
        assert people.groups.sizes() == {}


def test_person_is_taken_only_out_of_their_groups(store: Store, eileen: Person) -> None:
    with store.people() as people, pytest.raises(CredentialError, match="is not in the group 'Staff'"):
        people.groups.take(eileen, ["Staff"])


def test_last_basis_counts_until_it_is_withdrawn(store: Store, eileen: Person) -> None:
    first, second = Grounds(BasisKind.CONSENT, "1", "Form A", "ida"), Grounds(BasisKind.CONTRACT, "2", "", "ida")
    with store.people() as people:
        none = people.bases.present(eileen)
        assert people.bases.give(eileen, first, NOON)
        assert people.bases.give(eileen, second, LATER)
        assert not people.bases.give(eileen, second, LATER)
        assert (none, people.bases.present(eileen)) == (None, Basis(second, LATER))
        assert people.bases.holders() == {eileen.id}
        people.bases.withdraw(eileen, LATER, "otto")
        assert (people.bases.present(eileen), people.bases.holders()) == (None, frozenset())
        assert [(one.grounds.version, one.withdrawn_by) for one in people.bases.of(eileen)] == [
            ("1", "otto"),
            ("2", "otto"),
        ]


def test_database_from_before_gets_ids_and_numbers(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        database = Database(connection)
        MIGRATIONS.apply(database, stop_before="0012-ids-changes-groups-validity-and-legal-bases")
        for number in (1, 2):
            connection.execute("INSERT INTO people (name, enrolled_at) VALUES (?, ?)", [f"P{number}", NOON.isoformat()])
            connection.execute(
                "INSERT INTO badges (format, facility, number, person_id, issued_at) VALUES ('number', 0, ?, ?, ?)",
                [f"{number}", number, NOON.isoformat()],
            )
        connection.execute("INSERT INTO revoked_badges VALUES ('number', 0, '9', ?)", [NOON.isoformat()])
        connection.commit()
    with Store(tmp_path) as store, store.people() as people:
        everyone, revoked = people.everyone(), people.revoked_badges()
    records = [(one.changed, one.uid) for one in everyone] + [
        (one.badges[0].changed, one.badges[0].uid) for one in everyone
    ]
    assert sorted(changed for changed, _ in records) == [1, 2, 3, 4]
    assert len({uid for _, uid in records}) == 4
    assert [one.generation for one in revoked] == [1]
    assert {each.valid for each in everyone} == {ALWAYS_VALID}
