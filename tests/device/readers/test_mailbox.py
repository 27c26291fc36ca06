"""What of a reader's events is let in, and the mailbox where they wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ReaderError
from device.readers.mailbox import Mailbox
from device.readers.rate_limit import RateLimit, TokenBucket
from device.records import BadgeRead, KeyPress, ReaderEvent, ReaderNotice
from tests.device.readers.mailed import BADGE, KEY, NOISE, NOTICE, ROOM
from tests.there import there

ROOM_FOR_NOISE = 4
REPORT_EVERY_S = 1.0
any_event = st.sampled_from([BADGE, NOISE, KEY, NOTICE])


def test_pace_admits_a_burst_and_then_no_more() -> None:
    pace = TokenBucket(burst=3, rate=1)
    assert [pace.admits(10.0) for _ in range(5)] == [True] * 3 + [False] * 2


def test_pace_admits_more_as_time_passes() -> None:
    pace = TokenBucket(burst=3, rate=2)
    for _ in range(3):
        pace.admits(10.0)
    assert [pace.admits(at) for at in (10.4, 10.5, 10.6, 11.0)] == [False, True, False, True]


@given(st.lists(st.floats(0, 100), max_size=200), st.integers(1, 5), st.floats(0.1, 10))
def test_pace_admits_no_more_than_a_burst_and_its_rate(times: list[float], burst: int, rate: float) -> None:
    pace = TokenBucket(burst, rate)
    admitted = sum(pace.admits(at) for at in sorted(times))
    assert admitted <= burst + rate * (max(times) - min(times) if times else 0) + 1e-6


def test_pace_is_not_moved_by_a_clock_that_goes_back() -> None:
    pace = TokenBucket(burst=1, rate=1)
    assert [pace.admits(at) for at in (10.0, 5.0, 5.5)] == [True, False, False]


def test_loose_contact_does_not_fill_the_audit() -> None:
    intake = RateLimit()
    assert sum(intake.lets_in(NOTICE, number / 10) for number in range(1000)) <= 30


@pytest.mark.parametrize("event", [BADGE, NOISE, KEY], ids=["badge", "noise", "key"])
def test_what_people_do_is_let_in(event: BadgeRead | KeyPress) -> None:
    intake = RateLimit()
    assert all(intake.lets_in(event, float(second)) for second in range(60))


def test_ten_badges_a_second_are_let_in() -> None:
    intake = RateLimit()
    assert all(intake.lets_in(BADGE, number / 10) for number in range(600))


@pytest.mark.parametrize(("event", "most"), [(BADGE, 220), (NOISE, 30), (KEY, 240)], ids=["badge", "noise", "key"])
def test_flood_is_let_in_at_the_pace_of_people(event: BadgeRead | KeyPress, most: int) -> None:
    intake = RateLimit()
    assert sum(intake.lets_in(event, number / 1000) for number in range(10_000)) <= most


def test_noise_uses_up_nothing_of_the_badges() -> None:
    intake = RateLimit()
    for _ in range(10_000):
        intake.lets_in(NOISE, 1.0)
    assert intake.lets_in(BADGE, 1.0)


def test_what_is_dropped_is_told_once_a_second_with_its_count() -> None:
    intake, told = RateLimit(), []
    for number in range(2500):
        at = 10.0 + number / 1000
        intake.lets_in(NOISE, at)
        if report := intake.report(at):
            told.append(report)
    counted = sum(int(report.fault.split()[0]) for report in told)
    assert (len(told), told[0].reader, told[0].credential) == (3, "front", None)
    rest = intake.report(at + REPORT_EVERY_S)
    assert there(rest).fault == f"{intake.dropped - counted} more came too fast and were dropped"


def test_nothing_dropped_is_nothing_told() -> None:
    intake = RateLimit()
    intake.lets_in(BADGE, 1.0)
    assert intake.report(10.0) is None


def test_mailbox_gives_events_in_their_order() -> None:
    mailbox = Mailbox()
    for event in (BADGE, NOISE, KEY):
        mailbox.put(event)
    assert [mailbox.take() for _ in range(4)] == [BADGE, NOISE, KEY, None]


def test_badge_waits_behind_little_noise() -> None:
    mailbox = Mailbox()
    for _ in range(1000):
        mailbox.put(NOISE)
    mailbox.put(BADGE)
    assert [mailbox.take() for _ in range(ROOM_FOR_NOISE + 1)] == [NOISE] * ROOM_FOR_NOISE + [BADGE]


def test_badge_drives_noise_out_of_a_full_mailbox() -> None:
    mailbox = Mailbox()
    events: list[ReaderEvent] = [BADGE, NOISE, *[KEY] * (ROOM - 2), NOTICE]
    for event in events:
        mailbox.put(event)
    taken = [mailbox.take() for _ in range(ROOM)]
    assert (taken[0], taken[-1], NOISE in taken) == (BADGE, NOTICE, False)


@given(st.lists(any_event, max_size=3 * ROOM))
def test_mailbox_has_bounded_room_and_counts_every_loss(
    events: list[BadgeRead | KeyPress | ReaderNotice],
) -> None:
    mailbox = Mailbox()
    for event in events:
        mailbox.put(event)
    taken = 0
    while mailbox.take() is not None:
        taken += 1
    assert (taken <= ROOM, taken + mailbox.dropped) == (True, len(events))


def test_failure_comes_after_what_was_there_and_every_time() -> None:
    mailbox = Mailbox()
    mailbox.put(BADGE)
    mailbox.fail(ReaderError("gone", hint="look"))
    first = mailbox.take()
    for _ in range(2):
        with pytest.raises(ReaderError, match="gone"):
            mailbox.take()
    assert first is BADGE


def test_failure_that_is_raised_for_weeks_does_not_grow() -> None:
    mailbox, depths = Mailbox(), []
    mailbox.fail(ReaderError("gone", hint="look"))
    for _ in range(3):
        with pytest.raises(ReaderError) as failure:
            mailbox.take()
        depths.append(len(failure.traceback))
    assert depths[0] == depths[2]
