"""Exact bounds: a printed table, an independent library, and laws."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.pad.exact import interval, tail, upper_bound

TABLE = [
    (0, 10, 0.0, 0.3085),
    (0, 11, 0.0, 0.2849),
    (1, 10, 0.0025, 0.4450),
    (2, 10, 0.0252, 0.5561),
    (5, 10, 0.1871, 0.8129),
    (10, 10, 0.6915, 1.0),
    (4, 20, 0.0573, 0.4366),
    (0, 1, 0.0, 0.975),
]
"""Errors, trials, and the ends at 95 %, as tables of the binomial distribution print them."""


@pytest.mark.parametrize(("errors", "trials", "low", "high"), TABLE)
def test_bounds_are_those_of_the_table(errors: int, trials: int, low: float, high: float) -> None:
    assert interval(errors, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("errors", "trials"), [(0, 401), (3, 42), (17, 230), (1_234, 30_000), (29_999, 30_000)])
def test_an_independent_library_finds_the_same_bounds(errors: int, trials: int) -> None:
    beta = pytest.importorskip("scipy.stats", reason="scipy comes with the packages of the converter").beta
    low = beta.ppf(0.025, errors, trials - errors + 1) if errors else 0.0
    assert interval(errors, trials) == pytest.approx((low, beta.ppf(0.975, errors + 1, trials - errors)), rel=1e-8)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 60), st.data())
def test_tail_is_that_of_whole_numbers(trials: int, data: st.DataObject) -> None:
    errors, twelfths = data.draw(st.integers(0, trials)), data.draw(st.integers(1, 11))
    rate = Fraction(twelfths, 12)
    exact = sum(math.comb(trials, count) * rate**count * (1 - rate) ** (trials - count) for count in range(errors + 1))
    assert tail(errors, trials, float(rate)) == pytest.approx(float(exact), rel=1e-9)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 500), st.data())
def test_an_end_leaves_exactly_half_of_five_percent(trials: int, data: st.DataObject) -> None:
    errors = data.draw(st.integers(0, trials - 1))
    low, high = interval(errors, trials)
    assert low <= errors / trials <= high
    assert tail(errors, trials, high) == pytest.approx(0.025, rel=1e-6)


def test_forty_two_without_an_error_show_seven_percent() -> None:
    assert upper_bound(0, 42) <= 0.07
    assert upper_bound(0, 41) > 0.07


def test_nothing_is_known_without_a_trial() -> None:
    assert interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("errors", "trials"), [(2, 1), (-1, 3)])
def test_impossible_count_is_refused(errors: int, trials: int) -> None:
    with pytest.raises(ValueError, match="expected 0 to"):
        interval(errors, trials)
