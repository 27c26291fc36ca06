"""What a showing makes of what a camera sees: frames become a track, and a track that matches evidence. Pure."""

from dataclasses import replace
from typing import assert_never

from device.policy.events import Compared, ComparisonFailed, FrameSeen, LookFailed, TimePassed, TurnAsked
from device.policy.faces_watched import MAX_GAP_S, watched
from device.policy.showing import Showing
from device.policy.verdicts import closed, concluded, denied
from device.records import Factor, Probe, Reason

AWAY_S = 1.5
"""How long no face is in view until the person who did not match has gone."""


def seen(showing: Showing, event: FrameSeen | LookFailed | Compared | ComparisonFailed | TurnAsked) -> Showing:
    """After a frame, a look that gave none, a comparison, or a request for a turn."""
    match event:
        case FrameSeen():
            if not _is_evidence(showing, event):
                return showing
            return watched(showing, event) if showing.watches_face else _seen(showing, event)
        case LookFailed():
            failed = replace(_forgotten(showing), failed=event.reason, fault=event.fault)
            return failed if _looks(showing) and event.at >= showing.badge.at else showing
        case Compared():
            return _judged(showing, event) if _asked_for(showing, event) else showing
        case ComparisonFailed():
            return _not_comparable(showing, event) if showing.awaits_face else showing
        case TurnAsked():
            return _asked(showing, event)
    assert_never(event)


def face_passed(showing: Showing, event: TimePassed) -> Showing:
    """After a time without a frame."""
    if showing.presented is None:
        return showing
    return replace(showing, presented=showing.presented.passed_by(event.at))


def _looks(showing: Showing) -> bool:
    return showing.awaits_face and not showing.awaits_comparison


def _asked(showing: Showing, event: TurnAsked) -> Showing:
    """A turn counts only where one is needed."""
    if showing.presented is None or not showing.awaits_turn:
        return showing
    return replace(showing, presented=showing.presented.asked(event))


def _not_comparable(showing: Showing, event: ComparisonFailed) -> Showing:
    """The end, unless a PIN is enough too."""
    if not showing.may_type or Factor.FACE in showing.mode.factors:
        return denied(showing, Reason.VISION_FAULT, event.fault)
    return concluded(replace(showing, face_barred=Reason.VISION_FAULT, fault=event.fault, matched_at=None))


def _is_evidence(showing: Showing, event: FrameSeen) -> bool:
    """Whether a frame was captured after the badge and was not old when the camera gave it."""
    is_fresh = 0 <= event.read_at - event.captured_at <= showing.terms.max_age_s
    looks = _looks(showing) or showing.watches_face
    return looks and event.captured_at > showing.badge.at and is_fresh


def _seen(showing: Showing, event: FrameSeen) -> Showing:
    presented = showing.presented
    if presented is None:
        return _without_match(showing, event)
    is_held = showing.matched_at is not None
    if not presented.continues(event) or (is_held and presented.is_others(event)):
        showing = _forgotten(showing)
    if showing.matched_at is not None:
        return concluded(_held(showing, event))
    judged = replace(event, found=_objection(showing, event) or event.found)
    return _with_cues(_without_match(showing, judged), judged)


def _objection(showing: Showing, event: FrameSeen) -> Reason | None:
    return None if showing.presented is None else showing.presented.objection(event)


def _without_match(showing: Showing, event: FrameSeen) -> Showing:
    """After a frame of a face that has not matched."""
    found = event.found
    then = _tracked(showing, event, found) if isinstance(found, Probe) else _untracked_by(showing, found)
    seen = replace(then, views=showing.views.saw(event), failed=None, fault=None)
    return closed(seen) if _has_gone(seen, event) else seen


def _held(showing: Showing, event: FrameSeen) -> Showing:
    """After a frame of a face that has matched. During a turn alone it may be out of sight for a moment."""
    presented = showing.presented
    if presented is None or (presented.turn is None and event.found in _ENDS_TRACK):
        return _without_match(_forgotten(showing), event)
    wrong = None if presented.turn is not None else presented.objection(event)
    views = showing.views.held(wrong)
    seen = replace(_with_cues(showing, event), views=views, failed=None, fault=None)
    return seen if seen.presented is not None and seen.presented.box is not None else _forgotten(seen)


def _with_cues(showing: Showing, event: FrameSeen) -> Showing:
    return showing if showing.presented is None else replace(showing, presented=showing.presented.saw(event))


def _tracked(showing: Showing, event: FrameSeen, probe: Probe) -> Showing:
    """The face continues its track, or begins one."""
    is_soon = 0 <= event.captured_at - showing.track_at <= MAX_GAP_S
    before = showing if event.follows and is_soon else _untracked(showing)
    return replace(before, track=(*before.track, probe), track_at=event.captured_at)


_ENDS_TRACK = (Reason.SEVERAL_FACES, Reason.NO_FACE, Reason.PICTURE_TURNED)


def _untracked_by(showing: Showing, found: Reason) -> Showing:
    """A bad picture of the face does not end its track; no face, a second one, and a picture that hangs turned do."""
    return _untracked(showing) if found in _ENDS_TRACK else showing


def _untracked(showing: Showing) -> Showing:
    """The track broke: its frames are no evidence any more."""
    presented = None if showing.presented is None else showing.presented.without_track()
    made = showing.comparisons.with_new_track()
    return replace(showing, track=(), comparisons=made, presented=presented)


def _forgotten(showing: Showing) -> Showing:
    """The same for a track that may have matched: whoever stands there now has not."""
    broken = _untracked(showing)
    return broken if showing.matched_at is None else replace(broken, evidence=None, matched_at=None)


def _has_gone(showing: Showing, event: FrameSeen) -> bool:
    return showing.does_not_match and showing.views.away_s(event.captured_at) >= AWAY_S


def _asked_for(showing: Showing, event: Compared) -> bool:
    return showing.awaits_comparison and event.track is showing.track and event.claim is showing.claim


def _judged(showing: Showing, event: Compared) -> Showing:
    made = showing.comparisons.compared(len(event.track))
    judged = replace(showing, evidence=event.evidence, comparisons=made, views=showing.views.compared())
    if event.evidence.matches:
        return concluded(replace(judged, matched_at=showing.at))
    return closed(judged) if made.are_over else judged
