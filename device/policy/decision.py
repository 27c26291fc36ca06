"""Decides: deny unless a valid credential and a match say otherwise."""

from device.records import Claim, Decision, Evidence, Outcome, Reason


def refusal(claim: Claim | None) -> Reason | None:
    """Why a claim needs no look at a face, or None if it does."""
    if claim is None:
        return Reason.BADGE_UNKNOWN
    if claim.revoked:
        return Reason.BADGE_REVOKED
    return Reason.NO_REFERENCES if len(claim.references) == 0 else None


def decide(evidence: Evidence) -> Decision:
    """Grants if and only if the fused similarity reaches the threshold."""
    if evidence.matches:
        return Decision(Reason.MATCH, Outcome.GRANTED, evidence)
    return Decision(Reason.NON_MATCH, evidence=evidence)
