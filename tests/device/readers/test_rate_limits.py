"""How many events of one reader are let in, by kind: a flood of 1,000 a second for 10 s, and what may come at once."""

import pytest

from device.readers.rate_limit import RateLimit, TokenBucket
from device.records import BadgeRead, BadgeRemoved, Credential, KeyPress, Notice, ReaderEvent, ReaderNotice

BADGE = BadgeRead(Credential("h10301", 17, 1001), 0.0, "front")
NOISE, KEY = BadgeRead(None, 0.0, "front", fault="noise"), KeyPress("1", 0.0, "front")
GONE, NOTICE = BadgeRemoved(0.0, "front"), ReaderNotice(Notice.TAMPERED, 0.0, "front")
NAMES = ["badge", "unreadable badge", "key", "badge taken away", "notice"]


def let_in(limit: RateLimit, event: ReaderEvent, times: list[float]) -> int:
    return sum(limit.lets_in(event, at) for at in times)


@pytest.mark.parametrize(
    ("event", "at_once"), [(BADGE, 20), (NOISE, 10), (KEY, 40), (GONE, 40), (NOTICE, 20)], ids=NAMES
)
def test_so_many_come_in_at_once(event: ReaderEvent, at_once: int) -> None:
    assert let_in(RateLimit(), event, [100.0] * 1000) == at_once


@pytest.mark.parametrize(
    ("event", "in_ten_seconds"), [(BADGE, 200), (NOISE, 20), (KEY, 200), (GONE, 200), (NOTICE, 1)], ids=NAMES
)
def test_flood_comes_in_at_a_steady_rate(event: ReaderEvent, in_ten_seconds: int) -> None:
    limit = RateLimit()
    let_in(limit, event, [100.0] * 1000)
    let_in_later = let_in(limit, event, [100.0 + number / 1000 for number in range(1, 10_002)])
    assert abs(let_in_later - in_ten_seconds) <= 1e-3 * in_ten_seconds


def test_keys_and_removals_share_their_rate() -> None:
    limit = RateLimit()
    assert (let_in(limit, KEY, [100.0] * 30), let_in(limit, GONE, [100.0] * 30)) == (30, 10)


@pytest.mark.parametrize("event", [NOISE, KEY, NOTICE], ids=["unreadable badge", "key", "notice"])
def test_flood_of_others_keeps_no_badge_out(event: ReaderEvent) -> None:
    limit = RateLimit()
    let_in(limit, event, [100.0] * 1000)
    assert limit.lets_in(BADGE, 100.0)


def test_clock_that_goes_back_takes_no_room_away() -> None:
    bucket = TokenBucket(burst=3, rate=1)
    assert [bucket.admits(at) for at in (10.0, 5.0, 5.0, 5.0)] == [True, True, True, False]


def test_dropped_events_are_reported_once_a_second() -> None:
    limit = RateLimit()
    reports = []
    for at in (0.5, 0.75, 1.25, 1.5, 2.75):
        let_in(limit, NOISE, [at] * 20)
        reports.append(limit.report(at) is not None)
    assert reports == [True, False, False, True, True]


def test_report_counts_what_was_dropped() -> None:
    limit = RateLimit()
    let_in(limit, NOISE, [100.0] * 25)
    report = limit.report(100.0)
    assert (report and report.fault, limit.dropped) == ("15 more came too fast and were dropped", 15)


def test_what_was_reported_is_not_reported_again() -> None:
    limit = RateLimit()
    let_in(limit, NOISE, [100.0] * 25)
    limit.report(100.0)
    quiet = limit.report(102.0)
    let_in(limit, NOISE, [103.0] * 10)
    report = limit.report(103.0)
    assert (quiet, report and report.fault) == (None, "4 more came too fast and were dropped")
