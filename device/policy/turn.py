"""The turn of the head that a door asks for: whether a live person made it, as asked, when asked. Pure.

A flat or bent print shows hardly any turn of its own when it is turned, and a recording does not turn on request. Each
frame on the way has to match the claim, so that no one turns their own head beside another person's print.
Ten people who were asked reached 25 degrees after 0.53 s at most; of 77 simulated sweeps of prints none reached 30.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum

WITHIN_S = 2.0
"""From the prompt to the whole turn."""
DEGREES = 25.0
"""How far, relative to the person's own view straight ahead, where a passive network looks as well."""
DEGREES_ALONE = 30.0
"""How far without one."""
TOO_SOON_S, TOO_SOON_DEGREES = 0.15, 6.0
"""No one reacts to a prompt within 0.15 s: a face that has turned by then was turning already."""
OTHER_WAY_DEGREES = 10.0
LONGEST_GAP_S = 0.25
"""Between two frames with the face: in a longer one another could take its place."""
MATCHED_UP_TO_DEGREES = 35.0
"""Frames farther round are no evidence of who it is: own frames match in 81 of 100 beyond 40 degrees."""
LEAST_COMPARED = 2
"""Frames on the way that were good enough to say that it is the person."""


class Direction(Enum):
    """Which way, seen from the person; the sign of the yaw."""

    LEFT = 1
    RIGHT = -1


class TurnEnd(Enum):
    """How a turn ended, for the audit."""

    TURNED = "turned"
    TOO_LATE = "too-late"
    TOO_SOON = "too-soon"
    OTHER_WAY = "other-way"
    LOST = "face-lost"
    OTHER_PERSON = "other-person"


@dataclass(frozen=True, slots=True)
class TurnSeen:
    """A frame of the track that began before the prompt, or None for what its face was not seen in.

    `similarity` is that with the claim's references, None if the frame was not good enough to be compared.
    """

    captured_at: float
    yaw: float | None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that was asked for. Times are seconds on the monotonic clock, `threshold` the network's for FMR 1e-3."""

    direction: Direction
    frontal: float
    """Yaw of the person's own view straight ahead, degrees."""
    prompted_at: float
    threshold: float
    needed: float = DEGREES_ALONE
    seen_at: float = -math.inf
    farthest: float = 0.0
    """How far the asked way so far, degrees."""
    compared: int = 0
    end: TurnEnd | None = None

    def saw(self, frame: TurnSeen) -> "Turn":
        """After the next frame; what came before the prompt, and what comes after the end, changes nothing."""
        if self.end is not None or frame.captured_at < self.prompted_at:
            return self
        after_s = frame.captured_at - self.prompted_at
        if after_s > WITHIN_S:
            return replace(self, end=TurnEnd.TOO_LATE)
        if frame.captured_at - max(self.seen_at, self.prompted_at) > LONGEST_GAP_S:
            return replace(self, end=TurnEnd.LOST)
        return self if frame.yaw is None else _judged(self, frame, frame.yaw, after_s)

    def passed_by(self, now: float) -> "Turn":
        """After a time without a frame."""
        if self.end is not None:
            return self
        if now - self.prompted_at > WITHIN_S:
            return replace(self, end=TurnEnd.TOO_LATE)
        is_lost = now - max(self.seen_at, self.prompted_at) > LONGEST_GAP_S
        return replace(self, end=TurnEnd.LOST) if is_lost else self


def _judged(turn: Turn, frame: TurnSeen, yaw: float, after_s: float) -> Turn:
    turned = (yaw - turn.frontal) * turn.direction.value
    seen = replace(turn, seen_at=frame.captured_at, farthest=max(turn.farthest, turned))
    if abs(turned) > TOO_SOON_DEGREES and after_s < TOO_SOON_S:
        return replace(seen, end=TurnEnd.TOO_SOON)
    if turned < -OTHER_WAY_DEGREES:
        return replace(seen, end=TurnEnd.OTHER_WAY)
    if frame.similarity is not None and abs(turned) <= MATCHED_UP_TO_DEGREES:
        if frame.similarity < turn.threshold:
            return replace(seen, end=TurnEnd.OTHER_PERSON)
        seen = replace(seen, compared=turn.compared + 1)
    if turned < turn.needed:
        return seen
    return replace(seen, end=TurnEnd.TURNED if seen.compared >= LEAST_COMPARED else TurnEnd.OTHER_PERSON)
