"""The door's own threshold: the formula, what it takes, and what speaks against it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.pad.threshold import Valued, proposed, threshold_of

ATTACKS = [Valued(f"{species}-0001", species, "anna", 0.05) for species in ("phone", "tablet", "print")]


def people(count: int, values: list[float]) -> list[Valued]:
    return [Valued(f"live-{at}", "live", f"p{at % count}", value) for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("fifth", "expected"), [(0.99, 0.70), (0.80, 0.70), (0.75, 0.65), (0.50, 0.40), (0.40, 0.30), (0.05, 0.30)]
)
def test_threshold_lies_a_tenth_below_and_within_its_limits(fifth: float, expected: float) -> None:
    assert threshold_of([fifth] * 20) == pytest.approx(expected)


def test_one_bad_presentation_of_a_hundred_moves_it_little() -> None:
    assert threshold_of([0.01, *[0.7] * 99]) == pytest.approx(0.6)


def test_enough_live_people_and_attacks_give_a_threshold() -> None:
    proposal = proposed([*people(3, [0.7] * 20), *ATTACKS])
    assert proposal.threshold == pytest.approx(0.6)
    assert (proposal.lacking, proposal.live, proposal.people, proposal.attacks) == ((), 20, 3, 3)


@pytest.mark.parametrize(("count", "presentations"), [(3, 19), (2, 40), (1, 20)])
def test_too_few_live_presentations_or_people_are_refused(count: int, presentations: int) -> None:
    proposal = proposed([*people(count, [0.7] * presentations), *ATTACKS])
    assert proposal.threshold is None
    assert "expected 20 or more of 3 people or more" in proposal.lacking[0]


@pytest.mark.parametrize("missing", ["phone", "tablet", "print"])
def test_each_species_of_attack_is_needed(missing: str) -> None:
    some = [one for one in ATTACKS if one.species != missing]
    assert proposed([*people(3, [0.7] * 20), *some]).lacking == (f"No presentation of: {missing}.",)


@pytest.mark.parametrize(("value", "refused"), [(0.5999, False), (0.6001, True), (0.95, True)])
def test_attack_that_reaches_the_threshold_forbids_it(value: float, refused: bool) -> None:
    proposal = proposed([*people(3, [0.7] * 20), *ATTACKS, Valued("print-0007", "print", "ben", value)])
    assert (proposal.threshold is None) is refused
    assert any("print-0007" in sentence for sentence in proposal.lacking) is refused


def test_presentation_without_a_value_counts_for_nothing() -> None:
    unseen = [Valued("phone-0002", "phone", "ben", None), Valued("live-x", "live", "zoe", None)]
    assert proposed([*people(2, [0.7] * 20), *unseen]).people == 2


def test_live_presentations_that_it_refuses_are_counted() -> None:
    assert proposed([*people(4, [0.35, *[0.7] * 19]), *ATTACKS]).live_refused == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_threshold_is_within_its_limits(values: list[float]) -> None:
    assert 0.30 <= threshold_of(values) <= 0.70
    assert threshold_of(values) == threshold_of(list(np.random.default_rng(0).permutation(values)))
