"""Whether the person whose face was shown is still there while a PIN is awaited. Pure.

Between a face and the end of a long PIN another person may step up. So the camera goes on looking: frames of the same
unbroken track keep the face, another face or a second one takes it away at once, and without a frame of it for
`FRESH_S` it counts no more. Then it has to be shown again, as at first, whatever the PIN was.
"""

from dataclasses import replace

from device.policy.attack import Presented
from device.policy.events import FrameSeen
from device.policy.looks import Comparisons
from device.policy.showing import Showing
from device.policy.views import Views
from device.records import Probe, Reason

FRESH_S = 5.0
"""For how long a face counts after the last frame of it: who types looks at the keys."""
MAX_GAP_S = 1.0
"""Longest time between two frames of one track: what happened in a longer one was not seen."""
_OTHERS = (Reason.SEVERAL_FACES, Reason.PICTURE_TURNED)


def face_kept(showing: Showing) -> Showing:
    """After a time without a frame of the face."""
    is_old = showing.watches_face and showing.at - showing.track_at > FRESH_S
    return replace(lost(showing, Reason.NO_FACE), lost_at=showing.track_at + FRESH_S) if is_old else showing


def watched(showing: Showing, event: FrameSeen) -> Showing:
    """After a fresh frame. One in which the face can't be seen well changes nothing."""
    found = event.found
    if not isinstance(found, Probe):
        return lost(showing, found) if found in _OTHERS else showing
    if not event.follows:
        return lost(showing, Reason.FACE_TOO_BRIEF)
    is_soon = 0 <= event.captured_at - showing.track_at <= MAX_GAP_S
    return replace(showing, track=(*showing.track, found), track_at=event.captured_at) if is_soon else showing


def lost(showing: Showing, why: Reason) -> Showing:
    """The face counts no more, nor what was seen against presentation attacks."""
    before = showing.presented
    presented = None if before is None else Presented(before.pad, is_first_use=before.is_first_use)
    gone = replace(showing, is_face_shown=False, evidence=None, matched_at=None, presented=presented)
    views = Views(showing.views.frames, complaint=why)
    return replace(gone, track=(), comparisons=Comparisons(), views=views, failed=None, lost_at=showing.at)
