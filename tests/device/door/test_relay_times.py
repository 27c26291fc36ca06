"""How long from a badge to its relay: counted in classes, for whoever asks how a door is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import RelayTimes

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


@pytest.mark.parametrize("nonsense", [-0.1, math.inf, math.nan, -math.inf])
def test_what_is_no_time_changes_nothing(nonsense: float) -> None:
    assert counted(0.3, nonsense) == counted(0.3)


def test_bound_belongs_to_its_class() -> None:
    assert counted(0.1).counts == (1, *(0,) * 11)
