"""What a conversion costs: the measures' laws, and small cases by hand."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from convert.measuring.cost import (
    LabelledPairs,
    change,
    correlation,
    drift,
    ranks,
    similarities_of,
    unit_vectors,
)

PAIRS = 40
numbers = st.integers(-50, 50).map(lambda n: n / 50)
values = arrays(np.float64, st.integers(2, 30), elements=numbers)
raw_vectors = arrays(np.float32, (12, 4), elements=st.integers(1, 9).map(float))


def unit(vectors: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def pairs_of(count: int = PAIRS) -> LabelledPairs:
    """Mated and non-mated in turns, in two folds."""
    index = np.arange(count)
    return LabelledPairs(np.stack([2 * index, 2 * index + 1], 1), index % 2 == 0, index // (count // 2))


def similarities(mated: float, non_mated: float) -> NDArray[Any]:
    return np.where(pairs_of().same, np.float32(mated), np.float32(non_mated))


@settings(max_examples=25)
@given(raw_vectors)
def test_nothing_drifts_from_itself(raw: NDArray[Any]) -> None:
    found = drift(unit(raw), unit(raw))
    assert (found.cosine_worst, found.distance_worst, found.faces) == (1.0, 0.0, 12)


@settings(max_examples=25)
@given(raw_vectors, raw_vectors)
def test_drift_has_no_direction(one: NDArray[Any], other: NDArray[Any]) -> None:
    assert drift(unit(one), unit(other)) == drift(unit(other), unit(one))


@settings(max_examples=25)
@given(raw_vectors, raw_vectors)
def test_cosine_and_distance_tell_the_same(one: NDArray[Any], other: NDArray[Any]) -> None:
    found, dots = drift(unit(one), unit(other)), np.sum(unit(one).astype(np.float64) * unit(other), 1)
    assert found.cosine_worst == pytest.approx(dots.min(), abs=1e-6)
    assert found.cosine_median == pytest.approx(np.median(dots), abs=1e-6)
    assert found.distance_worst**2 == pytest.approx(2 - 2 * found.cosine_worst, abs=1e-9)
    assert found.distance_median <= found.distance_worst


def test_a_vector_that_is_no_number_shows_in_the_drift() -> None:
    reference, received = unit(np.ones((3, 2))), np.array([[1, 0], [np.nan, np.nan], [0, 1]], np.float32)
    assert np.isnan([drift(reference, received).cosine_median, drift(reference, received).distance_worst]).all()


def linear(chips: NDArray[Any]) -> NDArray[Any]:
    """A network whose vector depends on left and right."""
    return chips.reshape(len(chips), -1)[:, :6].astype(np.float32) + 1


@settings(max_examples=25)
@given(arrays(np.uint8, (3, 2, 2, 3)))
def test_a_chip_and_its_mirror_have_one_vector(chips: NDArray[Any]) -> None:
    vectors = unit_vectors(linear, chips, lambda: None)
    np.testing.assert_array_equal(unit_vectors(linear, chips[:, :, ::-1], lambda: None), vectors)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)


def test_batches_are_counted_and_change_nothing() -> None:
    chips = np.random.default_rng(0).integers(0, 256, (65, 2, 2, 3), np.uint8)
    steps = []
    vectors = unit_vectors(linear, chips, lambda: steps.append(1))
    assert len(steps) == 3
    np.testing.assert_array_equal(vectors[-1:], unit_vectors(linear, chips[-1:], lambda: None))


@pytest.mark.parametrize("number", [0.0, np.nan, np.inf])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_has_no_direction_is_no_number(number: float) -> None:
    chips = np.zeros((2, 2, 2, 3), np.uint8)
    vectors = unit_vectors(lambda batch: np.full((len(batch), 4), number, np.float32), chips, lambda: None)
    assert np.isnan(vectors).all()


@settings(max_examples=25)
@given(values)
def test_ranks_are_counted(numbers: NDArray[Any]) -> None:
    expected = [np.sum(numbers < one) + (np.sum(numbers == one) + 1) / 2 for one in numbers]
    assert ranks(numbers).tolist() == expected


@settings(max_examples=25)
@given(values, st.floats(0.1, 10), st.floats(-3, 3))
def test_a_line_is_a_full_correlation(numbers: NDArray[Any], slope: float, offset: float) -> None:
    assume(np.ptp(numbers) > 0)
    assert correlation(numbers, slope * numbers + offset) == pytest.approx(1)
    assert correlation(numbers, -slope * numbers + offset) == pytest.approx(-1)


@settings(max_examples=25)
@given(values, st.randoms(use_true_random=False))
def test_a_correlation_is_between_minus_one_and_one(numbers: NDArray[Any], random: random.Random) -> None:
    shuffled = np.array(random.sample(list(numbers), len(numbers)))
    found = correlation(numbers, shuffled)
    assert np.isnan(found) == (np.ptp(numbers) == 0)
    assert np.isnan(found) or abs(found) <= 1 + 1e-12


@settings(max_examples=25)
@given(values)
def test_ranks_stay_when_a_growing_function_is_applied(numbers: NDArray[Any]) -> None:
    np.testing.assert_array_equal(ranks(np.exp(numbers)), ranks(numbers))


def test_similarities_are_of_the_pairs_rows() -> None:
    vectors = unit(np.array([[1, 0], [1, 0], [1, 0], [0, 1]]))
    pairs = LabelledPairs(np.array([[0, 1], [2, 3]]), np.array([True, False]), np.array([0, 1]))
    assert similarities_of(vectors, pairs).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_changes_against_itself(seed: int) -> None:
    found = np.random.default_rng(seed).normal(size=PAIRS).astype(np.float32)
    changed = change(found, found, pairs_of())
    assert (changed.accuracy_change, changed.tar_change, changed.tar_interval) == (0.0, 0.0, (0.0, 0.0))


def test_all_that_is_lost_is_lost_with_certainty() -> None:
    changed = change(similarities(0.9, 0.1), similarities(0.1, 0.9), pairs_of())
    assert (changed.tar, changed.tar_change, changed.tar_interval) == (0.0, -1.0, (-1.0, -1.0))
    assert changed.pearson == pytest.approx(-1)


def test_few_pairs_leave_a_wide_interval() -> None:
    received = similarities(0.9, 0.1)
    received[0] = 0.0
    changed = change(similarities(0.9, 0.1), received, pairs_of())
    low, high = changed.tar_interval
    assert changed.tar_change == pytest.approx(-0.05)
    assert low < -0.1
    assert high == 0.0


def test_similarities_that_are_no_numbers_change_everything_to_none() -> None:
    received = similarities(0.9, 0.1)
    received[3] = np.nan
    changed = change(similarities(0.9, 0.1), received, pairs_of())
    assert np.isnan([changed.accuracy, changed.tar, changed.tar_change, *changed.tar_interval, changed.pearson]).all()
