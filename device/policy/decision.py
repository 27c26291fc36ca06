"""Decides: deny unless a valid credential, a match and the door itself say otherwise."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from device.records import (
    ALWAYS_VALID,
    Claim,
    Decision,
    DoorState,
    Evidence,
    Mode,
    Outcome,
    PadMode,
    PinAnswer,
    Presentation,
    Reason,
)


def badge_refusal(claim: Claim) -> Reason | None:
    """Why a badge that has a holder opens no door, in or out; revocation wins over suspension."""
    if claim.revoked:
        return Reason.BADGE_REVOKED
    return Reason.BADGE_SUSPENDED if claim.suspended else None


def refusal(claim: Claim | None) -> Reason | None:
    """Why a badge opens nothing, whatever else is shown, or None if it may."""
    return Reason.BADGE_UNKNOWN if claim is None else badge_refusal(claim)


def face_refusal(claim: Claim) -> Reason | None:
    """Why no face can be compared with the holder's references, or None if one can."""
    if claim.key_missing:
        return Reason.KEY_MISSING
    return Reason.NO_REFERENCES if len(claim.references) == 0 else None


def validity_refusal(claim: Claim, came_at: Sequence[datetime]) -> Reason | None:
    """Why the holder or the badge is not valid at all of these readings of the time when it came; None if both are.

    Without a reading nothing that begins or ends is valid.
    """
    limited = [one for one in (claim.valid, claim.badge_valid) if one != ALWAYS_VALID]
    if limited and not came_at:
        return Reason.CLOCK_UNTRUSTED
    objections = (one.objection(at) for one in limited for at in came_at)
    return next((objection for objection in objections if objection), None)


def door_refusal(state: DoorState, *, passes: bool = False) -> Reason | None:
    """Why a door in this state lets no one in, or one who `passes` in a lockdown; None if a grant may release it."""
    match state:
        case DoorState.LOCKDOWN:
            return None if passes else Reason.DOOR_LOCKDOWN
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
    evidence: Evidence,
    mode: Mode,
    *,
    pad: PadMode = PadMode.OFF,
    presentation: Presentation | None = None,
    pin: PinAnswer | None = None,
) -> Decision:
    """Grants if and only if the fused similarity reaches the threshold. Raises `ValueError` for a match that is not
    enough for this mode, or for a presentation that is not for this `pad` mode.
    """
    seen = presentation or Presentation()
    if evidence.matches:
        return Decision(Reason.MATCH, Outcome.GRANTED, evidence, mode=mode, pad=pad, presentation=seen, pin=pin)
    return Decision(Reason.NON_MATCH, evidence=evidence, mode=mode, pad=pad, presentation=seen, pin=pin)
