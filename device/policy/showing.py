"""One transaction at one reader, as a value: what has been shown, what is still needed, and the verdict. Pure.

`device.access` and `device.way_out` drive it: they hear readers, cameras, the store, the door and the clock, and pass
on what happened. All that decides a transaction is here; what becomes of a grant is in `device.carry_out`.

**Time.** An event counts at the time at which it happened. From the deadline on nothing but a denial can follow.

**Looking on.** A face that does not match is looked at again, as `looks` says, until the deadline, until the last
comparison, until its person has gone, until another badge is presented, or until a request to stop. Then it is a
non-match.

**Presentation attacks.** Where the terms ask for it, a match is not enough: `attack` says what the same track still has
to show. If the track breaks before it has, the match is forgotten with it: another person may stand there now.

**Reasons.** A request to stop comes before the door's state, and that before a grant. At the deadline a failure that
lasts is the reason, else the non-match unless most frames since then were bad, else what was wrong with the view
(`_worse`), else the camera: it gave no fresh frame.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from device.policy.attack import MOST_EXTRA_S, Next, Presented
from device.policy.claimed import answered, random_number
from device.policy.decision import door_refusal
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
    TurnAsked,
)
from device.policy.looks import Comparisons
from device.policy.modes import Terms
from device.policy.turn import Direction
from device.policy.verdicts import concluded, decided, denied, given_up, timed_out
from device.policy.views import Views
from device.records import (
    BadgeRead,
    BadgeRemoved,
    Claim,
    Decision,
    DoorState,
    Evidence,
    Factor,
    KeyPress,
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
    matched_at: float | None = None
    """When the track in view matched, None before."""
    presented: Presented | None = None
    """What speaks for a live person; None where no one looks for presentation attacks."""
    track: Track = field(default=(), repr=False)
    """The probes of the face in view, without a break."""
    track_at: float = 0.0
    """When the last of them was captured."""
    comparisons: Comparisons = field(default_factory=Comparisons)
    views: Views = field(default_factory=Views)
    """What was wrong with the frames, and how many were good."""
    failed: Reason | None = None
    """What failed at the last look, until a frame is analyzed again."""
    fault: str | None = None
    """Why, in words without personal data."""
    is_stopped: bool = False
    verdict: Decision | None = None

    @property
    def frames(self) -> int:
        """How many fresh frames were analyzed."""
        return self.views.frames

    @property
    def deadline(self) -> float:
        """When it ends without a verdict of its own. A face that has matched has time for a turn of the head."""
        usual = self.badge.at + self.terms.timeout_s
        if self.presented is None or self.matched_at is None:
            return usual
        return min(max(usual, self.presented.until(self.matched_at)), usual + MOST_EXTRA_S)

    @property
    def is_over(self) -> bool:
        """Whether the deadline has come. The store's answer is waited for: without one, it is the reason."""
        return self.claim is not None and not self.at < self.deadline

    @property
    def needed(self) -> frozenset[Factor]:
        """The factors that its mode demands and that were not shown yet."""
        badge = {Factor.BADGE} if self.claim is not None else set()
        face = {Factor.FACE} if self.evidence is not None and self.evidence.matches else set()
        return self.terms.mode.missing(frozenset(badge | face))

    @property
    def awaits_claim(self) -> bool:
        """Whether the store has to be asked."""
        return self.verdict is None and self.claim is None

    @property
    def awaits_face(self) -> bool:
        """Whether frames newer than the badge are needed."""
        is_open = self.verdict is None and self.claim is not None
        return is_open and (Factor.FACE in self.needed or self.awaits_identity)

    @property
    def awaits_comparison(self) -> bool:
        """Whether `track` has to be compared with the claim's references before anything else is looked at."""
        is_due = len(self.track) >= self.comparisons.due_at(self.terms.probes)
        return self.awaits_face and is_due and self.matched_at is None and not self.comparisons.are_over

    @property
    def awaits_identity(self) -> bool:
        """Whether each frame has to be compared with the claim's references alone: the match is not enough yet."""
        return self.verdict is None and self.presented is not None and self.matched_at is not None

    @property
    def asks_for_turn(self) -> bool:
        """Whether the person is asked for a turn of the head."""
        return self.verdict is None and self.presented is not None and self.presented.turn is not None

    @property
    def awaits_turn(self) -> bool:
        """Whether the person has to be asked for a turn of the head."""
        return self.awaits_identity and self.presented is not None and self.presented.next(self.at) is Next.TURN

    @property
    def does_not_match(self) -> bool:
        """Whether a face was compared, and none matched so far."""
        return self.evidence is not None and not self.evidence.matches

    @property
    def prompt(self) -> Signal | None:
        """What the reader shows the person now; None is nothing in particular."""
        if self.verdict is not None:
            return Signal.GRANTED if self.verdict.granted else Signal.DENIED
        if self.presented is not None and self.presented.turn is not None:
            return Signal.TURN_LEFT if self.presented.turn.direction is Direction.LEFT else Signal.TURN_RIGHT
        return Signal.LOOK if self.awaits_identity or Factor.FACE in self.needed else None

    def hear(self, event: ShowingEvent) -> "Showing":
        """The showing after something happened. Total: what means nothing to it changes nothing."""
        if self.verdict is not None:
            return self
        then = replace(self, at=max(self.at, event.at))
        if then.is_over and not isinstance(event, StopRequested):
            return timed_out(then)
        return _heard(then, event)


