"""How long from a badge to its relay: counted in classes, for whoever asks how a door is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import RecentTimes, RelayTimes
from device.records.swipes import Percentiles

BOUNDS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, math.inf)


def counted(*times_s: float) -> RelayTimes:
    times = RelayTimes()
    for one in times_s:
        times = times.plus(one)
    return times


@given(st.lists(st.floats(0, 100), max_size=30))
def test_each_class_has_what_took_at_most_its_bound(times_s: list[float]) -> None:
    assert counted(*times_s).up_to == tuple(sum(one <= bound for one in times_s) for bound in BOUNDS)


@given(st.lists(st.floats(0, 100), max_size=30))
def test_sum_is_that_of_all(times_s: list[float]) -> None:
    assert counted(*times_s).sum_s == pytest.approx(sum(times_s))


def test_percentiles_lose_the_oldest_first() -> None:
    recent = RecentTimes()
    for took_s in [9.0] * 1000 + [5.0] * 700 + [0.3] * 600:
        recent.add(took_s)
    assert recent.percentiles() == Percentiles(1000, 0.3, 5.0, 5.0)


@pytest.mark.parametrize("nonsense", [-0.1, math.inf, math.nan, -math.inf])
def test_what_is_no_time_changes_nothing(nonsense: float) -> None:
    assert counted(0.3, nonsense) == counted(0.3)


def test_bound_belongs_to_its_class() -> None:
    assert counted(0.1).counts == (1, *(0,) * 11)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40))
def test_percentiles_are_exact_times_of_nearest_rank(times_s: list[float]) -> None:
    """Oracle: the smallest time that at least that share of all times does not exceed."""
    recent = RecentTimes()
    for one in times_s:
        recent.add(one)
    expected = [
        min(one for one in times_s if sum(other <= one for other in times_s) * 100 >= share * len(times_s))
        for share in (50, 95, 99)
    ]
    assert recent.percentiles() == Percentiles(len(times_s), *expected)


def test_percentiles_are_of_the_newest_thousand() -> None:
    recent = RecentTimes()
    for _ in range(1000):
        recent.add(9.0)
    for _ in range(1000):
        recent.add(0.3)
    assert recent.percentiles() == Percentiles(1000, 0.3, 0.3, 0.3)


@pytest.mark.parametrize("nonsense", [-0.1, math.inf, math.nan])
def test_what_is_no_time_is_in_no_percentile(nonsense: float) -> None:
    recent = RecentTimes()
    recent.add(nonsense)
    assert recent.percentiles() is None
