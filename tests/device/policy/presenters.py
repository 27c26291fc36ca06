"""People and pictures before a door that looks for presentation attacks, and what drives a showing with them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from device.policy.events import (
    BadgeClaimed,
    Compared,
    FrameSeen,
    ShowingEvent,
    TimePassed,
    TurnAsked,
)
from device.policy.hearing import begun, hear
from device.policy.modes import Pad, Terms
from device.policy.showing import Showing
from device.policy.turn import Direction
from device.records import BADGE_AND_FACE, Box, Cues, DoorState, Evidence, PadMode, Probe, Quality, Reason
from tests.device.policy.scripts import AT, BADGE_OF_ADA, CLAIM, THRESHOLDS, similarity_of

FPS = 15.0
IDENTITY = 0.85
"""Threshold of a frame alone, at a false match rate of 1e-3."""
PASSIVE = Pad(PadMode.PASSIVE)
TURN = Pad(PadMode.TURN, can_prompt=True)
WITH_NETWORK = replace(TURN, live_threshold=0.7)
IN_DOUBT = Pad(PadMode.TURN_IN_DOUBT, can_prompt=True, live_threshold=0.7, is_calibrated=True)


@dataclass(frozen=True)
class Shown:
    """What the camera sees at one moment; `found` None is a good face, or one that is turned if it is."""

    yaw: float = 0.0
    similarity: float = 0.99
    found: Reason | None = None
    pitch: float = -5.0
    live: float | None = None
    scene: float | None = None
    share: float = 0.3
    crop: float = 2.0
    x: float = 100.0
    has_cues: bool = True

    def seen(self, at: float, *, embeds_turned: bool) -> tuple[FrameSeen, float | None]:
        """The frame as an analyzer gives it 10 ms later, and how similar it is, if its face was embedded."""
        box = Box(self.x, 100, 100, 100)
        taken = Cues(self.yaw, self.pitch, self.crop, 0.99, self.share, box, self.scene, self.live)
        cues = taken if self.has_cues else None
        found = self.found or (Reason.FACE_TURNED if abs(self.yaw) > 20 else None)
        if found in (Reason.NO_FACE, Reason.SEVERAL_FACES):
            return FrameSeen(at + 0.01, at, at, found), None
        if found is not None:
            similarity = self.similarity if embeds_turned and found is Reason.FACE_TURNED else None
            return FrameSeen(at + 0.01, at, at, found, cues=cues), similarity
        embedding = np.array([self.similarity, np.sqrt(max(0.0, 1 - self.similarity**2))], np.float32)
        return FrameSeen(
            at + 0.01, at, at, Probe(embedding, Quality(150, 120, 0.3, 0.0), box), follows=True, cues=cues
        ), self.similarity


Presenter = Callable[[float, TurnAsked | None], Shown]
"""What is before the camera at a time in seconds after the badge, once asked for that turn."""


@dataclass
class Lane:
    """One swipe: what was heard, and what came of it."""

    terms: Terms
    showing: Showing
    heard: list[ShowingEvent] = field(default_factory=list)
    asked: list[TurnAsked] = field(default_factory=list)

    def hear(self, event: ShowingEvent) -> None:
        self.heard.append(event)
        self.showing = hear(self.showing, event)

    @property
    def took_s(self) -> float:
        return self.showing.at - AT

    @property
    def reason(self) -> str | None:
        return self.showing.verdict.reason.code if self.showing.verdict else None


def terms_of(pad: Pad, *, timeout_s: float = 6.0) -> Terms:
    return Terms(BADGE_AND_FACE, probes=3, timeout_s=timeout_s, max_age_s=0.5, pad=pad)


@dataclass(frozen=True)
class Circumstances:
    """What else is so: turns are asked for to these sides in order, and at some time something else may happen."""

    sides: str = "LR"
    fps: float = FPS
    is_first_use: bool = False
    has_to_wait: bool = False
    meanwhile: Callable[[float], ShowingEvent | None] = lambda _: None


def swipe(presenter: Presenter, pad: Pad, what: Circumstances = Circumstances()) -> Lane:
    """A badge, then frames until the verdict, as a door drives it."""
    terms = terms_of(pad)
    lane = Lane(terms, begun(BADGE_OF_ADA, terms, door=DoorState.LOCKED, now=AT))
    lane.hear(BadgeClaimed(AT + 0.005, CLAIM, what.has_to_wait, what.is_first_use))
    number = 0
    while lane.showing.verdict is None and number < 30 * what.fps:
        number += 1
        at = AT + 0.02 + number / what.fps
        _look(lane, presenter, at)
        if (event := what.meanwhile(at - AT)) is not None:
            lane.hear(replace(event, at=at + 0.02))
        _answer(lane, at + 0.02, what.sides)
        lane.hear(TimePassed(at + 0.03))
    return lane


def _look(lane: Lane, presenter: Presenter, at: float) -> None:
    asked = lane.asked[-1] if lane.asked else None
    frame, similarity = presenter(at - AT, asked).seen(at, embeds_turned=lane.showing.asks_for_turn)
    if similarity is not None and lane.showing.awaits_identity:
        frame = replace(frame, identity=Evidence(similarity, IDENTITY, 1, 1))
    lane.hear(frame)


def _answer(lane: Lane, at: float, sides: str) -> None:
    showing = lane.showing
    if showing.awaits_comparison and showing.claim is not None:
        threshold = THRESHOLDS[showing.comparisons.share]
        evidence = Evidence(similarity_of(showing.track), threshold, len(showing.track), 1)
        lane.hear(Compared(showing.at, showing.track, showing.claim, evidence))
    if lane.showing.awaits_turn:
        side = Direction.LEFT if sides[len(lane.asked) % len(sides)] == "L" else Direction.RIGHT
        lane.asked.append(TurnAsked(at, side))
        lane.hear(lane.asked[-1])


def still(shown: Shown) -> Presenter:
    """Someone, or something, that doesn't move."""
    return lambda _at, _asked: shown


@dataclass(frozen=True)
class Turning:
    """A head that turns as asked, holds and comes back; with `which` only to that side, whatever is asked."""

    shown: Shown
    to: float = 40.0
    after_s: float = 0.35
    take_s: float = 0.4
    hold_s: float = 0.6
    which: str = ""

    def __call__(self, at: float, asked: TurnAsked | None) -> Shown:
        """As a `Presenter`."""
        if asked is None:
            return self.shown
        since = at - (asked.at - AT) - self.after_s
        back = since - self.take_s - self.hold_s
        share = min(1.0, max(0.0, since / self.take_s)) if back < 0 else max(0.0, 1 - back / self.take_s)
        side = {"L": 1, "R": -1}.get(self.which, asked.direction.value)
        return replace(self.shown, yaw=self.shown.yaw + side * self.to * share)


def then(first: Presenter, at_s: float, second: Presenter) -> Presenter:
    """One after the other."""
    return lambda at, asked: first(at, asked) if at < at_s else second(at, asked)
