"""The end of a showing: which verdict it has, and with which evidence. Pure; `device.policy.showing` asks it."""

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from device.policy.attack import Next
from device.policy.decision import decide, door_refusal
from device.records import Decision, Evidence, Presentation, Reason

if TYPE_CHECKING:
    from device.policy.showing import Showing


def concluded(showing: "Showing") -> "Showing":
    """The verdict on a face that has matched, once what speaks for a live person is enough, or can't be."""
    evidence, presented = showing.evidence, showing.presented
    if evidence is None or presented is None or not showing.awaits_identity:
        return showing
    asked = presented.next(showing.at)
    match asked:
        case Next.FRAMES | Next.TURN:
            return showing
        case Next.ATTACK:
            return replace(showing, verdict=_denial(showing, Reason.PRESENTATION_ATTACK, evidence))
        case Next.NO_TURN:
            return replace(showing, verdict=_denial(showing, Reason.TURN_NOT_MADE, evidence))
        case Next.NOTHING:
            return decided(showing, evidence)
    assert_never(asked)


def decided(showing: "Showing", evidence: Evidence) -> "Showing":
    """A match is granted, unless the door itself lets no one in; presentations that don't allow it can't get here."""
    if evidence.matches and (objection := door_refusal(showing.door)):
        return denied(showing, objection)
    pad = showing.terms.pad.mode
    decision = decide(evidence, showing.terms.mode, pad=pad, presentation=_presentation(showing))
    return replace(showing, verdict=decision)


def timed_out(showing: "Showing") -> "Showing":
    """The denial at the deadline."""
    if showing.failed is None and showing.does_not_match:
        return given_up(showing)
    if showing.failed is None and showing.presented is not None and showing.presented.missed_turn:
        return replace(showing, verdict=_denial(showing, Reason.TURN_NOT_MADE, showing.evidence))
    reason = showing.failed or showing.views.complaint or Reason.CAMERA_FAULT
    return replace(showing, verdict=_denial(showing, reason, _against(showing)))


def given_up(showing: "Showing") -> "Showing":
    """The end of a look at a face that did not match, or of which most frames were bad since."""
    complaint = showing.views.complaint
    reason = complaint if showing.views.most_are_bad and complaint else Reason.NON_MATCH
    return replace(showing, verdict=_denial(showing, reason, _against(showing)))


def _against(showing: "Showing") -> Evidence | None:
    """The evidence of a non-match, which stays with whatever reason follows: turning away hides nothing."""
    return showing.evidence if showing.does_not_match else None


def denied(showing: "Showing", reason: Reason, fault: str | None = None) -> "Showing":
    """A denial that needs no face."""
    return replace(showing, verdict=_denial(showing, reason), fault=fault)


def _denial(showing: "Showing", reason: Reason, evidence: Evidence | None = None) -> Decision:
    """With what was seen of a presentation, if anyone looked."""
    pad, presentation = showing.terms.pad.mode, _presentation(showing)
    return Decision(reason, evidence=evidence, mode=showing.terms.mode, pad=pad, presentation=presentation)


def _presentation(showing: "Showing") -> Presentation:
    return Presentation() if showing.presented is None else showing.presented.evidence
