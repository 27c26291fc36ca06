"""The audit: rows come back equal and in their order, and hold nothing biometric."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import StoreError
from device.records import (
    AuditRow,
    Credential,
    Decision,
    Event,
    Evidence,
    Outcome,
    Person,
    Reason,
    Transaction,
)
from device.store.store import Store

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
numbers = st.integers(0, 2**63 - 1)
any_row = st.builds(
    AuditRow,
    id=st.just(0),
    at=st.datetimes(timezones=zones),
    event=st.sampled_from(Event),
    badge=st.none() | st.text(st.characters(codec="utf-8")),
    person_id=st.none() | numbers,
    outcome=st.none() | st.sampled_from(Outcome),
    reason=st.none() | st.sampled_from(Reason),
    similarity=st.none() | st.floats(allow_nan=False),
    threshold=st.none() | st.floats(allow_nan=False),
    probes=st.none() | numbers,
    references=st.none() | numbers,
    frames=st.none() | numbers,
    waited_s=st.none() | st.floats(allow_nan=False),
    fault=st.none() | st.text(st.characters(codec="utf-8")),
)


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """For many examples, all in one audit."""
    with Store(tmp_path_factory.mktemp("audit")) as store:
        yield store


@given(any_row)
def test_row_comes_back_equal(one_store: Store, row: AuditRow) -> None:
    with one_store.audit() as audit:
        number = audit.add(row)
        assert audit.newest(1) == (replace(row, id=number),)


@given(st.lists(any_row, max_size=5))
def test_rows_come_in_their_order(one_store: Store, rows: list[AuditRow]) -> None:
    with one_store.audit() as audit:
        numbers = [audit.add(row) for row in rows]
        newest = audit.newest(len(rows)) if rows else ()
    assert list(newest) == [replace(row, id=number) for row, number in zip(rows, numbers, strict=True)]


def test_newest_are_the_last_ones(store: Store) -> None:
    with store.audit() as audit:
        written = [audit.note(Event.FAULT, NOON) for _ in range(5)]
        assert [row.id for row in audit.newest(2)] == written[-2:]


def test_number_is_never_given_again(store: Store) -> None:
    with store.audit() as audit:
        number = audit.note(Event.FAULT, NOON)
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("DELETE FROM audit")
        other.commit()
    with store.audit() as audit:
        assert audit.note(Event.FAULT, NOON) > number


def test_transaction_becomes_a_row(store: Store) -> None:
    transaction = Transaction(
        started_at=NOON,
        credential=Credential("h10301", 17, 1001),
        person=Person(3, "Eileen Collins"),
        decision=Decision(Reason.MATCH, Outcome.GRANTED, Evidence(0.97, 0.94, 3, 2)),
        waited_s=0.7,
        frames=4,
    )
    with store.audit() as audit:
        audit.record(transaction)
        (row,) = audit.newest(1)
    expected = AuditRow(
        row.id, NOON, Event.DECISION, "17:1001", 3, Outcome.GRANTED, Reason.MATCH, 0.97, 0.94, 3, 2, 4, 0.7
    )
    assert row == replace(expected, mode="badge+face")


def test_unreadable_badge_becomes_a_row_without_badge_and_person(store: Store) -> None:
    with store.audit() as audit:
        audit.record(Transaction(NOON, None, None, Decision(Reason.BADGE_UNREADABLE), 0.0))
        (row,) = audit.newest(1)
    assert (row.badge, row.person_id, row.similarity) == (None, None, None)


@pytest.mark.parametrize("column", [column.name for column in fields(AuditRow)])
def test_row_has_no_place_for_biometrics(column: str) -> None:
    assert not {"embedding", "image", "name", "face"} & set(column.split("_"))


@pytest.mark.parametrize(
    ("column", "value"),
    [("reason", "from-the-future"), ("event", "from-the-future"), ("outcome", "perhaps"), ("at", "yesterday")],
)
def test_row_that_cannot_be_read_is_an_error_with_its_number(store: Store, column: str, value: str) -> None:
    with store.audit() as audit:
        number = audit.note(Event.FAULT, NOON)
    with closing(sqlite3.connect(store.path)) as other:
        other.execute(f"UPDATE audit SET {column} = ?", [value])
        other.commit()
    with pytest.raises(StoreError, match=f"row {number} of the audit .*{value}"), store.audit() as audit:
        audit.newest(1)


class TestPages:
    """What a subscription reads."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with Store(tmp_path / "state") as store:
            for number in range(5):
                with store.audit() as audit:
                    audit.add(AuditRow(0, NOON, Event.FAULT, fault=f"{number}"))
            yield store

    @pytest.mark.parametrize(
        ("number", "limit", "ids"), [(0, 9, [1, 2, 3, 4, 5]), (-1, 2, [1, 2]), (2, 2, [3, 4]), (4, 2, [5]), (5, 2, [])]
    )
    def test_rows_behind_a_number_come_in_order(self, store: Store, number: int, limit: int, ids: list[int]) -> None:
        with store.audit() as audit:
            assert [row.id for row in audit.after(number, limit)] == ids

    @pytest.mark.parametrize(("count", "number"), [(-1, 5), (0, 5), (1, 4), (4, 1), (5, 0), (6, 0)])
    def test_newest_rows_are_behind_a_number(self, store: Store, count: int, number: int) -> None:
        with store.audit() as audit:
            assert audit.before_newest(count) == number

    def test_signature_changes_with_a_commit_alone(self, store: Store) -> None:
        before = store.signature()
        with store.audit() as audit:
            list(audit)
        after_reading = store.signature()
        with store.audit() as audit:
            audit.add(AuditRow(0, NOON, Event.FAULT))
        assert (after_reading, store.signature() != before) == (before, True)

    def test_signature_changes_with_the_commit_of_another(self, store: Store) -> None:
        before = store.signature()
        with Store(store.path.parent) as other, other.audit() as audit:
            audit.add(AuditRow(0, NOON, Event.FAULT))
        assert store.signature() != before
