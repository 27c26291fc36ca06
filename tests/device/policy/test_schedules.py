"""Schedules: windows, midnight, holidays, both changes of the clocks; against a year of minutes."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.schedules import Holidays, Schedule, Window, always
from tests.device.policy.years import BEGIN, ZONES, Times, Zone, all_minutes, is_painted, painted, some_minutes

BERLIN = ZoneInfo("Europe/Berlin")
NEVER: tuple[tuple[Window, ...], ...] = ((),) * 7
WEEK: tuple[Times, ...] = (
    ((480, 720), (780, 1080)),
    ((480, 1080),),
    ((0, 1440),),
    ((135, 165), (1380, 1560)),
    ((1320, 1560),),
    ((100, 125), (150, 151), (1200, 2640)),
    ((60, 180), (90, 150), (1439, 1440)),
)
"""Both changes lie on Sundays, at local times from 1:00 to 3:00."""
SPECIAL: dict[date, Times] = {
    date(2026, 12, 25): (),
    date(2026, 12, 26): ((600, 840),),
    date(2026, 5, 1): (),
    date(2026, 10, 25): ((150, 170), (1320, 1500)),
    date(2026, 3, 29): ((120, 200),),
}


def _windows(times: Times) -> tuple[Window, ...]:
    return tuple(Window(begin, end) for begin, end in times)


def schedule(zone: str) -> Schedule:
    lists = tuple((Holidays(day.isoformat(), once=frozenset({day})), _windows(times)) for day, times in SPECIAL.items())
    return Schedule("odd", ZoneInfo(zone), tuple(map(_windows, WEEK)), lists)


def _weekly(*times: tuple[int, int], zone: ZoneInfo = BERLIN) -> Schedule:
    return Schedule("daily", zone, (_windows(times),) * 7)


def _disagreements(zone: Zone, minutes: Iterable[datetime]) -> list[datetime]:
    odd, open_minutes = schedule(zone.name), painted(WEEK, SPECIAL)
    return [at for at in minutes if odd.holds(at) is not is_painted(open_minutes, zone.wall(at))]


@pytest.mark.slow(small="test_minutes_around_the_changes_agree")
@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name)
def test_each_minute_of_a_year_agrees_with_the_oracle(zone: Zone) -> None:
    assert _disagreements(zone, all_minutes()) == []


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name)
def test_minutes_around_the_changes_agree(zone: Zone) -> None:
    assert _disagreements(zone, some_minutes(zone)) == []


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name)
def test_all_changes_of_a_year_are_found_one_after_another(zone: Zone) -> None:
    odd, open_minutes = schedule(zone.name), painted(WEEK, SPECIAL)
    walls = [is_painted(open_minutes, zone.wall(at)) for at in all_minutes()]
    expected = [BEGIN + timedelta(minutes=at) for at in range(1, len(walls)) if walls[at] is not walls[at - 1]]
    found, at = list[datetime](), BEGIN
    while (change := odd.next_change(at)) is not None and change < datetime(2027, 1, 1, tzinfo=UTC):
        found.append(change)
        at = change
    assert found == expected


def test_a_window_ends_before_its_last_instant() -> None:
    day = _weekly((480, 1080))
    at = [datetime(2026, 6, 1, 8, tzinfo=BERLIN), datetime(2026, 6, 1, 18, tzinfo=BERLIN)]
    around = [day.holds(border + timedelta(microseconds=step)) for border in at for step in (-1, 0)]
    assert around == [False, True, True, False]


def test_a_time_that_does_not_exist_begins_at_the_next() -> None:
    assert _weekly((150, 300)).next_change(datetime(2026, 3, 29, 0, tzinfo=BERLIN)) == datetime(
        2026, 3, 29, 1, tzinfo=UTC
    )


def test_a_window_inside_the_gap_is_left_out_that_day() -> None:
    assert _weekly((130, 170)).next_change(datetime(2026, 3, 29, 0, tzinfo=BERLIN)) == datetime(
        2026, 3, 30, 0, 10, tzinfo=UTC
    )


def test_a_time_that_comes_twice_counts_both_times() -> None:
    night, at, found = _weekly((150, 165)), datetime(2026, 10, 25, 0, tzinfo=BERLIN), list[datetime]()
    for _ in range(4):
        change = night.next_change(at)
        assert change is not None
        found.append(change)
        at = change
    clock = [(0, 30), (0, 45), (1, 30), (1, 45)]
    assert found == [datetime(2026, 10, 25, hour, minute, tzinfo=UTC) for hour, minute in clock]


def test_a_window_runs_on_into_a_holiday() -> None:
    day_off = Holidays("off", yearly=frozenset({(5, 1)}))
    late = Schedule("late", BERLIN, (_windows(((1320, 1560),)),) * 7, ((day_off, ()),))
    found = [late.holds(datetime(2026, 5, 1, hour, tzinfo=BERLIN)) for hour in (1, 2, 22, 23)]
    assert found == [True, False, False, False]


def test_the_first_of_two_lists_with_a_date_counts() -> None:
    day = date(2026, 5, 1)
    lists = tuple((Holidays(name, once=frozenset({day})), own) for name, own in (("a", ()), ("b", (Window(0, 1440),))))
    assert not Schedule("s", BERLIN, NEVER, lists).holds(datetime(2026, 5, 1, 12, tzinfo=BERLIN))


def test_leap_day_is_a_holiday_in_leap_years_only() -> None:
    leap = Schedule("s", BERLIN, NEVER, ((Holidays("leap", frozenset({(2, 29)})), (Window(0, 1440),)),))
    found = [leap.holds(datetime(year, 3, 1, tzinfo=BERLIN) - timedelta(hours=1)) for year in (2026, 2027, 2028)]
    assert found == [False, False, True]


def test_always_never_changes() -> None:
    assert always().next_change(BEGIN) is None
    assert always().holds(BEGIN)


def test_a_schedule_without_windows_never_changes() -> None:
    assert Schedule("never", BERLIN, NEVER).next_change(BEGIN) is None


@pytest.mark.parametrize("times", [(-1, 5), (1440, 1500), (480, 480), (480, 479), (10, 1451)])
def test_odd_windows_are_refused(times: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="window"):
        Window(*times)


def test_the_21st_window_of_a_day_is_refused() -> None:
    Schedule("s", BERLIN, (_windows(tuple((at, at + 1) for at in range(20))),) * 7)
    with pytest.raises(ValueError, match="at most 20"):
        Schedule("s", BERLIN, (_windows(tuple((at, at + 1) for at in range(21))),) * 7)


@given(st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1)), st.sampled_from(ZONES))
def test_nothing_changes_before_the_next_change(naive: datetime, zone: Zone) -> None:
    odd, at = schedule(zone.name), naive.replace(tzinfo=UTC)
    change = odd.next_change(at)
    assert change is not None
    steps = [at + (change - at) * share / 7 for share in range(7)]
    assert [odd.holds(step) for step in steps] == [odd.holds(at)] * 7
    assert odd.holds(change) is not odd.holds(at)
