"""One transaction at one reader, as a value: what has been shown, what is still needed, and the verdict. Pure.

`device.access` and `device.way_out` drive it: they hear readers, cameras, the store, the door and the clock, and pass
on what happened. All that decides a transaction is here; what becomes of a grant is in `device.carry_out`.

**Time.** An event counts at the time at which it happened. From the deadline on nothing but a denial can follow.

**Looking on.** A face that does not match is looked at again, as `looks` says, until the deadline, until the last
comparison, until its person has gone, until another badge is presented, or until a request to stop. Then it is a
non-match.

**Reasons.** A request to stop comes before the door's state, and that before a grant. At the deadline a failure that
lasts is the reason, else the non-match unless most frames since then were bad, else what was wrong with the view
(`_worse`), else the camera: it gave no fresh frame.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from device.credentials import is_random
from device.policy.decision import badge_refusal, decide, door_refusal, refusal
from device.policy.events import (
    BadgeClaimed,
    ClaimFailed,
    Compared,
    ComparisonFailed,
    DoorChanged,
    FrameSeen,
    LookFailed,
    ShowingEvent,
    StopRequested,
    TimePassed,
)
from device.policy.looks import Comparisons
from device.policy.modes import Terms
from device.records import (
    BadgeRead,
    BadgeRemoved,
    Claim,
    Decision,
    DoorState,
    Evidence,
    Factor,
    KeyPress,
    Outcome,
    Probe,
    Reason,
    Signal,
    Track,
    Transaction,
)

MAX_GAP_S = 1.0
"""Longest time between two frames of one track: what happened in a longer one was not seen."""
AWAY_S = 1.5
"""How long no face is in view until the person who did not match has gone."""


@dataclass(frozen=True, slots=True)
class Showing:
    """What is known of one transaction. `verdict` never changes once it is there."""

    badge: BadgeRead
    terms: Terms
    door: DoorState
    at: float
    """When it last heard of anything, seconds on the monotonic clock; it never goes back."""
    claim: Claim | None = None
    evidence: Evidence | None = None
    track: Track = field(default=(), repr=False)
    """The probes of the face in view, without a break."""
    track_at: float = 0.0
    """When the last of them was captured."""
    comparisons: Comparisons = field(default_factory=Comparisons)
    frames: int = 0
    """How many fresh frames were analyzed."""
    good: int = 0
    """How many of them had a good face."""
    bad: int = 0
    """In how many since the last comparison something was wrong with a face."""
    away_since: float | None = None
    """When the first of the last frames without a face was captured; None while there is one."""
    complaint: Reason | None = None
    """What was wrong with the view."""
    failed: Reason | None = None
    """What failed at the last look, until a frame is analyzed again."""
    fault: str | None = None
    """Why, in words without personal data."""
    is_stopped: bool = False
    verdict: Decision | None = None

    @property
    def deadline(self) -> float:
        """When it ends without a verdict of its own."""
        return self.badge.at + self.terms.timeout_s

    @property
    def is_over(self) -> bool:
        """Whether the deadline has come. The store's answer is waited for: without one, it is the reason."""
        return self.claim is not None and not self.at < self.deadline

    @property
    def needed(self) -> frozenset[Factor]:
        """The factors that its mode demands and that were not shown yet."""
        badge = {Factor.BADGE} if self.claim is not None else set()
        face = {Factor.FACE} if self.evidence is not None and self.evidence.matches else set()
        return self.terms.mode.factors - badge - face

    @property
    def awaits_claim(self) -> bool:
        """Whether the store has to be asked."""
        return self.verdict is None and self.claim is None

    @property
    def awaits_face(self) -> bool:
        """Whether frames newer than the badge are needed."""
        return self.verdict is None and self.claim is not None and Factor.FACE in self.needed

    @property
    def awaits_comparison(self) -> bool:
        """Whether `track` has to be compared with the claim's references before anything else is looked at."""
        return self.awaits_face and len(self.track) >= self.comparisons.due_at(self.terms.probes)

    @property
    def does_not_match(self) -> bool:
        """Whether a face was compared, and none matched so far."""
        return self.evidence is not None and not self.evidence.matches

    @property
    def prompt(self) -> Signal | None:
        """What the reader shows the person now; None is nothing in particular."""
        if self.verdict is not None:
            return Signal.GRANTED if self.verdict.granted else Signal.DENIED
        return Signal.LOOK if Factor.FACE in self.needed else None

    def hear(self, event: ShowingEvent) -> "Showing":
        """The showing after something happened. Total: what means nothing to it changes nothing."""
        if self.verdict is not None:
            return self
        then = replace(self, at=max(self.at, event.at))
        if then.is_over and not isinstance(event, StopRequested):
            return _timed_out(then)
        return _heard(then, event)


