"""1:N: the ranks are those of comparing with everybody in turn, and the FPIR grows with N as it must."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.vision.comparison import fused_similarity
from device.vision.identification import Level, laxest_within, nearest, templates
from device.vision.manifest import Fusion

FUSION = Fusion(least_probe_length=0.985, least_reference_length=0.99)
AS_IT_IS = Fusion(least_probe_length=0.0, least_reference_length=0.0)

rates = st.floats(1e-9, 0.5)
numbers_of_people = st.integers(0, 100_000)
galleries = st.tuples(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 4), min_size=1, max_size=12))


def unit_vectors(generator: np.random.Generator, count: int) -> NDArray[Any]:
    drawn = generator.normal(size=(count, 8)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


@given(galleries, st.integers(1, 15))
def test_ranks_are_those_of_comparing_with_everybody_in_turn(gallery: tuple[int, list[int]], top: int) -> None:
    seed, counts = gallery
    generator = np.random.default_rng(seed)
    references = [unit_vectors(generator, count) for count in counts]
    probe = unit_vectors(generator, 1)[0]
    ranks = nearest(probe, templates(references, FUSION), top, fusion=FUSION)
    compared = [fused_similarity([probe], vectors, FUSION) for vectors in references]
    best = sorted(range(len(counts)), key=lambda row: -compared[row])[:top]
    assert [rank.row for rank in ranks] == best
    assert [rank.similarity for rank in ranks] == pytest.approx([compared[row] for row in best], abs=1e-6)


@given(st.lists(st.integers(-2, 2), max_size=20), st.integers(1, 25))
def test_equals_come_in_their_order(levels: list[int], top: int) -> None:
    known = np.array([[level / 2] for level in levels], np.float32).reshape(-1, 1)
    ranks = nearest(np.ones(1, np.float32), known, top, fusion=AS_IT_IS)
    assert [rank.row for rank in ranks] == sorted(range(len(levels)), key=lambda row: -levels[row])[:top]


def test_among_nobody_nobody_is_found() -> None:
    assert nearest(np.ones(8, np.float32), templates([], FUSION), 3, fusion=FUSION) == ()


def test_templates_are_in_the_order_of_the_people() -> None:
    one, two = np.eye(4, dtype=np.float32)[:1], np.eye(4, dtype=np.float32)[[1, 1]]
    found = templates([two, one, two], AS_IT_IS)
    assert found.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]]


@given(rates, numbers_of_people)
def test_a_bound_bounds(fmr: float, people: int) -> None:
    level = Level(fmr, 0.5)
    assert 0 <= level.independent_fpir(people) <= level.fpir_bound(people) * (1 + 1e-9)


@given(rates, numbers_of_people, st.integers(0, 1000))
def test_more_people_are_never_safer(fmr: float, people: int, more: int) -> None:
    level = Level(fmr, 0.5)
    assert level.fpir_bound(people + more) >= level.fpir_bound(people)
    assert level.independent_fpir(people + more) >= level.independent_fpir(people)


@pytest.mark.parametrize(("people", "fpir"), [(1, 1e-4), (100, 0.00995), (10_000, 0.63214)])
def test_independent_rates_are_those_of_the_standard(people: int, fpir: float) -> None:
    assert Level(1e-4, 0.9).independent_fpir(people) == pytest.approx(fpir, abs=1e-5)


def test_independent_rates_are_what_a_draw_shows() -> None:
    draws = np.random.default_rng(5).random((20_000, 30)) < 0.01
    assert Level(0.01, 0.9).independent_fpir(30) == pytest.approx(draws.any(axis=1).mean(), abs=0.01)


LEVELS = (Level(1e-3, 0.90), Level(1e-4, 0.94), Level(1e-5, 0.96))


@pytest.mark.parametrize(("people", "threshold"), [(1, 0.90), (10, 0.90), (11, 0.94), (100, 0.94), (1000, 0.96)])
def test_more_people_take_a_stricter_threshold(people: int, threshold: float) -> None:
    level = laxest_within(LEVELS, people, 0.01)
    assert level is not None
    assert level.threshold == threshold


def test_too_many_people_have_no_threshold() -> None:
    assert laxest_within(LEVELS, 1001, 0.01) is None


@given(numbers_of_people, rates)
def test_a_level_that_is_chosen_keeps_the_rate(people: int, fpir: float) -> None:
    level = laxest_within(LEVELS, people, fpir)
    assert level is None or level.fpir_bound(people) <= fpir
