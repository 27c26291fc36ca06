"""One transaction at one reader, as a value: what has been shown, what is still needed, and the verdict. Pure.

`device.policy.hearing` says what it becomes when something happens.
"""

import math
from dataclasses import dataclass, field

from device.policy.attack import MOST_EXTRA_S, Next, Presented
from device.policy.demands import strictest
from device.policy.looks import Comparisons
from device.policy.modes import Terms
from device.policy.pin_entry import NOTHING_TYPED, PinEntry, Typed
from device.policy.turn import Direction
from device.policy.views import Views
from device.records import (
    BADGE_AND_PIN,
    BadgeRead,
    Claim,
    Decision,
    DoorState,
    Evidence,
    Factor,
    Mode,
    PadMode,
    PinAnswer,
    Reason,
    Ruling,
    Signal,
    Track,
)

PIN_S = 15.0
"""From the badge to the first key where a PIN is demanded, or where nothing else counts any more."""
ANSWER_S = 3.0
"""From the last key to the answer at most: one PIN is compared at a time."""


@dataclass(frozen=True, slots=True)
class Showing:
    """What is known of one transaction. `verdict` never changes once it is there."""

    badge: BadgeRead
    terms: Terms
    door: DoorState
    at: float
    """When it last heard of anything, seconds on the monotonic clock; it never goes back."""
    claim: Claim | None = None
    ruling: Ruling | None = None
    """What the rules said when the badge came; None where they were not asked."""
    evidence: Evidence | None = None
    matched_at: float | None = None
    """When the track in view matched, None before."""
    is_face_shown: bool = False
    """Whether the match counts. While a PIN is awaited it is watched whether the person stays (`faces_watched`)."""
    lost_at: float = -math.inf
    """When a face that counted did so no more, as it had not been seen for too long, or another one was."""
    is_invited: bool = False
    """Whether typing a PIN here asks for face and PIN, where the face alone is enough."""
    face_barred: Reason | None = None
    """Why no face counts, or none does any more."""
    entry: PinEntry = NOTHING_TYPED
    """What is being typed."""
    pin: PinAnswer | None = field(default=None, repr=False)
    """What the PIN is that was typed; None before the answer."""
    pin_at: float = -math.inf
    """When the answer came."""
    pin_barred: Reason | None = field(default=None, repr=False)
    """Why no PIN counts, or none does any more."""
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
    def mode(self) -> Mode:
        """What has to be shown."""
        ruled = self.terms.mode if self.ruling is None or self.ruling.mode is None else self.ruling.mode
        return strictest((ruled, BADGE_AND_PIN)) if self._types_invited else ruled

    @property
    def _types_invited(self) -> bool:
        """Whether a person who is invited chose to type a PIN: `*`, a PIN that was not ended and a wrong one leave the
        way in as it is without one.
        """
        has_begun = self.entry.began_at is not None and self.entry.state not in (Typed.CANCELLED, Typed.LATE)
        return self.is_invited and has_begun and self.pin_barred is None

    @property
    def pad(self) -> PadMode:
        """What a face has to show against presentation attacks."""
        return self.terms.pad.mode if self.presented is not None else PadMode.OFF

    @property
    def deadline(self) -> float:
        """When it ends without a verdict of its own. A face that has matched has time for a turn of the head, and a
        PIN to be typed.
        """
        usual = max(self.badge.at + self.terms.timeout_s, self._pin_deadline, self._again_deadline)
        if self.presented is None or self.matched_at is None:
            return usual
        return min(max(usual, self.presented.until(self.matched_at)), usual + MOST_EXTRA_S)

    @property
    def _pin_deadline(self) -> float:
        """Until when a PIN may come; the same for a right one and a wrong one."""
        entry, mode = self.entry, self.mode
        is_demanded = Factor.PIN in mode.factors or (Factor.PIN in mode.either and not self.may_show_face)
        demanded = self.badge.at + PIN_S if is_demanded else -math.inf
        if self.awaits_pin:
            return max(demanded, entry.key_at + ANSWER_S)
        is_typing = entry.state is Typed.TYPING and entry.began_at is not None and self.may_type
        return max(demanded, entry.deadline) if is_typing else demanded

    @property
    def _again_deadline(self) -> float:
        """Until when a face that counts no more may be shown again: its whole time from the PIN's answer."""
        return -math.inf if math.isinf(self.lost_at) else max(self.lost_at, self.pin_at) + self.terms.timeout_s

    @property
    def is_over(self) -> bool:
        """Whether the deadline has come. The store's answer is waited for: without one, it is the reason."""
        return self.claim is not None and not self.at < self.deadline

    @property
    def is_pin_shown(self) -> bool:
        """Whether a PIN of the holder's was typed."""
        return self.pin in (PinAnswer.RIGHT, PinAnswer.DURESS)

    @property
    def needed(self) -> frozenset[Factor]:
        """The factors that its mode demands, or lets one choose from, and that were not shown yet."""
        badge = {Factor.BADGE} if self.claim is not None else set()
        face = {Factor.FACE} if self.is_face_shown else set()
        pin = {Factor.PIN} if self.is_pin_shown else set()
        return self.mode.missing(frozenset(badge | face | pin))

    @property
    def may_show_face(self) -> bool:
        """Whether a face may still be shown."""
        return Factor.FACE in self.needed and self.face_barred is None

    @property
    def may_type(self) -> bool:
        """Whether a PIN may still be given."""
        return Factor.PIN in self.needed and self.pin_barred is None

    @property
    def is_open(self) -> bool:
        """Whether anything may still be shown that changes the verdict."""
        return self.may_show_face or self.may_type

    @property
    def awaits_claim(self) -> bool:
        """Whether the store has to be asked."""
        return self.verdict is None and self.claim is None

    @property
    def awaits_face(self) -> bool:
        """Whether frames newer than the badge are needed."""
        return self.verdict is None and self.claim is not None and self.may_show_face

    @property
    def watches_face(self) -> bool:
        """Whether it matters that the person whose face counts is still there: a PIN is to come."""
        return self.verdict is None and self.is_face_shown

    @property
    def awaits_pin(self) -> bool:
        """Whether `entry` has to be compared with the holder's PINs. What can't be one is, too: it takes as long."""
        is_whole = self.entry.state in (Typed.COMPLETE, Typed.FAILED)
        return self.verdict is None and self.claim is not None and self.pin is None and self.may_type and is_whole

    @property
    def awaits_comparison(self) -> bool:
        """Whether `track` has to be compared with the claim's references before anything else is looked at."""
        is_due = len(self.track) >= self.comparisons.due_at(self.terms.probes)
        return self.awaits_face and is_due and self.matched_at is None and not self.comparisons.are_over

    @property
    def awaits_identity(self) -> bool:
        """Whether each frame has to be compared with the claim's references alone: the match is not enough yet."""
        is_matched = self.presented is not None and self.matched_at is not None
        return self.awaits_face and is_matched

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
    def may_pass_lockdown(self) -> bool:
        """Whether a lockdown lets the holder in with more than the badge, by the door's terms and by the rules."""
        return self.terms.lockdown_pass and self.ruling is not None and self.ruling.passes

    @property
    def prompt(self) -> Signal | None:
        """What the reader shows the person now; None is nothing in particular."""
        if self.verdict is not None:
            return Signal.GRANTED if self.verdict.granted else Signal.DENIED
        if self.presented is not None and self.presented.turn is not None:
            return Signal.TURN_LEFT if self.presented.turn.direction is Direction.LEFT else Signal.TURN_RIGHT
        return Signal.LOOK if self.needed - {Factor.BADGE} else None
