"""Two people for one command: asked for by one, confirmed by another in time, and nothing else counts."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import DoorError
from device.records import Event
from device.second_person import Admin, SecondPerson, are_two
from device.store.store import Store
from device.virtual.clock import SimulatedClock

ADA, BOB = Admin("ada", frozenset({4000})), Admin("bob", frozenset({4002}))
ADA_AS_BOB = Admin("bob (login ada)", frozenset({4000, 4002}))
NO_ONE = Admin("root (no login)", frozenset())
WITHIN_S = 15 * 60


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def rule(store: Store, clock: SimulatedClock) -> SecondPerson:
    return SecondPerson(store, clock)


def events(store: Store) -> list[tuple[Event, str | None]]:
    with store.audit() as audit:
        return [(row.event, row.by) for row in audit]


def test_command_goes_on_once_another_admin_has_confirmed_it(rule: SecondPerson, store: Store) -> None:
    asked = rule.ask(ADA, "keys rotate")
    assert [one.command for one, _ in rule.pending()] == ["keys rotate"]
    rule.confirm(BOB, asked.row)
    assert (rule.confirmed(asked), rule.pending()) == ("bob", ())
    assert events(store) == [(Event.CONFIRMATION_ASKED, "ada"), (Event.CONFIRMATION_GIVEN, "bob")]


@pytest.mark.parametrize("second", [ADA, ADA_AS_BOB, NO_ONE])
def test_one_person_by_two_logins_is_one(rule: SecondPerson, second: Admin) -> None:
    asked = rule.ask(ADA, "erase")
    with pytest.raises(DoorError, match="not surely another person"):
        rule.confirm(second, asked.row)
    assert len(rule.pending()) == 1


def test_who_became_another_confirms_for_neither(rule: SecondPerson) -> None:
    asked = rule.ask(ADA_AS_BOB, "erase")
    for second in (ADA, BOB):
        with pytest.raises(DoorError, match="not surely another person"):
            rule.confirm(second, asked.row)


def test_no_person_asks_for_nothing(rule: SecondPerson, store: Store) -> None:
    with pytest.raises(DoorError, match="names no person"):
        rule.ask(NO_ONE, "erase")
    assert events(store) == []


def test_nothing_is_done_after_fifteen_minutes(rule: SecondPerson, clock: SimulatedClock, store: Store) -> None:
    asked = rule.ask(ADA, "erase")
    began = clock.monotonic()
    with pytest.raises(DoorError, match="No second person confirmed"):
        rule.confirmed(asked)
    assert WITHIN_S <= clock.monotonic() - began <= WITHIN_S + 1
    with pytest.raises(DoorError, match="Nothing waits"):
        rule.confirm(BOB, asked.row)
    assert events(store)[-1] == (Event.CONFIRMATION_EXPIRED, "ada")


@pytest.mark.parametrize(("after_s", "counts"), [(WITHIN_S - 1, True), (WITHIN_S + 1, False)])
def test_confirmation_counts_for_fifteen_minutes(
    rule: SecondPerson, clock: SimulatedClock, after_s: float, counts: bool
) -> None:
    asked = rule.ask(ADA, "erase")
    clock.sleep(after_s)
    if counts:
        rule.confirm(BOB, asked.row)
    else:
        with pytest.raises(DoorError, match="Nothing waits"):
            rule.confirm(BOB, asked.row)


def test_one_command_waits_at_once(rule: SecondPerson) -> None:
    """So that the one who confirms finds a process that is free."""
    asked = rule.ask(ADA, "erase")
    with pytest.raises(DoorError, match="Another command waits"):
        rule.ask(BOB, "audit cut")
    rule.end(asked)
    rule.ask(BOB, "audit cut")


def test_what_was_confirmed_is_not_confirmed_twice(rule: SecondPerson) -> None:
    asked = rule.ask(ADA, "erase")
    rule.confirm(BOB, asked.row)
    with pytest.raises(DoorError, match="Nothing waits"):
        rule.confirm(Admin("cem", frozenset({4009})), asked.row)


def test_pending_names_the_person_and_the_database_does_not(rule: SecondPerson, store: Store) -> None:
    with store.people() as people:
        person = people.add("Grace Hopper", SimulatedClock().utc())
    rule.ask(ADA, "erase", person)
    assert [name for _, name in rule.pending()] == ["Grace Hopper"]
    with store.audit() as audit:
        (row,) = audit.newest(1)
    assert (row.person_id, row.fault) == (person.id, "erase")


def test_command_that_was_killed_waits_no_more(store: Store, rule: SecondPerson) -> None:
    """Else it is confirmed for nothing, and holds up the next one for fifteen minutes."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    asked = rule.ask(ADA, "erase")
    with store.confirmations() as confirmations:
        confirmations.ask(replace(asked, process=ended.pid))
    assert rule.pending() == ()
    with pytest.raises(DoorError, match="Nothing waits"):
        rule.confirm(BOB, asked.row)
    rule.ask(BOB, "audit cut")


def test_word_of_the_last_moment_counts(rule: SecondPerson, clock: SimulatedClock) -> None:
    asked = rule.ask(ADA, "erase")
    clock.sleep(WITHIN_S - 0.1)
    rule.confirm(BOB, asked.row)
    clock.sleep(1)
    assert rule.confirmed(asked) == "bob"


USERS = st.frozensets(st.integers(1, 5), max_size=2)


@given(one=USERS, other=USERS)
def test_two_people_share_no_user_and_each_has_one(one: frozenset[int], other: frozenset[int]) -> None:
    expected = bool(one) and bool(other) and all(a != b for a, b in product(one, other))
    assert are_two(one, other) is are_two(other, one) is expected
