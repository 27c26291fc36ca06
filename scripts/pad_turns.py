"""Turns of the head in a clip, found by the yaw alone: at which moments a live person did what a door would ask. Pure.

The labels of docs/evidence/pad.md, which know nothing of the policy. Asked at a moment for a turn to one side, the
person makes it if the head moves 25 degrees or more to that side from where it was then, leaves its place between
0.15 s and 2 s later, and does not go 10 degrees the other way first. Sooner no one reacts: it was turning already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from device.policy.turn import Direction

LEAST_DEG = 25.0
BEGUN_DEG = 3.0
"""By so much the head has left its place."""
OTHER_WAY_DEG = 10.0
REACTION_S, WITHIN_S = 0.15, 2.0
LONGEST_S = 3.0
"""Of one turn, from the request to its 25 degrees."""
STEP_S = 0.1
"""Between moments that are tried for a label."""

Yaws = Sequence[tuple[float, float]]
"""Times in seconds, and the head's yaw in degrees."""


@dataclass(frozen=True, slots=True)
class Made:
    """A turn that was made: when the head left its place, and when it had turned 25 degrees, seconds."""

    began_at: float
    reached_at: float


def made_after(asked_at: float, way: Direction, yaws: Yaws) -> Made | None:
    """The turn that a person makes who is asked at that moment; None if they don't."""
    after = [(at, yaw) for at, yaw in yaws if asked_at <= at <= asked_at + LONGEST_S]
    if not after:
        return None
    began_at = after[0][0]
    for at, yaw in after:
        gone = (yaw - after[0][1]) * way.value
        if gone < -OTHER_WAY_DEG:
            return None
        if gone >= LEAST_DEG:
            return Made(began_at, at) if REACTION_S <= began_at - asked_at <= WITHIN_S else None
        began_at = at if gone <= BEGUN_DEG else began_at
    return None


def moments(way: Direction, yaws: Yaws) -> tuple[tuple[float, float], ...]:
    """From when to when a request for a turn to that side would be met, seconds."""
    times = np.arange(yaws[0][0], yaws[-1][0], STEP_S) if yaws else np.zeros(0)
    met = [float(at) for at in times if made_after(float(at), way, yaws) is not None]
    found = list[tuple[float, float]]()
    for at in met:
        if found and at - found[-1][1] < 1.5 * STEP_S:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return tuple(found)
