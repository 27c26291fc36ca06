"""The records: denial by construction, reasons that say something, and nothing biometric in a printed value."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import Box, Claim, Decision, Evidence, Frame, Outcome, Person, Probe, Quality, Reason

similarities = st.floats(-1, 1)
evidences = st.builds(Evidence, similarities, similarities, st.integers(1, 10), st.integers(1, 20))
VECTOR = np.full(128, 0.0883883, np.float32)


def test_reason_codes_differ() -> None:
    assert len({reason.code for reason in Reason}) == len(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_reason_is_found_by_its_code(reason: Reason) -> None:
    assert Reason.from_code(reason.code) is reason


@pytest.mark.parametrize("reason", Reason)
def test_reason_says_what_it_means_in_a_sentence(reason: Reason) -> None:
    assert reason.meaning.endswith(".")


@pytest.mark.parametrize("reason", Reason)
def test_reason_says_what_to_do_in_a_sentence(reason: Reason) -> None:
    assert reason.advice.endswith(".")


@pytest.mark.parametrize("reason", Reason)
def test_reason_code_is_its_name(reason: Reason) -> None:
    assert reason.code == reason.name.lower().replace("_", "-")


def test_decision_denies_by_default() -> None:
    assert not Decision(Reason.NO_FACE).granted


@given(st.sampled_from(Reason), st.sampled_from(Outcome), st.none() | evidences)
def test_decision_grants_only_a_match_with_its_evidence(
    reason: Reason, outcome: Outcome, evidence: Evidence | None
) -> None:
    try:
        granted = Decision(reason, outcome, evidence).granted
    except ValueError:
        granted = False
    entitled = outcome is Outcome.GRANTED and reason is Reason.MATCH and evidence is not None and evidence.matches
    assert granted == entitled


@pytest.mark.parametrize("similarity", [1.0011, 3e38, float("inf"), float("-inf"), float("nan"), -1.0011])
def test_evidence_is_a_cosine(similarity: float) -> None:
    with pytest.raises(ValueError, match="cosine"):
        Evidence(similarity, 0.5, 1, 1)


@pytest.mark.parametrize("similarity", [0.499, -1.0])
def test_decision_refuses_evidence_below_the_threshold(similarity: float) -> None:
    with pytest.raises(ValueError, match="needs evidence of: badge, face"):
        Decision(Reason.MATCH, Outcome.GRANTED, Evidence(similarity, 0.5, 1, 1))


@pytest.mark.parametrize("threshold", [float("nan"), float("inf")])
def test_decision_refuses_a_threshold_that_is_no_number(threshold: float) -> None:
    with pytest.raises(ValueError, match="needs evidence of: badge, face"):
        Decision(Reason.MATCH, Outcome.GRANTED, Evidence(1.0, threshold, 1, 1))


@pytest.mark.parametrize(("probes", "references"), [(0, 1), (1, 0), (0, 0), (-1, 1)])
def test_evidence_is_a_comparison_of_something(probes: int, references: int) -> None:
    with pytest.raises(ValueError, match="at least one probe and one reference"):
        Evidence(1.0, 0.5, probes, references)


@given(similarities, similarities, similarities)
def test_match_is_monotone_in_the_similarity(low: float, high: float, threshold: float) -> None:
    low, high = sorted((low, high))
    assert Evidence(high, threshold, 1, 1).matches >= Evidence(low, threshold, 1, 1).matches


BIOMETRIC = (
    Frame(np.full((2, 2, 3), 123, np.uint8), 0.0),
    Probe(VECTOR, Quality(100.0, 120.0, 50.0, 0.0), Box(0, 0, 1, 1)),
    Claim(Person(1, "Eileen Collins"), revoked=False, references=VECTOR[None]),
)


@pytest.mark.parametrize("value", BIOMETRIC, ids=lambda value: type(value).__name__)
def test_printed_value_holds_neither_pixels_nor_embedding(value: object) -> None:
    assert "array" not in repr(value)


def test_decision_cannot_be_changed_into_a_grant() -> None:
    with pytest.raises(FrozenInstanceError):
        Decision(Reason.NO_FACE).outcome = Outcome.GRANTED  # type: ignore[misc]


def test_box_knows_its_center() -> None:
    assert Box(left=10, top=20, width=4, height=8).center == (12, 24)


def test_box_knows_its_area() -> None:
    assert Box(left=10, top=20, width=4, height=8).area == 32
