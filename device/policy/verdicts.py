"""The end of a showing: which verdict it has, and with which evidence. Pure; `device.policy.hearing` asks it.

No verdict says early whether a PIN is right: where a face is demanded too, a wrong one is refused when a right one
would have been granted, or with the face.
"""

from dataclasses import replace
from typing import assert_never

from device.policy.attack import Next
from device.policy.decision import decide, door_refusal
from device.policy.showing import Showing
from device.records import Decision, Evidence, Factor, Outcome, PinAnswer, Presentation, Reason

_SAYS_LITTLE = (None, Reason.NO_FACE)


def concluded(showing: Showing) -> Showing:
    """The verdict, once what was shown is enough, or can't be any more."""
    if showing.verdict is not None or showing.claim is None:
        return showing
    seen = _with_face(showing)
    if seen.verdict is not None or not seen.needed:
        return seen if seen.verdict is not None else _granted(seen)
    if refused := _demanded_face(seen):
        return replace(seen, verdict=_denial(seen, refused, _against(seen)))
    return seen if seen.is_open else _refused(seen)


def closed(showing: Showing) -> Showing:
    """No face counts any more: the end, unless a PIN still does instead."""
    return concluded(replace(showing, face_barred=_face_reason(showing), matched_at=None))


def barred(showing: Showing) -> Showing:
    """Before anything is looked at or typed: refused if what doesn't count with this badge is demanded."""
    for factor, reason in ((Factor.FACE, showing.face_barred), (Factor.PIN, showing.pin_barred)):
        if reason is not None and factor in showing.mode.factors:
            return denied(showing, reason, showing.fault)
    return concluded(showing)


def timed_out(showing: Showing) -> Showing:
    """The denial at the deadline."""
    if not showing.may_show_face:
        return _refused(showing)
    if showing.failed is None and showing.does_not_match:
        return given_up(showing)
    if showing.failed is None and showing.presented is not None and showing.presented.missed_turn:
        return replace(showing, verdict=_denial(showing, Reason.TURN_NOT_MADE, showing.evidence))
    reason = showing.failed or showing.views.complaint
    if reason in _SAYS_LITTLE:
        reason = showing.pin_barred or (Reason.PIN_MISSING if _lacks_pin(showing) else reason)
    return replace(showing, verdict=_denial(showing, reason or Reason.CAMERA_FAULT, _against(showing)))


def _lacks_pin(showing: Showing) -> bool:
    """Whether a face counted, and the PIN did not come while it did."""
    return showing.lost_at >= showing.badge.at and Factor.PIN in showing.mode.factors and showing.pin is None


def given_up(showing: Showing) -> Showing:
    """The end of a look at a face that did not match, or of which most frames were bad since."""
    return replace(showing, verdict=_denial(showing, _face_reason(showing), _against(showing)))


def denied(showing: Showing, reason: Reason, fault: str | None = None) -> Showing:
    """A denial that needs no face."""
    return replace(showing, verdict=_denial(showing, reason), fault=fault)


def _with_face(showing: Showing) -> Showing:
    """With a match that counts from now on, or the end where it is no live person's."""
    evidence, presented = showing.evidence, showing.presented
    if showing.is_face_shown or showing.matched_at is None or evidence is None:
        return showing
    asked = Next.NOTHING if presented is None else presented.next(showing.at)
    match asked:
        case Next.FRAMES | Next.TURN:
            return showing
        case Next.ATTACK:
            return replace(showing, verdict=_denial(showing, Reason.PRESENTATION_ATTACK, evidence))
        case Next.NO_TURN:
            return replace(showing, verdict=_denial(showing, Reason.TURN_NOT_MADE, evidence))
        case Next.NOTHING:
            return replace(showing, is_face_shown=True)
    assert_never(asked)


def _demanded_face(showing: Showing) -> Reason | None:
    """Why a face that the mode demands was refused, whatever PIN was typed."""
    return showing.face_barred if Factor.FACE in showing.mode.factors and not showing.is_face_shown else None


def _refused(showing: Showing) -> Showing:
    """The end where no face is looked at any more."""
    face, pin = showing.face_barred, showing.pin_barred
    hides_pin = Factor.FACE in showing.mode.either and face not in (None, Reason.NO_REFERENCES)
    reason = (face if hides_pin else pin) or Reason.PIN_MISSING
    return replace(showing, verdict=_denial(showing, reason, showing.evidence))


def _granted(showing: Showing) -> Showing:
    """What was shown is granted, unless the door itself lets no one in."""
    may_pass = showing.may_pass_lockdown and (showing.is_face_shown or showing.is_pin_shown)
    if objection := door_refusal(showing.door, passes=may_pass):
        return replace(showing, verdict=_denial(showing, objection))
    mode, pad, seen = showing.mode, showing.pad, _presentation(showing)
    evidence, pin, granted = showing.evidence, showing.pin, Outcome.GRANTED
    if showing.is_face_shown and evidence is not None:
        decision = decide(evidence, mode, pad=pad, presentation=seen, pin=pin)
    elif showing.is_pin_shown:
        decision = Decision(Reason.PIN, granted, evidence, mode=mode, pad=pad, presentation=seen, pin=pin)
    else:
        decision = Decision(Reason.BADGE, granted, mode=mode, badge_only=True)
    return replace(showing, verdict=replace(decision, duress=is_under_duress(showing)))


def is_under_duress(showing: Showing) -> bool:
    """Whether the holder shows what is kept for being forced to."""
    return showing.pin is PinAnswer.DURESS or (showing.claim is not None and showing.claim.duress)


def _face_reason(showing: Showing) -> Reason:
    complaint = showing.views.complaint
    return complaint if showing.views.most_are_bad and complaint else Reason.NON_MATCH


def _against(showing: Showing) -> Evidence | None:
    """The evidence of a non-match, which stays with whatever reason follows: turning away hides nothing."""
    return showing.evidence if showing.does_not_match else None


def _denial(showing: Showing, reason: Reason, evidence: Evidence | None = None) -> Decision:
    """With what was seen of a presentation, if anyone looked, and what was typed."""
    return Decision(
        reason,
        evidence=evidence,
        mode=showing.mode,
        pad=showing.pad,
        presentation=_presentation(showing),
        pin=showing.pin,
    )


def _presentation(showing: Showing) -> Presentation:
    return Presentation() if showing.presented is None else showing.presented.evidence
