"""Turns of the head that a live clip shows, by script: at which starts a person did what a door asked. Pure."""

from collections.abc import Iterator, Sequence
from statistics import median

from device.pad.judging import TurnMade
from device.policy.events import FrameSeen
from device.policy.turn import DEGREES, WITHIN_S, Direction

NEAR_DEGREES = 6.0
"""A turn begins when the head was last this near to its view straight ahead."""


def turns_in(frames: Sequence[FrameSeen]) -> tuple[TurnMade, ...]:
    """The turns of 25 degrees and more, each from the last frame near the person's own view straight ahead.

    That view is the median over the clip; without a pose there is none, and no turn.
    """
    yaws = [(frame.captured_at, frame.cues.yaw) for frame in frames if frame.cues is not None]
    if not yaws:
        return ()
    ahead = median(yaw for _, yaw in yaws)
    return tuple(_turns([(at, yaw - ahead) for at, yaw in yaws]))


def _turns(yaws: Sequence[tuple[float, float]]) -> Iterator[TurnMade]:
    began_at: float | None = None
    for at, yaw in yaws:
        if abs(yaw) <= NEAR_DEGREES:
            began_at = at
        elif abs(yaw) >= DEGREES and began_at is not None:
            if at - began_at <= WITHIN_S:
                yield TurnMade(began_at, Direction.LEFT if yaw > 0 else Direction.RIGHT)
            began_at = None
