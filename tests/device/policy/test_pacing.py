"""A flood of denials gets few rows, and each of them is in a row or in a count."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.pacing import Pacing, Summary, summary_row
from device.records import Credential, Decision, Evidence, Outcome, PinAnswer, Reason, Transaction

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
GRANTED = Decision(Reason.MATCH, Outcome.GRANTED, Evidence(1.0, 0.5, 3, 1))
FLOODING = [
    Reason.BADGE_RANDOM,
    Reason.BADGE_UNKNOWN,
    Reason.BADGE_REVOKED,
    Reason.BADGE_SUSPENDED,
    Reason.NO_REFERENCES,
    Reason.NOT_YET_VALID,
    Reason.EXPIRED,
    Reason.NOT_ALLOWED,
    Reason.OUTSIDE_SCHEDULE,
    Reason.RULE_DENIES,
    Reason.CLOCK_UNTRUSTED,
    Reason.PIN_DISABLED,
    Reason.FACE_DISABLED,
    Reason.WAIT_AFTER_ATTACK,
    Reason.WAIT_AFTER_FAILURES,
    Reason.KEY_MISSING,
    Reason.READER_TAMPERED,
    Reason.PASSED_BACK,
    Reason.AREA_FULL,
    Reason.DOOR_SCHEDULED_LOCK,
    Reason.DOOR_LOCKDOWN,
    Reason.DOOR_FAULT,
    Reason.STORE_FAULT,
    Reason.VISION_FAULT,
]


def badge(number: int) -> Credential:
    return Credential("h10301", 17, number)


def denied(number: int, reason: Reason = Reason.BADGE_UNKNOWN, reader: str = "outside") -> Transaction:
    return Transaction(NOON, badge(number), None, Decision(reason), 0.1, reader=reader)


def rows_of(pacing: Pacing, *, seconds: int, a_second: int, reason: Reason = Reason.BADGE_UNKNOWN) -> int:
    """How many rows a steady stream of different badges makes, summaries included."""
    rows = 0
    for number in range(seconds * a_second):
        at = number / a_second
        rows += not pacing.is_counted(denied(number % 65536, reason), at)
        rows += len(list(pacing.due(at)))
    return rows


@pytest.mark.parametrize("reason", FLOODING)
def test_minute_of_twenty_badges_a_second_is_26_rows_at_most(reason: Reason) -> None:
    assert rows_of(Pacing(), seconds=60, a_second=20, reason=reason) <= 26


def test_hour_of_twenty_badges_a_second_is_440_rows_at_most() -> None:
    assert rows_of(Pacing(), seconds=3600, a_second=20) <= 440


@pytest.mark.parametrize("reason", FLOODING)
def test_person_every_ten_seconds_always_has_a_row(reason: Reason) -> None:
    pacing = Pacing()
    assert not any(pacing.is_counted(denied(number, reason), 10.0 * number) for number in range(1000))


def test_twenty_at_once_have_rows() -> None:
    pacing = Pacing()
    assert [pacing.is_counted(denied(number), 5.0) for number in range(22)] == [False] * 20 + [True] * 2


@pytest.mark.parametrize(
    "other", [denied(7, reader="inside"), denied(7, Reason.BADGE_REVOKED)], ids=["reader", "reason"]
)
def test_flood_hides_nothing_else(other: Transaction) -> None:
    pacing = Pacing()
    rows_of(pacing, seconds=60, a_second=20)
    assert not pacing.is_counted(other, 60.0)


@pytest.mark.parametrize("reason", FLOODING)
def test_flood_hides_no_failed_try(reason: Reason) -> None:
    """Counted without a row, it would not count against the badge: a PIN could be guessed for ever."""
    pacing = Pacing()
    rows_of(pacing, seconds=60, a_second=20, reason=reason)
    for tried in (Decision(reason, pin=PinAnswer.WRONG), Decision(reason, evidence=Evidence(0.1, 0.5, 3, 1))):
        assert not pacing.is_counted(replace(denied(7, reason), decision=tried), 60.0)


GRANTS = [Reason.MATCH, Reason.PIN, Reason.BADGE, Reason.EXIT]


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in (*FLOODING, *GRANTS)])
def test_denial_after_a_look_always_has_a_row(reason: Reason) -> None:
    pacing = Pacing()
    assert not any(pacing.is_counted(denied(number, reason), 0.0) for number in range(100))


def test_grant_always_has_a_row() -> None:
    pacing, granted = Pacing(), replace(denied(1), decision=GRANTED)
    assert not any(pacing.is_counted(granted, 0.0) for _ in range(100))


def test_summary_says_how_many_and_which_came_first_and_last() -> None:
    pacing = Pacing()
    for number in range(25):
        pacing.is_counted(denied(number), number / 10)
    (summary,) = pacing.due(math.inf)
    row = summary_row(summary, NOON, "main")
    assert (row.reason, row.outcome, row.door, row.reader) == (Reason.BADGE_UNKNOWN, Outcome.DENIED, "main", "outside")
    assert row.fault == "5 more within 0.4 s, first badge 17:20, last badge 17:24"


def test_summary_that_was_not_written_is_due_again() -> None:
    pacing = Pacing()
    for number in range(25):
        pacing.is_counted(denied(number), 0.0)
    next(pacing.due(60.0))
    assert [summary.count for summary in pacing.due(60.0)] == [5]
    assert list(pacing.due(math.inf)) == []


arrivals = st.lists(
    st.tuples(st.floats(0.0, 15.0), st.sampled_from(FLOODING[:2]), st.sampled_from(["outside", "inside"])), max_size=200
)


@given(arrivals)
def test_each_denial_is_in_a_row_or_in_a_count_with_its_neighbors(arrived: list[tuple[float, Reason, str]]) -> None:
    pacing, now, rows, counted = Pacing(), 0.0, 0, []
    summaries: list[Summary] = []
    for number, (pause_s, reason, reader) in enumerate(arrived):
        now += pause_s / 10
        if pacing.is_counted(denied(number, reason, reader), now):
            counted.append((reader, reason, number))
        else:
            rows += 1
        summaries += pacing.due(now)
    summaries += pacing.due(math.inf)
    assert rows + sum(summary.count for summary in summaries) == len(arrived)
    for summary in summaries:
        same = [number for reader, reason, number in counted if (reader, reason) == (summary.reader, summary.reason)]
        begun = same.index(summary.first.number)
        assert same[begun + summary.count - 1] == summary.last.number
