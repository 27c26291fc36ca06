"""Error rates: their laws, and brute force on small numbers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convert.measuring.error_rates import (
    Rate,
    accuracy_by_fold,
    best_threshold,
    comparisons_needed,
    curve,
    fmr,
    fnmr,
    tar_at_fmr,
    threshold_at_fmr,
    wilson,
)

levels = st.integers(-20, 20).map(lambda n: n / 20)
labelled = st.lists(st.tuples(levels, st.booleans()), min_size=2, max_size=40).filter(
    lambda rows: 0 < sum(same for _, same in rows) < len(rows)
)


def arrays(rows: list[tuple[float, bool]]) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.array([row[0] for row in rows], np.float32), np.array([row[1] for row in rows], np.bool_)


@given(labelled, levels)
def test_rates_are_counts(rows: list[tuple[float, bool]], threshold: float) -> None:
    similarities, same = arrays(rows)
    assert fmr(similarities, same, threshold).errors == sum(np.float32(s) >= threshold and not m for s, m in rows)
    assert fnmr(similarities, same, threshold).errors == sum(np.float32(s) < threshold and m for s, m in rows)


@given(labelled, st.floats(0, 1))
def test_the_threshold_at_an_fmr_keeps_it(rows: list[tuple[float, bool]], target: float) -> None:
    similarities, same = arrays(rows)
    threshold = threshold_at_fmr(similarities[~same], target)
    assert fmr(similarities, same, threshold).value <= target


@given(labelled, st.floats(0, 0.99))
def test_no_lower_threshold_keeps_it(rows: list[tuple[float, bool]], target: float) -> None:
    similarities, same = arrays(rows)
    threshold = threshold_at_fmr(similarities[~same], target)
    lower = np.nextafter(np.float32(threshold), np.float32(-2))
    assert fmr(similarities, same, lower).value > target


@given(labelled, st.floats(0, 1), st.floats(0, 1))
def test_a_laxer_fmr_accepts_no_fewer(rows: list[tuple[float, bool]], a: float, b: float) -> None:
    similarities, same = arrays(rows)
    strict, lax = sorted((a, b))
    assert tar_at_fmr(similarities, same, strict) <= tar_at_fmr(similarities, same, lax)


@given(labelled)
def test_the_best_threshold_is_the_best_of_all(rows: list[tuple[float, bool]]) -> None:
    similarities, same = arrays(rows)
    reached = np.mean((similarities >= best_threshold(similarities, same)) == same)
    tried = [np.mean((similarities >= threshold) == same) for threshold in (*similarities, 2.0)]
    assert reached == pytest.approx(max(tried))


@given(labelled)
def test_separated_people_are_told_apart_without_error(rows: list[tuple[float, bool]]) -> None:
    _, same = arrays(rows)
    similarities = np.where(same, 0.9, 0.1).astype(np.float32)
    folds = np.arange(len(same)) % 2
    assume(all(0 < np.count_nonzero(same[folds == fold]) < np.count_nonzero(folds == fold) for fold in (0, 1)))
    assert accuracy_by_fold(similarities, same, folds).tolist() == [1.0, 1.0]


@given(labelled)
def test_on_a_curve_the_fmr_falls_and_the_fnmr_rises(rows: list[tuple[float, bool]]) -> None:
    drawn = curve(*arrays(rows))
    assert np.all(np.diff(drawn.fmr) <= 0)
    assert np.all(np.diff(drawn.fnmr) >= 0)
    assert (drawn.fmr[0], drawn.fnmr[0], drawn.fmr[-1], drawn.fnmr[-1]) == (1.0, 0.0, 0.0, 1.0)


@given(labelled)
def test_a_curve_has_the_rates_of_its_thresholds(rows: list[tuple[float, bool]]) -> None:
    similarities, same = arrays(rows)
    drawn = curve(similarities, same)
    assert drawn.fmr.tolist() == [fmr(similarities, same, threshold).value for threshold in drawn.thresholds]
    assert drawn.fnmr.tolist() == [fnmr(similarities, same, threshold).value for threshold in drawn.thresholds]


@pytest.mark.parametrize(("target", "needed"), [(1e-3, 3000), (1e-4, 30_000), (1e-6, 3_000_000), (0.1, 30), (0.07, 43)])
def test_it_takes_three_expected_errors_to_speak_of_a_rate(target: float, needed: int) -> None:
    assert comparisons_needed(target) == needed


@given(st.integers(0, 200), st.integers(1, 200))
def test_an_interval_holds_its_rate(errors: int, more: int) -> None:
    rate = Rate(errors, errors + more)
    low, high = rate.interval
    assert 0 <= low <= rate.value <= high <= 1


def test_a_wilson_interval_is_the_published_one() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table I: 15 of 148.
    assert Rate(15, 148).interval == pytest.approx((0.0624, 0.1605), abs=5e-5)


@given(st.integers(0, 1000).map(lambda n: n / 1000), st.integers(1, 10**9))
def test_more_trials_narrow_an_interval(rate: float, trials: int) -> None:
    (low,), (high,) = wilson(np.array([rate]), trials)
    (lower,), (higher,) = wilson(np.array([rate]), trials / 2)
    assert 0 <= lower <= low + 1e-15
    assert low <= rate <= high
    assert high <= higher + 1e-15 <= 1 + 1e-15


def test_no_error_in_few_trials_proves_little() -> None:
    assert Rate(0, 10).interval[1] > 0.25


def test_without_trials_nothing_is_known() -> None:
    assert Rate(0, 0).interval == (0.0, 1.0)
