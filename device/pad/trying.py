"""Tries one start of a recorded presentation: the door's own showing hears its frames, as if they came now. Pure.

Between frames that were recorded (`device.pad.folder`, or clips) and `device.pad.counting`. Nothing of the policy is
here: what is said of an attack here is what a door would say. Times are seconds from the clip's begin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from device.policy.events import BadgeClaimed, Compared, FrameSeen, TimePassed, TurnAsked
from device.policy.hearing import begun, hear
from device.policy.modes import Terms
from device.policy.showing import Showing
from device.policy.turn import Direction
from device.records import BadgeRead, Claim, Credential, Decision, DoorState, Embedding, Evidence, Person, Probe, Reason
from device.vision.comparison import Vectors, compare
from device.vision.manifest import DecisionRule
from device.vision.track import follows
from device.vision.turned_faces import frame_threshold, identity

EVERY_S = 0.5
"""Between two starts of one clip."""
LEAST_S = 1.0
"""Of a clip that is left at a start: in less nothing is decided."""
_BEFORE_S = 1e-3
"""By how much the badge comes before the first frame."""
_BADGE = Credential("h10301", 1, 1)


class Comparer(Protocol):
    """Says whose face is shown."""

    @property
    def rule(self) -> DecisionRule:
        """The network's thresholds."""

    def compared(self, probes: Vectors, share: float) -> Evidence:
        """How similar the probes of a track are to the badge's holder."""

    def alone(self, embedding: Embedding) -> Evidence:
        """How similar a single frame is, with the threshold for a false match rate of 1e-3."""


@dataclass(frozen=True, slots=True)
class Against:
    """Compares with a person's references: what comes of the whole transaction."""

    references: Vectors
    rule: DecisionRule

    def compared(self, probes: Vectors, share: float) -> Evidence:
        """As a door does."""
        return compare(probes, self.references, self.rule, share=share)

    def alone(self, embedding: Embedding) -> Evidence:
        """As a door does."""
        return identity(embedding, self.references, self.rule)


@dataclass(frozen=True, slots=True)
class Anyone:
    """Takes each face for the holder's: what attack detection alone is worth."""

    rule: DecisionRule

    def compared(self, probes: Vectors, share: float) -> Evidence:  # noqa: ARG002 - whatever the share
        """A match."""
        return Evidence(1.0, self.rule.threshold(1, 1), len(probes), 1)

    def alone(self, embedding: Embedding) -> Evidence:  # noqa: ARG002 - whoever it is
        """A match."""
        return Evidence(1.0, frame_threshold(self.rule, 1), 1, 1)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a start ended. `verdict` is None if the clip was over before the door had decided."""

    verdict: Decision | None
    at: float
    prompts: tuple[float, ...]
    """When the door asked for a turn."""
    live: float | None = None
    """The mean probability of a live face that it saw, 0..1; None without a network, or without frames enough."""

    @property
    def granted(self) -> bool:
        """Whether the door would have opened."""
        return self.verdict is not None and self.verdict.granted


def starts(frames: Sequence[FrameSeen], every_s: float = EVERY_S) -> tuple[float, ...]:
    """The starts of a clip, one each `every_s`; the first alone of a clip that is too short for more."""
    if not frames:
        return ()
    begin, end = frames[0].captured_at, frames[-1].captured_at
    return (begin, *(float(at) for at in np.arange(begin + every_s, end - LEAST_S, every_s)))


Sides = Direction | tuple[Direction, ...]
"""To which side a door asks for a turn: always the same, or one after the other."""


def tried(frames: Sequence[FrameSeen], start: float, *, terms: Terms, comparer: Comparer, direction: Sides) -> Ended:
    """What a door makes of a badge that is presented right before a frame at `start`, and asks for that turn."""
    sides = direction if isinstance(direction, tuple) else (direction,)
    at = start - _BEFORE_S
    showing = begun(BadgeRead(_BADGE, at), terms, door=DoorState.LOCKED, now=at)
    references = np.ones((1, 1), np.float32)
    claim = Claim(Person(0, ""), revoked=False, references=references)
    showing = hear(showing, BadgeClaimed(at, claim, is_first_use=False))
    prompts = list[float]()
    for frame in frames:
        if frame.captured_at < start:
            continue
        showing = _heard(hear(showing, TimePassed(frame.captured_at)), frame, comparer)
        if showing.verdict is not None:
            break
        if showing.awaits_turn:
            showing = hear(showing, TurnAsked(showing.at, sides[len(prompts) % len(sides)]))
            prompts.append(showing.at)
    live = showing.presented.evidence.live if showing.presented is not None else None
    return Ended(showing.verdict, showing.at, tuple(prompts), live)


def _heard(showing: Showing, frame: FrameSeen, comparer: Comparer) -> Showing:
    """After a frame, and the answers to what the showing asks of it."""
    if isinstance(frame.found, Probe):
        frame = replace(frame, follows=follows(showing.track, frame.found, comparer.rule))
    if showing.awaits_identity and (embedding := _comparable(frame)) is not None:
        frame = replace(frame, identity=comparer.alone(embedding))
    heard = hear(showing, frame)
    if not heard.awaits_comparison or heard.claim is None:
        return heard
    evidence = comparer.compared([probe.embedding for probe in heard.track], heard.comparisons.share)
    return hear(heard, Compared(heard.at, heard.track, heard.claim, evidence))


def _comparable(frame: FrameSeen) -> Embedding | None:
    """The face of a frame that is good enough to be compared alone; that it is turned speaks not against it."""
    if isinstance(frame.found, Probe):
        return frame.found.embedding
    is_turned_alone = frame.found is Reason.FACE_TURNED and frame.cues is not None
    return frame.cues.embedding if is_turned_alone and frame.cues is not None else None
