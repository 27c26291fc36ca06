"""The policy: deny, unless a valid badge and a match say otherwise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.decision import decide, refusal
from device.records import BADGE_AND_FACE, Claim, Evidence, Outcome, Person, Reason

EILEEN = Person(1, "Eileen Collins")
ONE_REFERENCE = np.zeros((1, 128), np.float32)
NO_REFERENCE = np.zeros((0, 0), np.float32)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_grant_means_that_the_threshold_is_reached(similarity: float, threshold: float) -> None:
    assert decide(Evidence(similarity, threshold, 3, 2), BADGE_AND_FACE).granted == (similarity >= threshold)


@pytest.mark.parametrize(
    ("similarity", "expected"),
    [(0.5, (Outcome.GRANTED, Reason.MATCH)), (0.4999, (Outcome.DENIED, Reason.NON_MATCH))],
)
def test_decision_at_the_threshold(similarity: float, expected: tuple[Outcome, Reason]) -> None:
    decision = decide(Evidence(similarity, 0.5, 3, 2), BADGE_AND_FACE)
    assert (decision.outcome, decision.reason) == expected


@pytest.mark.parametrize("similarity", [0.4, 0.6])
def test_decision_keeps_its_evidence(similarity: float) -> None:
    evidence = Evidence(similarity, 0.5, 3, 2)
    assert decide(evidence, BADGE_AND_FACE).evidence is evidence


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (None, Reason.BADGE_UNKNOWN),
        (Claim(EILEEN, revoked=True, references=ONE_REFERENCE), Reason.BADGE_REVOKED),
        (Claim(EILEEN, revoked=True, references=NO_REFERENCE), Reason.BADGE_REVOKED),
        (Claim(EILEEN, revoked=True, references=ONE_REFERENCE, suspended=True), Reason.BADGE_REVOKED),
        (Claim(EILEEN, revoked=False, references=ONE_REFERENCE, suspended=True), Reason.BADGE_SUSPENDED),
        (Claim(EILEEN, revoked=False, references=NO_REFERENCE, suspended=True), Reason.BADGE_SUSPENDED),
        (Claim(EILEEN, revoked=False, references=NO_REFERENCE), None),
        (Claim(EILEEN, revoked=False, references=ONE_REFERENCE), None),
    ],
    ids=["unknown", "revoked", "revoked and empty", "both", "suspended", "suspended and empty", "empty", "valid"],
)
def test_claim_that_needs_no_look_at_anything_shown(claim: Claim | None, reason: Reason | None) -> None:
    assert refusal(claim) is reason
