"""Who is erased because of the time, and who is not."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.people.retention import Keeping, due, erase_due
from device.records import (
    AuditRow,
    Credential,
    Event,
    Outcome,
    Person,
    Validity,
)
from device.store.store import Store
from device.virtual.clock import SimulatedClock


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as opened:
        yield opened


def enrolled(store: Store, name: str, at: datetime) -> Person:
    with store.people() as people:
        return people.add(name, at)


def came(store: Store, person: Person, at: datetime, outcome: Outcome = Outcome.GRANTED) -> None:
    with store.audit() as audit:
        audit.add(AuditRow(0, at, Event.DECISION, person_id=person.id, outcome=outcome))


def names(store: Store, keeping: Keeping, now: datetime) -> list[str]:
    return [one.person.name for one in due(store, keeping, now)]


def test_person_who_came_in_lately_is_kept(store: Store, clock: SimulatedClock) -> None:
    now = clock.utc()
    ada, grace = (enrolled(store, name, now - timedelta(days=400)) for name in ("Ada", "Grace"))
    came(store, ada, now - timedelta(days=200))
    came(store, grace, now - timedelta(days=2), Outcome.DENIED)
    assert names(store, Keeping(unused_days=201), now) == ["Grace"]
    assert names(store, Keeping(unused_days=199), now) == ["Ada", "Grace"]


def test_new_person_and_new_badge_count_as_a_visit(store: Store, clock: SimulatedClock) -> None:
    now = clock.utc()
    enrolled(store, "Ada", now - timedelta(days=9))
    grace = enrolled(store, "Grace", now - timedelta(days=400))
    with store.people() as people:
        people.issue(Credential("number", 0, 1), grace, now - timedelta(days=9))
    assert names(store, Keeping(unused_days=10), now) == []
    assert names(store, Keeping(unused_days=8), now) == ["Ada", "Grace"]


@pytest.mark.parametrize(("ends_in_s", "is_due"), [(-1.0, True), (0.0, True), (1.0, False)])
def test_person_whose_validity_has_ended_is_due(
    store: Store, clock: SimulatedClock, ends_in_s: float, is_due: bool
) -> None:
    now = clock.utc()
    ada = enrolled(store, "Ada", now)
    with store.people() as people:
        people.limit(ada, Validity(None, now + timedelta(seconds=ends_in_s)))
    assert bool(names(store, Keeping(erases_ended=True), now)) is is_due
    assert names(store, Keeping(), now) == []


def test_erasure_is_in_the_audit_with_its_reason(store: Store, clock: SimulatedClock) -> None:
    now = clock.utc()
    ada = enrolled(store, "Ada", now - timedelta(days=50))
    assert [one.person for one in erase_due(store, clock, Keeping(unused_days=30))] == [ada]
    with store.audit() as audit:
        rows = [(row.event, row.fault) for row in audit]
    assert [event for event, _ in rows] == [Event.RETENTION, Event.PERSON_REMOVED]
    assert rows[0][1] == f"person {ada.id}, unused since {now - timedelta(days=50):%Y-%m-%d}"
    with store.people() as people:
        assert people.everyone() == ()


@given(
    st.lists(st.tuples(st.integers(0, 60), st.one_of(st.none(), st.integers(0, 60)), st.integers(-5, 5)), max_size=6),
    st.one_of(st.none(), st.integers(1, 60)),
    st.booleans(),
)
@settings(max_examples=40)
def test_oracle_agrees_who_is_due(
    tmp_path_factory: pytest.TempPathFactory,
    people_are: list[tuple[int, int | None, int]],
    unused_days: int | None,
    erases_ended: bool,
) -> None:
    now = SimulatedClock().utc()
    expected = set()
    with Store(tmp_path_factory.mktemp("due")) as store:
        visits = []
        for number, (enrolled_ago, came_ago, ends_in) in enumerate(people_are):
            person = enrolled(store, f"P{number}", now - timedelta(days=enrolled_ago))
            with store.people() as people:
                people.limit(person, Validity(None, now + timedelta(days=ends_in)))
            if came_ago is not None:
                visits.append((came_ago, person))
            last = min(enrolled_ago, came_ago if came_ago is not None else enrolled_ago)
            if (erases_ended and ends_in <= 0) or (unused_days is not None and last >= unused_days):
                expected.add(person.name)
        for came_ago, person in sorted(visits, key=lambda visit: -visit[0]):
            came(store, person, now - timedelta(days=came_ago))
        found = names(store, Keeping(unused_days, erases_ended), now)
    assert set(found) == expected


def cut(store: Store, to: int) -> None:
    """As a cut of the audit leaves it."""
    with store.people() as people:
        people._session.execute("DELETE FROM audit WHERE id <= ?", [to])


def test_visit_is_known_after_its_row_was_cut(store: Store, clock: SimulatedClock) -> None:
    now = clock.utc()
    ada, grace = (enrolled(store, name, now - timedelta(days=400)) for name in ("Ada", "Grace"))
    came(store, ada, now - timedelta(days=100))
    came(store, grace, now - timedelta(days=10), Outcome.DENIED)
    erase_due(store, clock, Keeping(unused_days=999))
    cut(store, 1)
    assert names(store, Keeping(unused_days=200), now) == ["Grace"]


def test_visit_whose_row_was_cut_unread_may_have_been_late(store: Store, clock: SimulatedClock) -> None:
    now = clock.utc()
    ada, grace = (enrolled(store, name, now - timedelta(days=400)) for name in ("Ada", "Grace"))
    came(store, ada, now - timedelta(days=100))
    came(store, grace, now - timedelta(days=50), Outcome.DENIED)
    cut(store, 1)
    assert names(store, Keeping(unused_days=51), now) == []
    assert names(store, Keeping(unused_days=49), now) == ["Ada", "Grace"]
    erase_due(store, clock, Keeping(unused_days=999))
    assert names(store, Keeping(unused_days=51), now) == []
