"""Intervals that draw people: the arithmetic by brute force, and whether they hold what they promise."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convert.measuring import bootstrap, comparisons
from convert.measuring.bootstrap import band, fmr_estimate, fnmr_estimate, interval_ends, tar_estimates, weights
from convert.measuring.comparisons import Comparisons, Exposure, Templates, compare_all
from convert.measuring.error_rates import Rate

seeds = st.integers(0, 10**6)


@pytest.fixture(autouse=True, scope="module")
def _few_replicates() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "REPLICATES", 120)
        patch.setattr(bootstrap, "BAND_REPLICATES", 60)
        patch.setattr(comparisons, "HALF_BINS", 2**10)
        yield


def some_people(seed: int, people: int = 12, images: int = 4) -> Comparisons:
    """People with a few noisy images each, some of whom look alike."""
    chance = np.random.default_rng(seed)
    vectors = np.repeat(chance.normal(size=(people, 3)), images, axis=0) + chance.normal(size=(people * images, 3)) / 2
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return compare_all(Templates(unit.astype(np.float32), np.repeat(np.arange(people), images)), people)


def test_every_draw_has_as_many_people_as_there_are() -> None:
    assert [drawing.sum() for drawing in weights(7, 20)] == [7.0] * 20


def test_the_same_seed_draws_the_same() -> None:
    assert np.array_equal(list(weights(7, 5, seed=1)), list(weights(7, 5, seed=1)))
    assert not np.array_equal(list(weights(7, 5, seed=1)), list(weights(7, 5, seed=2)))


@settings(max_examples=10)
@given(seeds, st.floats(0.3, 0.999))
def test_an_interval_holds_its_rate(seed: int, threshold: float) -> None:
    found = some_people(seed)
    for estimate in (
        fmr_estimate(found, threshold),
        fnmr_estimate(found, threshold),
        *tar_estimates(found, (0.1, 0.01)),
    ):
        low, high = estimate.interval
        assert 0 <= low <= estimate.rate.value <= high <= 1


@settings(max_examples=10)
@given(seeds, st.floats(0.3, 0.999))
def test_interval_is_at_least_that_of_independent_comparisons(seed: int, threshold: float) -> None:
    found = some_people(seed)
    for estimate in (fmr_estimate(found, threshold), fnmr_estimate(found, threshold)):
        low, high = estimate.rate.interval
        assert estimate.interval[0] <= low
        assert estimate.interval[1] >= high


@settings(max_examples=10)
@given(seeds, st.floats(0.3, 0.95))
def test_a_replicate_counts_the_pairs_of_the_people_drawn(seed: int, threshold: float) -> None:
    chance = np.random.default_rng(seed)
    people = np.repeat(np.arange(6), 2)
    vectors = chance.normal(size=(12, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = compare_all(Templates(vectors, people), 6)

    def by_loops(drawn: NDArray[Any]) -> NDArray[Any]:
        pairs = [
            (drawn[p] * drawn[q], vectors[i] @ vectors[j] >= threshold)
            for i, p in enumerate(people)
            for j, q in enumerate(people[:i])
            if p != q
        ]
        trials = sum(weight for weight, _ in pairs)
        return np.array([sum(weight for weight, match in pairs if match) / trials if trials else math.nan])

    rate = found.fmr(threshold)
    (low,), (high,) = interval_ends(by_loops, 6, 120)
    ends = min(low, rate.interval[0]), max(high, rate.interval[1])
    assert fmr_estimate(found, threshold).interval == pytest.approx(ends)


def test_no_error_is_no_certainty() -> None:
    found = some_people(0)
    estimate = fmr_estimate(found, 1.1)
    assert estimate.rate == Rate(0, found.non_mated)
    assert estimate.interval == estimate.rate.interval


def test_pooled_draws_of_the_same_images_prove_no_more_than_one() -> None:
    once = some_people(0)
    of = once.exposure
    often = Comparisons(
        exposure=Exposure(of.references, of.probes, of.rounds * 20),
        mated=np.repeat(once.mated, 20),
        mated_people=np.repeat(once.mated_people, 20),
        highest=np.repeat(once.highest, 20),
        highest_people=np.repeat(once.highest_people, 20, axis=0),
        histogram=once.histogram * 20,
    )
    for estimate in (fmr_estimate, fnmr_estimate):
        low, high = estimate(often, 0.9).interval
        assert (low, high) == pytest.approx(estimate(once, 0.9).interval, rel=0.5)


def test_a_tar_beyond_what_is_kept_takes_its_threshold_as_it_is() -> None:
    found = some_people(0)
    cut = Comparisons(
        found.exposure, found.mated, found.mated_people, found.highest[:50], found.highest_people[:50], found.histogram
    )
    strict, lax = tar_estimates(cut, (0.005, 0.1))
    refused = fnmr_estimate(cut, cut.threshold_at_fmr(0.1))
    assert strict == tar_estimates(found, (0.005, 0.1))[0]
    assert lax.interval == pytest.approx((1 - refused.interval[1], 1 - refused.interval[0]))
    assert lax.rate.value == pytest.approx(1 - refused.rate.value)


def test_a_band_encloses_its_curve() -> None:
    found = some_people(0)
    drawn = found.curve(60)
    enclosing = band(found, drawn)
    for rates, (low, high) in ((drawn.fmr, enclosing.fmr), (drawn.fnmr, enclosing.fnmr)):
        middle = (rates > 0.05) & (rates < 0.95)
        assert np.all(low[middle] <= rates[middle] + 1e-9)
        assert np.all(rates[middle] <= high[middle] + 1e-9)


def test_comparisons_without_people_have_an_independent_interval() -> None:
    found = some_people(0)
    cut = Comparisons(
        found.exposure, found.mated, found.mated_people, found.highest[:50], found.highest_people[:50], found.histogram
    )
    lax = float(found.highest[80])
    assert fmr_estimate(cut, lax).interval == cut.fmr(lax).interval
    assert np.isnan(band(cut, cut.curve(60)).fmr[0][0])


def simulated(seed: int, people: int = 40, images: int = 8) -> Comparisons:
    """Comparisons without vectors: each person has a level of his own, as mated (a goat) and as non-mated (a wolf)."""
    chance = np.random.default_rng(seed)
    wolf, goat = chance.normal(size=(2, people))
    a, b = np.triu_indices(people, 1)
    non_mated = np.repeat(wolf[a] + wolf[b], images) + chance.normal(size=len(a) * images)
    mated_people = np.repeat(np.arange(people), images)
    mated = goat[mated_people] + chance.normal(size=len(mated_people))
    down, up = np.argsort(-non_mated), np.argsort(mated)
    counts = np.full(people, math.sqrt(images))
    return Comparisons(
        exposure=Exposure(counts, counts, 0.5),
        mated=mated[up].astype(np.float32),
        mated_people=mated_people[up],
        highest=non_mated[down].astype(np.float32),
        highest_people=np.repeat(np.stack([a, b], axis=1), images, axis=0)[down],
        histogram=np.zeros(1, np.int64),
    )


def share_below(level: float, spread: float) -> float:
    return 0.5 * math.erfc(-level / spread / math.sqrt(2))


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    fmr_at, fnmr_at = 1.5, -1.0
    true_fmr, true_fnmr = 1 - share_below(fmr_at, math.sqrt(3)), share_below(fnmr_at, math.sqrt(2))
    of_people, of_comparisons = np.zeros(2), np.zeros(2)
    for seed in range(120):
        found = simulated(seed)
        for which, (truth, estimate) in enumerate(
            ((true_fmr, fmr_estimate(found, fmr_at)), (true_fnmr, fnmr_estimate(found, fnmr_at)))
        ):
            of_people[which] += estimate.interval[0] <= truth <= estimate.interval[1]
            of_comparisons[which] += estimate.rate.interval[0] <= truth <= estimate.rate.interval[1]
    assert np.all(of_people / 120 >= 0.88)
    assert np.all(of_comparisons / 120 <= 0.8)
