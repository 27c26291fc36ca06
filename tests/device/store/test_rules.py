"""The owner's rules in the store: replaced as a whole, read once, and without the names of those who were erased."""

import sqlite3
from datetime import datetime

import pytest

from device.errors import StoreError
from device.records import Person
from device.store.store import Store

STAFF = '[[rules]]\nname = "staff"\naction = "allow"\ngroups = ["staff"]\nall_doors = true\n'
EILEEN = (
    '# For Eileen Collins\n[[rules]]\nname = "e"\naction = "allow"\npeople = ["eileen collins"]\nall_doors = true\n'
)


def _apply(store: Store, text: str, at: datetime) -> None:
    with store.rules() as rules:
        rules.apply(text, at)


def test_without_any_there_are_none(store: Store) -> None:
    with store.rules() as rules:
        assert (rules.rules(), rules.applied()) == (None, None)


def test_the_newest_text_counts_and_older_ones_are_kept(store: Store, now: datetime) -> None:
    _apply(store, STAFF, now)
    _apply(store, STAFF.replace("staff", "crew"), now)
    with store.rules() as rules:
        counting = rules.rules()
        assert counting is not None
        assert [rule.name for rule in counting.rules] == ["crew"]
        assert [(one.version, "crew" in one.text) for one in rules.versions(9)] == [(2, True), (1, False)]


def test_a_wrong_text_changes_nothing(store: Store, now: datetime) -> None:
    _apply(store, STAFF, now)
    with pytest.raises(ValueError, match="action"), store.rules() as rules:
        rules.apply(STAFF.replace("allow", "permit"), now)
    with store.rules() as rules:
        applied = rules.applied()
        assert applied is not None
        assert applied.text == STAFF


def test_what_was_read_is_read_once(store: Store, now: datetime) -> None:
    _apply(store, STAFF, now)
    with store.rules() as rules:
        first = rules.rules()
    with store.rules() as rules:
        assert rules.rules() is first
    _apply(store, STAFF, now)
    with store.rules() as rules:
        assert rules.rules() is not first


def test_people_are_known_by_their_number_from_then_on(store: Store, now: datetime, eileen: Person) -> None:
    _apply(store, EILEEN, now)
    with store.people() as people:
        people.rename(eileen, "Eileen M. Collins")
    with store.rules() as rules:
        counting = rules.rules()
        assert counting is not None
        assert counting.person_ids == {"eileen collins": eileen.id}


def test_a_name_of_several_people_is_refused(store: Store, now: datetime, eileen: Person, connection: sqlite3.Connection) -> None:  # fmt: skip # noqa: E501
    connection.execute("INSERT INTO people (name, enrolled_at) VALUES (?, ?)", ["Eileen  Collins", now.isoformat()])
    connection.commit()
    assert eileen.id
    with pytest.raises(ValueError, match="several people"), store.rules() as rules:
        rules.apply(EILEEN, now)


def test_an_erased_person_is_in_no_text(store: Store, now: datetime, eileen: Person) -> None:
    _apply(store, EILEEN, now)
    _apply(store, STAFF + EILEEN, now)
    store.erase(eileen, now)
    with store.rules() as rules:
        texts = [one.text for one in rules.versions(9)]
        counting = rules.rules()
    assert [text for text in texts if "eileen collins" in text.lower()] == []
    assert counting is not None
    assert counting.rules[1].who.people == frozenset({f"erased-{eileen.id}"})


def test_a_name_in_escapes_is_refused(store: Store, now: datetime) -> None:
    with pytest.raises(ValueError, match="write it as it is"), store.rules() as rules:
        rules.apply(EILEEN.replace('"eileen', '"\\u0065ileen'), now)


def test_a_text_that_was_altered_is_not_used(store: Store, now: datetime, connection: sqlite3.Connection) -> None:
    _apply(store, STAFF, now)
    connection.execute("UPDATE rule_sets SET text = replace(text, 'allow', 'deny')")
    connection.commit()
    with pytest.raises(StoreError, match="not what was applied"), store.rules() as rules:
        rules.rules()


def test_a_text_that_is_not_understood_is_not_used(store: Store, now: datetime, connection: sqlite3.Connection) -> None:
    _apply(store, STAFF, now)
    connection.execute("UPDATE rule_sets SET text = '[[later]]', sha256 = ?", [_sha256_of_later()])
    connection.commit()
    with pytest.raises(StoreError, match="unknown field `later`"), store.rules() as rules:
        rules.rules()


def _sha256_of_later() -> str:
    from device.policy.rules_text import sha256_of

    return sha256_of("[[later]]")