def begun(badge: BadgeRead, terms: Terms, *, door: DoorState, now: float) -> Showing:
    """The showing of a badge that is heard of `now`, seconds on the monotonic clock, at a door in this state.

    An unreadable badge, one with a number drawn at random, or a door that lets no one in, needs no look-up. At the way
    out a number is looked up, however it looks: a holder from before such numbers were refused is let out.
    """
    showing = Showing(badge, terms, door, max(badge.at, now))
    if badge.credential is None:
        return _denied(showing, Reason.BADGE_UNREADABLE, badge.fault or None)
    objection = None if terms.exit_reader else _random(badge) or door_refusal(door)
    return _denied(showing, objection) if objection else showing


def outcome(showing: Showing, started_at: datetime, door: str) -> Transaction:
    """What a showing came to, `started_at` in UTC, as the audit keeps it. Raises `ValueError` without a verdict."""
    if showing.verdict is None:
        raise ValueError("a showing without a verdict is not over")
    badge, claim = showing.badge, showing.claim
    return Transaction(
        started_at,
        badge.credential,
        claim.person if claim else None,
        showing.verdict,
        showing.at - badge.at,
        frames=showing.frames,
        fault=showing.fault,
        door=door,
        reader=badge.reader,
        extended=claim is not None and claim.extended,
    )


def _heard(showing: Showing, event: ShowingEvent) -> Showing:
    match event:
        case BadgeClaimed():
            return _claimed(showing, event.claim) if showing.awaits_claim else showing
        case ClaimFailed():
            return _unclaimed(showing, event) if showing.awaits_claim else showing
        case FrameSeen():
            return _seen(showing, event) if _is_evidence(showing, event) else showing
        case LookFailed():
            failed = replace(_untracked(showing), failed=event.reason, fault=event.fault)
            return failed if _looks(showing) and event.at >= showing.badge.at else showing
        case Compared():
            return _judged(showing, event) if _asked_for(showing, event) else showing
        case ComparisonFailed():
            return _denied(showing, Reason.VISION_FAULT, event.fault) if showing.awaits_face else showing
        case DoorChanged():
            return replace(showing, door=event.state)
        case StopRequested() | BadgeRead():
            return _replaced(showing, event) if isinstance(event, BadgeRead) else _stopped(showing)
        case TimePassed() | KeyPress() | BadgeRemoved():
            return showing
        case _:
            assert_never(event)


def _claimed(showing: Showing, claim: Claim | None) -> Showing:
    """A badge without a holder, or that opens nothing, is refused with its own reason, whatever else there is."""
    known = replace(showing, claim=claim)
    if known.terms.exit_reader:
        refused = (_random(known.badge) or Reason.BADGE_UNKNOWN) if claim is None else badge_refusal(claim)
        return _denied(known, refused) if refused else _let_out(known)
    if refused := refusal(claim):
        return _denied(known, refused)
    if known.is_stopped:
        return _denied(known, Reason.STOPPING)
    return _timed_out(known) if known.is_over else known


def _random(badge: BadgeRead) -> Reason | None:
    return Reason.BADGE_RANDOM if badge.credential is not None and is_random(badge.credential) else None


def _unclaimed(showing: Showing, event: ClaimFailed) -> Showing:
    if showing.terms.exit_reader:
        return replace(_let_out(showing), fault=event.fault)
    return _denied(showing, event.reason, event.fault)


def _let_out(showing: Showing) -> Showing:
    """A badge alone is enough at the way out, in every state of the door."""
    if showing.is_stopped:
        return _denied(showing, Reason.STOPPING)
    mode, reader = showing.terms.mode, showing.terms.exit_reader
    return replace(showing, verdict=Decision(Reason.EXIT, Outcome.GRANTED, exit_reader=reader, mode=mode))


