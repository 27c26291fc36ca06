"""Decides: deny unless a valid credential, a match and the door itself say otherwise."""

from typing import assert_never

from device.records import Claim, Decision, DoorState, Evidence, Mode, Outcome, PadMode, Presentation, Reason


def badge_refusal(claim: Claim) -> Reason | None:
    """Why a badge that has a holder opens no door, in or out; revocation wins over suspension."""
    if claim.revoked:
        return Reason.BADGE_REVOKED
    return Reason.BADGE_SUSPENDED if claim.suspended else None


def refusal(claim: Claim | None) -> Reason | None:
    """Why a claim needs no look at a face, or None if it does."""
    if claim is None:
        return Reason.BADGE_UNKNOWN
    if reason := badge_refusal(claim):
        return reason
    return Reason.NO_REFERENCES if len(claim.references) == 0 else None


def door_refusal(state: DoorState) -> Reason | None:
    """Why a door in this state lets no one in, or None if a grant may release it."""
    match state:
        case DoorState.LOCKDOWN:
            return Reason.DOOR_LOCKDOWN
        case DoorState.FAULT:
            return Reason.DOOR_FAULT
        case (
            DoorState.LOCKED
            | DoorState.RELEASED
            | DoorState.OPEN
            | DoorState.HELD_OPEN
            | DoorState.FORCED
            | DoorState.EVACUATION
        ):
            return None
    assert_never(state)


def decide(
    evidence: Evidence, mode: Mode, *, pad: PadMode = PadMode.OFF, presentation: Presentation | None = None
) -> Decision:
    """Grants if and only if the fused similarity reaches the threshold. Raises `ValueError` for a match that is not
    enough for this mode, or for a presentation that is not for this `pad` mode.
    """
    seen = presentation or Presentation()
    if evidence.matches:
        return Decision(Reason.MATCH, Outcome.GRANTED, evidence, mode=mode, pad=pad, presentation=seen)
    return Decision(Reason.NON_MATCH, evidence=evidence, pad=pad, presentation=seen)
