"""The clock's state: what speaks for a time, and what speaks against it whatever speaks for it."""

from datetime import UTC, datetime, timedelta

import pytest

from device.policy.clock_state import ClockMark, ClockSeen, Doubt, accepted, moved, read
from device.records.rulings import ClockState

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
GAP = timedelta(days=30)
MARK = ClockMark(NOON, NOON, 1000.0, "boot-1", "s1")


def seen(
    ahead: timedelta = timedelta(0),
    *,
    passed_s: float = 60.0,
    boot: str = "boot-1",
    sync: str | None = "s1",
    rtc: datetime | None = None,
) -> ClockSeen:
    """A look `passed_s` after the mark, at a clock that is so far ahead."""
    return ClockSeen(NOON + timedelta(seconds=passed_s) + ahead, 1000.0 + passed_s, boot, sync, rtc)


def judged(look: ClockSeen, mark: ClockMark | None = MARK) -> tuple[ClockState, Doubt | None]:
    reading = read(look, mark, GAP)
    return reading.state, reading.doubt


def test_synchronized_clock_is_trusted() -> None:
    assert judged(seen()) == (ClockState.TRUSTED, None)


def test_clock_in_a_new_database_is_trusted_once_synchronized() -> None:
    assert judged(seen(), None) == (ClockState.TRUSTED, None)


def test_clock_never_synchronized_without_battery_is_untrusted() -> None:
    assert judged(seen(sync=None, boot="boot-2")) == (ClockState.UNTRUSTED, Doubt.NEVER_SET)


def test_new_database_alone_vouches_for_no_clock() -> None:
    assert judged(seen(sync=None), None) == (ClockState.UNTRUSTED, Doubt.NEVER_SET)


def test_clock_that_was_trusted_in_this_run_is_held() -> None:
    assert judged(seen(sync=None)) == (ClockState.HELD, None)


def test_battery_clock_that_agrees_is_trusted_after_two_days_off() -> None:
    look = seen(timedelta(days=2), boot="boot-2", sync=None)
    look = ClockSeen(look.now, 5.0, look.boot, None, look.now - timedelta(seconds=1))
    assert judged(look) == (ClockState.TRUSTED, None)


def test_battery_clock_that_disagrees_vouches_for_nothing() -> None:
    look = seen(timedelta(days=2), boot="boot-2", sync=None, rtc=NOON)
    assert judged(look) == (ClockState.UNTRUSTED, Doubt.NEVER_SET)


@pytest.mark.parametrize("seconds", [1, -1, 2, -2])
def test_step_of_two_seconds_is_within_tolerance(seconds: int) -> None:
    assert judged(seen(timedelta(seconds=seconds))) == (ClockState.TRUSTED, None)


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(days=1), timedelta(seconds=3)])
def test_step_ahead_by_hand_is_untrusted_although_synchronized(step: timedelta) -> None:
    assert judged(seen(step)) == (ClockState.UNTRUSTED, Doubt.STEPPED)


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(days=-1), timedelta(days=-19000)])
def test_step_back_before_the_mark_is_untrusted(step: timedelta) -> None:
    expected = Doubt.TOO_EARLY if step < timedelta(days=-1000) else Doubt.BEFORE_NEWEST
    assert judged(seen(step)) == (ClockState.UNTRUSTED, expected)


def test_step_back_by_less_than_has_passed_is_untrusted() -> None:
    assert judged(seen(timedelta(hours=-1), passed_s=7200)) == (ClockState.UNTRUSTED, Doubt.STEPPED)


@pytest.mark.parametrize("sync", ["s1", "s2"])
def test_year_2038_is_too_far_ahead_even_if_synchronized(sync: str) -> None:
    look = seen(timedelta(days=4000), sync=sync)
    assert judged(look) == (ClockState.UNTRUSTED, Doubt.FAR_AHEAD)


def test_clock_is_right_again_after_2038_and_back() -> None:
    away = seen(timedelta(days=4000))
    mark = moved(MARK, away, read(away, MARK, GAP).state)
    assert judged(seen(passed_s=120), mark) == (ClockState.TRUSTED, None)


@pytest.mark.parametrize(("days", "state"), [(30, ClockState.TRUSTED), (31, ClockState.UNTRUSTED)])
def test_power_is_off_for_thirty_days_at_most(days: int, state: ClockState) -> None:
    look = ClockSeen(NOON + timedelta(days=days), 30.0, "boot-2", "s1")
    assert judged(look)[0] is state


def test_run_of_half_a_year_is_not_time_without_power() -> None:
    assert judged(seen(passed_s=180 * 86400, sync="s2")) == (ClockState.TRUSTED, None)


def test_synchronization_corrects_a_battery_clock_that_ran_ahead() -> None:
    ahead = ClockMark(NOON + timedelta(days=1), NOON - timedelta(days=3), 1000.0, "boot-1")
    assert judged(seen(), ahead) == (ClockState.TRUSTED, None)


def test_synchronization_goes_no_further_back_than_what_was_confirmed() -> None:
    confirmed = ClockMark(NOON + timedelta(days=1), NOON + timedelta(days=1), 1000.0, "boot-1", "s0")
    assert judged(seen(), confirmed) == (ClockState.UNTRUSTED, Doubt.BEFORE_NEWEST)


def test_accepted_clock_is_held_in_this_run() -> None:
    look = seen(timedelta(days=4000), sync=None)
    assert judged(look, accepted(look)) == (ClockState.HELD, None)


def test_clock_of_1970_can_not_be_accepted() -> None:
    with pytest.raises(ValueError, match="before this version"):
        accepted(ClockSeen(datetime(1970, 1, 1, tzinfo=UTC), 1.0, "boot-1"))


def test_run_without_a_name_holds_nothing() -> None:
    nameless = ClockMark(NOON, NOON, 1000.0, "")
    assert judged(seen(sync=None, boot=""), nameless) == (ClockState.UNTRUSTED, Doubt.NEVER_SET)


def test_untrusted_clock_is_read_both_ways() -> None:
    look = seen(timedelta(hours=5))
    assert read(look, MARK, GAP).times == (look.now, NOON + timedelta(seconds=60))


def test_trusted_clock_is_read_one_way() -> None:
    assert read(seen(), MARK, GAP).times == (NOON + timedelta(seconds=60),)