def _looks(showing: Showing) -> bool:
    return showing.awaits_face and not showing.awaits_comparison


def _is_evidence(showing: Showing, event: FrameSeen) -> bool:
    """Whether a frame was captured after the badge and was not old when the camera gave it."""
    is_fresh = 0 <= event.read_at - event.captured_at <= showing.terms.max_age_s
    return _looks(showing) and event.captured_at > showing.badge.at and is_fresh


def _seen(showing: Showing, event: FrameSeen) -> Showing:
    found = event.found
    then = _tracked(showing, event, found) if isinstance(found, Probe) else _untracked_by(showing, found)
    is_bad = not isinstance(found, Probe) and found is not Reason.NO_FACE
    seen = replace(
        then,
        frames=showing.frames + 1,
        good=showing.good + isinstance(found, Probe),
        bad=showing.bad + is_bad,
        away_since=_away_since(showing, event),
        complaint=_worse(showing.complaint, found),
        failed=None,
        fault=None,
    )
    return _given_up(seen) if _has_gone(seen, event) else seen


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
    return replace(showing, track=(), comparisons=showing.comparisons.with_new_track())


def _away_since(showing: Showing, event: FrameSeen) -> float | None:
    if event.found is not Reason.NO_FACE:
        return None
    return event.captured_at if showing.away_since is None else showing.away_since


def _has_gone(showing: Showing, event: FrameSeen) -> bool:
    since = showing.away_since
    return showing.does_not_match and since is not None and event.captured_at - since >= AWAY_S


def _replaced(showing: Showing, badge: BadgeRead) -> Showing:
    """Another badge ends what did not match: its holder is there now."""
    is_another = badge.credential is not None and badge.credential != showing.badge.credential
    return _given_up(showing) if showing.does_not_match and is_another and badge.at >= showing.badge.at else showing


def _asked_for(showing: Showing, event: Compared) -> bool:
    return showing.awaits_comparison and event.track is showing.track and event.claim is showing.claim


def _judged(showing: Showing, event: Compared) -> Showing:
    made = showing.comparisons.compared(len(event.track))
    judged = replace(showing, evidence=event.evidence, comparisons=made, bad=0)
    looks_on = not event.evidence.matches and not made.are_over
    if looks_on or (event.evidence.matches and judged.needed):
        return judged
    decision = decide(event.evidence, showing.terms.mode)
    if decision.granted and (objection := door_refusal(showing.door)):
        return _denied(judged, objection)
    return replace(judged, verdict=decision)


def _stopped(showing: Showing) -> Showing:
    """The badge's own refusal still comes first, so the store's answer is waited for."""
    stopped = replace(showing, is_stopped=True)
    if showing.does_not_match:
        return _given_up(stopped)
    return stopped if showing.claim is None else _denied(stopped, Reason.STOPPING, showing.fault)


def _timed_out(showing: Showing) -> Showing:
    if showing.failed is None and showing.does_not_match:
        return _given_up(showing)
    reason = showing.failed or showing.complaint or Reason.CAMERA_FAULT
    return replace(showing, verdict=Decision(reason, evidence=_against(showing)))


def _given_up(showing: Showing) -> Showing:
    """The end of a look at a face that did not match, or of which most frames were bad since."""
    is_bad = showing.bad > showing.good
    reason = showing.complaint if is_bad and showing.complaint else Reason.NON_MATCH
    return replace(showing, verdict=Decision(reason, evidence=_against(showing)))


def _against(showing: Showing) -> Evidence | None:
    """The evidence of a non-match, which stays with whatever reason follows: turning away hides nothing."""
    return showing.evidence if showing.does_not_match else None


def _denied(showing: Showing, reason: Reason, fault: str | None = None) -> Showing:
    return replace(showing, verdict=Decision(reason), fault=fault)


def _worse(before: Reason | None, found: Probe | Reason) -> Reason:
    """The reason to show in the end: the latest thing that the person can fix, rather than an empty view."""
    if isinstance(found, Probe):
        return Reason.FACE_TOO_BRIEF if before in (None, Reason.NO_FACE) else before
    return before if found is Reason.NO_FACE and before else found
