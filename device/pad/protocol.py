"""Guides one person through a presentation that is recorded: a pure state machine of values and a time.

Between what was seen in each frame and `device.pad.recording`, which keeps the frames. It waits until the view is
empty, so that presentations are apart, then for a face that stays, then records a few seconds with a turn asked for.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from device.pad.counting import LIVE
from device.records import Cues, Probe, Reason

SPECIES = (LIVE, "print", "phone", "tablet", "cut-out")
"""What is recorded, in this order."""
EMPTY_S = 1.0
"""How long no face is in view until the next presentation may begin."""
SETTLED_S = 0.5
"""How long a face is in view until the recording begins."""
PROMPT_S = 2.0
"""From the begin of a recording to the prompt: before it lies what is judged by without a turn."""
RECORDING_S = 5.0
"""The length of a recording."""
MOST_GAP_S = 1.0
"""Longest time within a recording without a frame: a camera that falters shows no presentation."""
LEAST_SHARE = 0.5
"""Of a recording's frames those that have to show a face."""
REMIND_S = 10.0
"""How soon the same is said again."""


class Phase(Enum):
    """Where a presentation is."""

    LEAVING = "leaving"
    WAITING = "waiting"
    RECORDING = "recording"
    DONE = "done"
    FAILED = "failed"


class Ask(Enum):
    """What is asked for next."""

    LEAVE = "Leave the camera's view, and take everything with you."
    SHOW = "Begin."
    TURN_LEFT = "Turn the head to the LEFT, as far as is comfortable, and back."
    TURN_RIGHT = "Turn the head to the RIGHT, as far as is comfortable, and back."
    AGAIN = "That was not a presentation: it is recorded again."


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What the machine has to know of a frame: when it was captured, and whether a face was in it."""

    captured_at: float
    has_face: bool


@dataclass(frozen=True, slots=True)
class Course:
    """One presentation on its way. Times are seconds on the monotonic clock."""

    species: str
    turn: Ask
    began_at: float
    phase: Phase = Phase.LEAVING
    since: float = -math.inf
    """Since when the view is empty, while LEAVING; since when a face is in it, while WAITING; infinite if it is not."""
    seen_at: float = -math.inf
    """When the last frame was captured."""
    recording_at: float = math.inf
    """When the recording began."""
    prompted_at: float | None = None
    frames: int = 0
    faces: int = 0
    said: Ask | None = None
    said_at: float = -math.inf

    @property
    def is_over(self) -> bool:
        """Whether nothing more is recorded."""
        return self.phase in (Phase.DONE, Phase.FAILED)

    def saw(self, frame: Glimpse) -> "Course":
        """After the next frame; `said_at` is its time if there is something to say."""
        if self.is_over or frame.captured_at <= self.seen_at:
            return self
        at = frame.captured_at
        match self.phase:
            case Phase.LEAVING:
                then = _left(self, frame)
            case Phase.WAITING:
                then = _waited(self, frame)
            case Phase.RECORDING:
                then = _recorded(self, frame)
            case _:
                assert_never(self.phase)  # type: ignore[arg-type]  # those in which it is over returned above
        return replace(then, seen_at=at)

    def passed_by(self, now: float) -> "Course":
        """After a time without a frame: a recording with a gap shows no presentation."""
        if self.phase is Phase.RECORDING and now - self.seen_at > MOST_GAP_S:
            return _saying(replace(self, phase=Phase.FAILED), Ask.AGAIN, now)
        return self


def begun(species: str, turn: Ask, now: float) -> Course:
    """A presentation that is asked for now."""
    return Course(species, turn, now, since=math.inf)


def _left(course: Course, frame: Glimpse) -> Course:
    since = math.inf if frame.has_face else min(course.since, frame.captured_at)
    if frame.captured_at - since >= EMPTY_S:
        waiting = replace(course, phase=Phase.WAITING, since=math.inf)
        return _saying(waiting, Ask.SHOW, frame.captured_at)
    leaving = replace(course, since=since)
    return _saying(leaving, Ask.LEAVE, frame.captured_at) if frame.has_face else leaving


def _waited(course: Course, frame: Glimpse) -> Course:
    since = min(course.since, frame.captured_at) if frame.has_face else math.inf
    if frame.captured_at - since >= SETTLED_S:
        return replace(course, phase=Phase.RECORDING, recording_at=frame.captured_at, frames=1, faces=1)
    return _saying(replace(course, since=since), Ask.SHOW, frame.captured_at)


def _recorded(course: Course, frame: Glimpse) -> Course:
    if frame.captured_at - course.seen_at > MOST_GAP_S:
        return _saying(replace(course, phase=Phase.FAILED), Ask.AGAIN, frame.captured_at)
    then = replace(course, frames=course.frames + 1, faces=course.faces + frame.has_face)
    after_s = frame.captured_at - course.recording_at
    if after_s >= RECORDING_S:
        if then.faces >= LEAST_SHARE * then.frames:
            return replace(then, phase=Phase.DONE)
        return _saying(replace(then, phase=Phase.FAILED), Ask.AGAIN, frame.captured_at)
    if after_s >= PROMPT_S and course.prompted_at is None:
        return _saying(replace(then, prompted_at=frame.captured_at), course.turn, frame.captured_at)
    return then


def _saying(course: Course, ask: Ask, at: float) -> Course:
    """Says it, unless it was said just now."""
    is_due = ask is not course.said or at - course.said_at >= REMIND_S
    return replace(course, said=ask, said_at=at) if is_due else course


def has_face(found: Probe | Reason, cues: Cues | None) -> bool:
    """Whether a frame shows a face, however badly."""
    return isinstance(found, Probe) or cues is not None
