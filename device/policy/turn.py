"""The turn of the head that a door asks for: whether a live person made it, as asked, when asked. Pure.

A flat or bent print shows hardly any turn of its own when it is turned, and a recording does not turn on request. Each
frame on the way has to match the claim, so that no one turns their own head beside another person's print.
Ten people who were asked reached 25 degrees after 0.53 s at most; of 77 simulated sweeps of prints none reached 30.
"""

import math
from dataclasses import dataclass, replace
from enum import Enum

from device.records import TurnEnd

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
LONGEST_UNSURE_S = 0.5
"""Without a frame that is good enough to be compared, while the head is near enough to the front: a quick turn in poor
light blurs some.
"""
MATCHED_UP_TO_DEGREES = 35.0
"""A frame farther round that does not match is no evidence against the person: own ones match in 81 of 100 beyond 40
degrees. One that matches counts.
"""
LEAST_COMPARED = 2
"""Frames that were good enough to say that it is the person. One of them at least shows the whole turn, at any angle:
else a print is matched, and then another head is there that has turned too far to be compared. It may be on the way
back, if the head passed too fast.
"""
AWAY_DEGREES = 20.0
"""How far the frame that shows the turn is turned away from the camera, whatever the person's own view: a head that was
turned when it was matched, and comes back to the front, has not turned.
"""


class Direction(Enum):
    """Which way, seen from the person; the sign of the yaw."""

    LEFT = 1
    RIGHT = -1


@dataclass(frozen=True, slots=True)
class TurnSeen:
    """A frame of the track that began before the prompt, or None for what its face was not seen in.

    `matches`: whether it is similar enough to the claim's references, at the network's own threshold for a false match
    rate of 1e-3; None if it was not good enough to be compared.
    """

    captured_at: float
    yaw: float | None
    matches: bool | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that was asked for. Times are seconds on the monotonic clock."""

    direction: Direction
    frontal: float
    """Yaw of the person's own view straight ahead, degrees."""
    prompted_at: float
    needed: float = DEGREES_ALONE
    seen_at: float = -math.inf
    sure_at: float = -math.inf
    """When it was last compared, or too far round for it."""
    farthest: float = 0.0
    """How far the asked way so far, degrees."""
    compared: int = 0
    is_shown: bool = False
    """Whether one of those compared had turned as far as is needed."""
    end: TurnEnd | None = None

    def saw(self, frame: TurnSeen) -> "Turn":
        """After the next frame; what came before the prompt, and what comes after the end, changes nothing."""
        if self.end is not None or not frame.captured_at >= self.prompted_at:
            return self
        after_s = frame.captured_at - self.prompted_at
        if after_s > WITHIN_S:
            return replace(self, end=TurnEnd.TOO_LATE)
        if frame.captured_at - max(self.seen_at, self.prompted_at) > LONGEST_GAP_S:
            return replace(self, end=TurnEnd.LOST)
        return self if frame.yaw is None else _judged(self, frame, (frame.yaw - self.frontal) * self.direction.value)

    def passed_by(self, now: float) -> "Turn":
        """After a time by which every frame of its time has been seen."""
        is_late = self.end is None and now - self.prompted_at > WITHIN_S
        return replace(self, end=TurnEnd.TOO_LATE) if is_late else self


def _judged(turn: Turn, frame: TurnSeen, turned: float) -> Turn:
    is_near = not abs(turned) > MATCHED_UP_TO_DEGREES
    if is_near and frame.matches is False:
        return replace(turn, end=TurnEnd.OTHER_PERSON)
    if abs(turned) > TOO_SOON_DEGREES and frame.captured_at - turn.prompted_at < TOO_SOON_S:
        return replace(turn, end=TurnEnd.TOO_SOON)
    if turned < -OTHER_WAY_DEGREES:
        return replace(turn, end=TurnEnd.OTHER_WAY)
    is_compared, at = frame.matches is True or (is_near and frame.matches is not None), frame.captured_at
    is_sure = is_compared or not is_near
    is_away = turned + turn.frontal * turn.direction.value >= AWAY_DEGREES
    if not is_sure and at - max(turn.sure_at, turn.prompted_at) > LONGEST_UNSURE_S:
        return replace(turn, end=TurnEnd.LOST)
    seen = replace(
        turn,
        seen_at=at,
        sure_at=at if is_sure else turn.sure_at,
        farthest=max(turn.farthest, turned),
        compared=turn.compared + is_compared,
        is_shown=turn.is_shown or (is_compared and is_away and turned >= turn.needed),
    )
    is_whole = seen.is_shown and seen.compared >= LEAST_COMPARED
    return replace(seen, end=TurnEnd.TURNED) if is_whole else seen