def begun(badge: BadgeRead, terms: Terms, *, door: DoorState, now: float) -> Showing:
    """The showing of a badge that is heard of `now`, seconds on the monotonic clock, at a door in this state.

    An unreadable badge, one with a number drawn at random, or a door that lets no one in, needs no look-up. At the way
    out a number is looked up, however it looks: a holder from before such numbers were refused is let out.
    """
    showing = Showing(badge, terms, door, max(badge.at, now))
    if badge.credential is None:
        return denied(showing, Reason.BADGE_UNREADABLE, badge.fault or None)
    objection = None if terms.exit_reader else random_number(badge) or door_refusal(door)
    return denied(showing, objection) if objection else showing


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
        groups=claim.groups if claim is not None else frozenset(),
    )


def _heard(showing: Showing, event: ShowingEvent) -> Showing:
    match event:
        case BadgeClaimed() | ClaimFailed():
            return answered(showing, event) if showing.awaits_claim else showing
        case FrameSeen():
            return _seen(showing, event) if _is_evidence(showing, event) else showing
        case LookFailed():
            failed = replace(_forgotten(showing), failed=event.reason, fault=event.fault)
            return failed if _looks(showing) and event.at >= showing.badge.at else showing
        case Compared():
            return _judged(showing, event) if _asked_for(showing, event) else showing
        case ComparisonFailed():
            return denied(showing, Reason.VISION_FAULT, event.fault) if showing.awaits_face else showing
        case DoorChanged():
            return replace(showing, door=event.state)
        case StopRequested() | BadgeRead():
            return _replaced(showing, event) if isinstance(event, BadgeRead) else _stopped(showing)
        case TurnAsked() | TimePassed():
            return _passed(showing, event) if isinstance(event, TimePassed) else _asked(showing, event)
        case KeyPress() | BadgeRemoved():
            return showing
        case _:
            assert_never(event)


def _looks(showing: Showing) -> bool:
    return showing.awaits_face and not showing.awaits_comparison


def _is_evidence(showing: Showing, event: FrameSeen) -> bool:
    """Whether a frame was captured after the badge and was not old when the camera gave it."""
    is_fresh = 0 <= event.read_at - event.captured_at <= showing.terms.max_age_s
    return _looks(showing) and event.captured_at > showing.badge.at and is_fresh


def _seen(showing: Showing, event: FrameSeen) -> Showing:
    presented = showing.presented
    if presented is None:
        return _looked(showing, event)
    is_held = showing.matched_at is not None
    if not presented.continues(event) or (is_held and presented.is_others(event)):
        showing = _forgotten(showing)
    if showing.matched_at is not None:
        return concluded(_held(showing, event))
    judged = replace(event, found=_objection(showing, event) or event.found)
    return _with_cues(_looked(showing, judged), judged)


def _objection(showing: Showing, event: FrameSeen) -> Reason | None:
    return None if showing.presented is None else showing.presented.objection(event)


def _looked(showing: Showing, event: FrameSeen) -> Showing:
    """After a frame of a face that has not matched."""
    found = event.found
    then = _tracked(showing, event, found) if isinstance(found, Probe) else _untracked_by(showing, found)
    seen = replace(then, views=showing.views.saw(event), failed=None, fault=None)
    return given_up(seen) if _has_gone(seen, event) else seen


def _held(showing: Showing, event: FrameSeen) -> Showing:
    """After a frame of a face that has matched. During a turn alone it may be out of sight for a moment."""
    presented = showing.presented
    if presented is None or (presented.turn is None and event.found in _ENDS_TRACK):
        return _looked(_forgotten(showing), event)
    wrong = None if presented.turn is not None else presented.objection(event)
    views = showing.views.held(wrong)
    seen = replace(_with_cues(showing, event), views=views, failed=None, fault=None)
    return seen if seen.presented is not None and seen.presented.box is not None else _forgotten(seen)


def _with_cues(showing: Showing, event: FrameSeen) -> Showing:
    return showing if showing.presented is None else replace(showing, presented=showing.presented.saw(event))


def _asked(showing: Showing, event: TurnAsked) -> Showing:
    """A turn counts only where one is needed."""
    if showing.presented is None or not showing.awaits_turn:
        return showing
    return replace(showing, presented=showing.presented.asked(event))


def _passed(showing: Showing, event: TimePassed) -> Showing:
    if showing.presented is None:
        return showing
    return concluded(replace(showing, presented=showing.presented.passed_by(event.at)))


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


def _replaced(showing: Showing, badge: BadgeRead) -> Showing:
    """Another badge ends what did not match: its holder is there now."""
    is_another = badge.credential is not None and badge.credential != showing.badge.credential
    return given_up(showing) if showing.does_not_match and is_another and badge.at >= showing.badge.at else showing


def _asked_for(showing: Showing, event: Compared) -> bool:
    return showing.awaits_comparison and event.track is showing.track and event.claim is showing.claim


def _judged(showing: Showing, event: Compared) -> Showing:
    made = showing.comparisons.compared(len(event.track))
    judged = replace(showing, evidence=event.evidence, comparisons=made, views=showing.views.compared())
    if event.evidence.matches:
        return _matched(judged, event)
    return decided(judged, event.evidence) if made.are_over else judged


def _matched(showing: Showing, event: Compared) -> Showing:
    if showing.needed:
        return showing
    if showing.presented is None:
        return decided(showing, event.evidence)
    return concluded(replace(showing, matched_at=showing.at))


def _stopped(showing: Showing) -> Showing:
    """The badge's own refusal still comes first, so the store's answer is waited for."""
    stopped = replace(showing, is_stopped=True)
    if showing.does_not_match:
        return given_up(stopped)
    return stopped if showing.claim is None else denied(stopped, Reason.STOPPING, showing.fault)
