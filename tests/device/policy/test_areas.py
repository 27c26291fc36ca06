"""Where people are as far as the doors know, and what anti-passback and occupancy say at a reader."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.areas import Antipassback, Area, Asked, Forgetting, Passing, Place, Way, known_area, passing
from device.records import Reason

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
IN = Way("", "lab", Antipassback.HARD)
OUT = IN.back
LAB = Area("lab", most=2, bypass=frozenset({"guards"}))
HOURS = Forgetting(reset_after=timedelta(hours=12))
places = st.none() | st.sampled_from(["", "lab", "store"])


def where(
    place: Place | None, *, doubted_from: int = 0, now: datetime = NOON, forgetting: Forgetting = HOURS
) -> str | None:
    return known_area(place, doubted_from=doubted_from, forgetting=forgetting, now=now)


@given(places, st.integers(0, 9), st.sampled_from(Antipassback), st.sets(st.sampled_from(["guards", "staff"])))
def test_way_out_refuses_no_one(place: str | None, others: int, kind: Antipassback, groups: set[str]) -> None:
    way = Way("lab", "", kind, is_exit=True)
    assert passing(way, Asked(place, others, frozenset(groups)), LAB).reason is None


@given(st.integers(0, 9), st.sampled_from(Antipassback), st.booleans())
def test_unknown_place_passes_both_ways(others: int, kind: Antipassback, is_exit: bool) -> None:
    assert passing(Way("", "lab", kind, is_exit=is_exit), Asked(None, others), Area("lab")) == Passing()


def test_badge_passed_back_is_refused_at_a_hard_door() -> None:
    assert passing(IN, Asked("lab"), LAB) == Passing(Reason.PASSED_BACK, violates=True)


def test_badge_passed_back_is_reported_at_a_soft_door() -> None:
    assert passing(Way("", "lab", Antipassback.SOFT), Asked("lab"), LAB) == Passing(violates=True)


def test_leaving_from_elsewhere_is_reported_and_let_out() -> None:
    assert passing(OUT, Asked(""), None) == Passing(violates=True)


@pytest.mark.parametrize(("others", "reason"), [(0, None), (1, None), (2, Reason.AREA_FULL), (3, Reason.AREA_FULL)])
def test_area_for_two_takes_two(others: int, reason: Reason | None) -> None:
    assert passing(IN, Asked("", others), LAB).reason is reason


def test_bypass_group_is_never_refused() -> None:
    assert passing(IN, Asked("lab", 9, frozenset({"guards"})), LAB) == Passing()


def test_door_without_antipassback_asks_for_no_place() -> None:
    assert passing(Way("", "lab"), Asked("lab"), Area("lab")) == Passing()


def test_place_is_known_for_twelve_hours() -> None:
    place = Place("lab", NOON, row=7)
    assert where(place, now=NOON + timedelta(hours=11, minutes=59)) == "lab"
    assert where(place, now=NOON + timedelta(hours=12)) is None


def test_place_from_the_future_is_unknown() -> None:
    assert where(Place("lab", NOON, row=7), now=NOON - timedelta(seconds=1)) is None


@given(st.integers(1, 20), st.integers(0, 20))
def test_row_after_which_people_moved_unseen_makes_a_place_unknown(row: int, doubted: int) -> None:
    expected = "lab" if row > doubted else None
    assert where(Place("lab", NOON, row), doubted_from=doubted) == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_amnesty_forgets_where_people_were_before_it(zone: str) -> None:
    """Each hour of a year with both changes of the clock, against the hours on the wall counted one by one."""
    place = ZoneInfo(zone)
    forgetting = Forgetting(timedelta(days=400), time(4), place)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    last: datetime | None = None
    for half_hours in range(2 * 24 * 365):
        now = begin + timedelta(minutes=30 * half_hours)
        if now.astimezone(place).time() == time(4):
            last = now
        if last is not None:
            assert forgetting.last_amnesty(now) == last


def test_after_the_amnesty_everyone_passes() -> None:
    forgetting = Forgetting(timedelta(hours=12), time(4), ZoneInfo("Europe/Berlin"))
    late = datetime(2026, 6, 1, 23, tzinfo=UTC)
    place = Place("lab", late, row=7)
    assert where(place, now=late + timedelta(hours=2, minutes=59), forgetting=forgetting) == "lab"
    assert where(place, now=late + timedelta(hours=3), forgetting=forgetting) is None
