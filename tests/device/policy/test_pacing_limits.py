"""The figures of a flood of denials: 20 rows at once, one every 10 s from then on, a summary every 60 s."""

from datetime import UTC, datetime

import pytest

from device.policy.pacing import Pacing, summary_row
from device.records import Credential, Decision, Outcome, Reason, Transaction

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
BADGE = Credential("h10301", 17, 1001)
DENIED = Transaction(NOON, BADGE, None, Decision(Reason.BADGE_UNKNOWN), 0.1, reader="outside")


def flooded(at: float = 100.0, count: int = 25) -> Pacing:
    pacing = Pacing()
    for _ in range(count):
        pacing.is_counted(DENIED, at)
    return pacing


def test_twenty_denials_at_once_have_rows() -> None:
    pacing = Pacing()
    assert [pacing.is_counted(DENIED, 100.0) for _ in range(22)] == [False] * 20 + [True] * 2


@pytest.mark.parametrize(("later_s", "is_counted"), [(9.5, True), (10.0, False), (10.5, False)])
def test_next_row_comes_after_ten_seconds(later_s: float, is_counted: bool) -> None:
    assert flooded().is_counted(DENIED, 100.0 + later_s) is is_counted


def test_ten_seconds_earn_one_row() -> None:
    pacing = flooded()
    assert [pacing.is_counted(DENIED, 110.0) for _ in range(2)] == [False, True]


def test_quiet_hour_earns_twenty_rows_again() -> None:
    pacing = flooded()
    assert [pacing.is_counted(DENIED, 3700.0) for _ in range(21)] == [False] * 20 + [True]


@pytest.mark.parametrize(("later_s", "summaries"), [(59.5, 0), (60.0, 1), (61.0, 1)])
def test_summary_is_due_after_a_minute(later_s: float, summaries: int) -> None:
    assert len(list(flooded().due(100.0 + later_s))) == summaries


def test_summary_is_due_once() -> None:
    pacing = flooded()
    assert [len(list(pacing.due(at))) for at in (160.0, 220.0)] == [1, 0]


def test_summary_says_how_many_and_for_how_long() -> None:
    pacing = flooded()
    pacing.is_counted(DENIED, 104.5)
    (summary,) = pacing.due(1e9)
    row = summary_row(summary, NOON, "main")
    assert row.fault == "6 more within 4.5 s, first badge 17:1001, last badge 17:1001"
    assert (row.outcome, row.reason, row.door, row.reader) == (
        Outcome.DENIED,
        Reason.BADGE_UNKNOWN,
        "main",
        "outside",
    )


def test_summary_at_a_door_with_one_reader_names_none() -> None:
    pacing = Pacing()
    for _ in range(21):
        pacing.is_counted(Transaction(NOON, BADGE, None, Decision(Reason.BADGE_UNKNOWN), 0.1), 100.0)
    (summary,) = pacing.due(1e9)
    assert summary_row(summary, NOON, "main").reader is None
