"""All comparisons in blocks are those of two loops, whatever the size of a block and however few are kept."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convert.measuring import comparisons
from convert.measuring.comparisons import Exposure, Templates, compare_all, compare_rounds
from convert.measuring.error_rates import threshold_at_fmr

PEOPLE = 5
coordinates = st.integers(-8, 8).map(lambda n: n / 16)  # so few digits that similarities are exact in any order
labelled = st.lists(
    st.tuples(st.integers(0, PEOPLE - 1), st.tuples(coordinates, coordinates)), min_size=4, max_size=30
).filter(lambda rows: 1 < len({person for person, _ in rows}) < len(rows))
targets = st.floats(0, 1)
thresholds = st.integers(-40, 40).map(lambda n: n / 64)


@pytest.fixture(autouse=True, scope="module")
def _small_blocks_and_few_kept() -> Iterator[None]:
    small = {"ROWS": 5, "COLUMNS": 7, "HALF_BINS": 2**10, "KEPT_SHARE": 0.3, "LEAST_KEPT": 4, "MOST_KEPT": 40}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in small.items():
            patch.setattr(comparisons, name, value)
        yield


Rows = Sequence[tuple[int, tuple[float, float] | NDArray[Any]]]


def templates(rows: Rows) -> Templates:
    vectors = np.array([vector for _, vector in rows], np.float32)
    return Templates(vectors, np.array([person for person, _ in rows], np.int64))


def by_loops(rows: list[tuple[int, tuple[float, float]]]) -> tuple[NDArray[Any], NDArray[Any]]:
    pairs = [(a, b) for index, a in enumerate(rows) for b in rows[index + 1 :]]
    mated = [np.dot(a, b) for (p, a), (q, b) in pairs if p == q]
    non_mated = [np.dot(a, b) for (p, a), (q, b) in pairs if p != q]
    return np.sort(np.array(mated, np.float32)), np.sort(np.array(non_mated, np.float32))


@settings(max_examples=40)
@given(labelled)
def test_blocks_compare_what_loops_compare(rows: list[tuple[int, tuple[float, float]]]) -> None:
    mated, non_mated = by_loops(rows)
    found = compare_all(templates(rows), PEOPLE)
    assert found.mated.tolist() == mated.tolist()
    assert (found.non_mated, found.histogram.sum()) == (len(non_mated), len(non_mated))
    assert found.highest.tolist() == non_mated[::-1][: len(found.highest)].tolist()
    assert len(found.highest) >= min(4, len(non_mated))


@settings(max_examples=40)
@given(labelled, thresholds)
def test_rates_are_those_of_loops(rows: list[tuple[int, tuple[float, float]]], threshold: float) -> None:
    mated, non_mated = by_loops(rows)
    found = compare_all(templates(rows), PEOPLE)
    assert found.fmr(threshold).errors == np.count_nonzero(non_mated >= threshold)
    assert found.fnmr(threshold).errors == np.count_nonzero(mated < threshold)


@settings(max_examples=40)
@given(labelled, targets)
def test_the_threshold_at_an_fmr_keeps_it_and_is_the_lowest_to_a_bin(
    rows: list[tuple[int, tuple[float, float]]], target: float
) -> None:
    _, non_mated = by_loops(rows)
    found = compare_all(templates(rows), PEOPLE)
    threshold = found.threshold_at_fmr(target)
    assert found.fmr(threshold).value <= target
    assert threshold == pytest.approx(threshold_at_fmr(non_mated, target), abs=1 / comparisons.HALF_BINS)


@settings(max_examples=40)
@given(labelled, thresholds, thresholds)
def test_a_stricter_threshold_matches_fewer_and_refuses_more(
    rows: list[tuple[int, tuple[float, float]]], a: float, b: float
) -> None:
    found = compare_all(templates(rows), PEOPLE)
    lax, strict = sorted((a, b))
    assert found.fmr(strict).errors <= found.fmr(lax).errors
    assert found.fnmr(strict).errors >= found.fnmr(lax).errors


@settings(max_examples=40)
@given(labelled, st.randoms(use_true_random=False), st.permutations(range(PEOPLE)), targets)
def test_the_order_of_people_and_images_changes_nothing(
    rows: list[tuple[int, tuple[float, float]]], random: random.Random, renamed: list[int], target: float
) -> None:
    shuffled = [(renamed[person], vector) for person, vector in random.sample(rows, len(rows))]
    found, again = compare_all(templates(rows), PEOPLE), compare_all(templates(shuffled), PEOPLE)
    assert again.mated.tolist() == found.mated.tolist()
    assert again.histogram.tolist() == found.histogram.tolist()
    assert again.threshold_at_fmr(target) == found.threshold_at_fmr(target)


@settings(max_examples=40)
@given(labelled, thresholds)
def test_vectors_of_half_the_length_have_a_quarter_of_the_similarity(
    rows: list[tuple[int, tuple[float, float]]], threshold: float
) -> None:
    found = compare_all(templates(rows), PEOPLE)
    shorter = compare_all(templates([(person, np.array(vector) / 2) for person, vector in rows]), PEOPLE)
    assert shorter.fmr(threshold / 4) == found.fmr(threshold)
    assert shorter.fnmr(threshold / 4) == found.fnmr(threshold)


@settings(max_examples=40)
@given(labelled, labelled, st.integers(1, 3))
def test_rounds_compare_all_references_with_all_probes(
    references: list[tuple[int, tuple[float, float]]], probes: list[tuple[int, tuple[float, float]]], rounds: int
) -> None:
    counts = [np.bincount([person for person, _ in rows], minlength=PEOPLE) for rows in (references, probes)]
    exposure = Exposure(counts[0].astype(float), counts[1].astype(float), rounds)
    found = compare_rounds([(templates(references), templates(probes))] * rounds, exposure)
    pairs = [(p == q, np.dot(a, b)) for p, a in references for q, b in probes] * rounds
    assert found.mated.tolist() == sorted(similarity for same, similarity in pairs if same)
    assert found.highest.tolist() == sorted((s for same, s in pairs if not same), reverse=True)[: len(found.highest)]
    assert found.histogram.sum() == found.non_mated == sum(not same for same, _ in pairs)


@settings(max_examples=40)
@given(labelled)
def test_what_is_kept_names_its_two_people(rows: list[tuple[int, tuple[float, float]]]) -> None:
    found = compare_all(templates(rows), PEOPLE)
    pairs = {
        (p, q, float(np.float32(np.dot(a, b))))
        for i, (p, a) in enumerate(rows)
        for j, (q, b) in enumerate(rows)
        if i != j
    }
    kept = zip(found.highest_people.tolist(), found.highest.tolist(), strict=True)
    assert all((a, b, similarity) in pairs and a != b for (a, b), similarity in kept)
    assert np.bincount(found.mated_people, minlength=PEOPLE).tolist() == [
        n * (n - 1) // 2 for n in np.bincount([person for person, _ in rows], minlength=PEOPLE)
    ]


@settings(max_examples=40)
@given(labelled)
def test_a_curve_runs_from_all_match_to_none(rows: list[tuple[int, tuple[float, float]]]) -> None:
    found = compare_all(templates(rows), PEOPLE)
    drawn = found.curve(40)
    assert np.all(np.diff(drawn.fmr) <= 0)
    assert np.all(np.diff(drawn.fnmr) >= 0)
    assert (drawn.fmr[0], drawn.fnmr[0], drawn.fmr[-1]) == (1.0, 0.0, 0.0)
