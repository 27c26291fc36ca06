"""How figures move: on their way, swaying, shaking in a hand, turning when asked. Functions of a time and a seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import numpy as np

from device.virtual.figures import Figure, Place

HOLD_S = 0.5
"""How long a turn is held."""
REACTION_S, REACTION_SPREAD_S = 0.30, 0.05
"""From a prompt to the begin of a turn; never below 0.2 s, as with people who choose between two directions."""
TURN_S, TURN_SPREAD = 0.55, 0.22
"""From ahead to the end of a turn: median, and spread of its logarithm. Ten people who were asked reached 25 degrees
after 0.29 s median and 0.53 s at most, which is 0.55 and 1.0 s for a smooth turn by 45.
"""
_PLAYED_EVERY_S = 3.0
"""A recording that turns does so this often, to one side and the other."""


class Side(Enum):
    """To which side, seen from the person; the value is the sign of the yaw."""

    LEFT = 1
    RIGHT = -1


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person at the door was asked for, in seconds after the scene began."""

    at_s: float
    side: Side


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees: yaw to the person's left, pitch downwards, roll clockwise in the picture; a shift in units that the
    caller chooses, right and down.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 0.0
    y: float = 0.0


def place_at(figure: Figure, elapsed_s: float) -> Place:
    """Where a figure stands at a moment: on a straight way from start to end, then at the end."""
    share = 1.0 if figure.walk_s == 0 else min(1.0, elapsed_s / figure.walk_s)

    def between(start: float, end: float) -> float:
        return start + (end - start) * share

    start, end = figure.start, figure.end
    return Place(x=between(start.x, end.x), y=between(start.y, end.y), size=between(start.size, end.size))


def wander(elapsed_s: float, seed: int, slowest_hz: float) -> Pose:
    """What moves without being asked: each part a sum of three waves of seeded frequency, phase and weight, about 1 at
    the most.
    """
    frequencies, phases, weights = _waves(seed)
    values = (weights * np.sin(2 * math.pi * slowest_hz * frequencies * elapsed_s + phases)).sum(axis=1)
    return Pose(*values.tolist())


def turn_at(figure: Figure, elapsed_s: float, prompts: Sequence[Prompt], seed: int) -> float:
    """How far a figure has turned of its own will, degrees to the person's left: the last turn that has begun."""
    begun = [turn for turn in _turns(figure, prompts, seed) if turn[0] <= elapsed_s]
    if not begun:
        return 0.0
    began_s, side, took_s = begun[-1]
    return figure.turn_deg * side.value * _swing(elapsed_s - began_s, took_s)


def played_yaw(elapsed_s: float, seed: int) -> float:
    """The yaw of a face in a recording that turns to both sides in turn, degrees."""
    elapsed_s += _PLAYED_EVERY_S * float(np.random.default_rng((seed, 2)).uniform())
    number = math.floor(elapsed_s / _PLAYED_EVERY_S)
    side = Side.LEFT if number % 2 else Side.RIGHT
    return 45.0 * side.value * _swing(elapsed_s - number * _PLAYED_EVERY_S, 0.8)


def _turns(figure: Figure, prompts: Sequence[Prompt], seed: int) -> list[tuple[float, Side, float]]:
    """When a figure's turns begin, to which side, and how long each takes until it is made."""
    if figure.turns == "never":
        return []
    if figure.turns != "when-asked":
        _, took_s = _reaction(seed, 0)
        return [(figure.turn_at_s, Side[figure.turns.upper()], took_s)]
    reactions = [_reaction(seed, number) for number in range(len(prompts))]
    return [(p.at_s + after_s, p.side, took_s) for p, (after_s, took_s) in zip(prompts, reactions, strict=True)]


def _reaction(seed: int, number: int) -> tuple[float, float]:
    rng = np.random.default_rng((seed, 1, number))
    after_s = max(0.2, rng.normal(REACTION_S, REACTION_SPREAD_S))
    return after_s, float(np.clip(TURN_S * math.exp(rng.normal(0.0, TURN_SPREAD)), 0.35, 1.0))


def _swing(since_s: float, took_s: float) -> float:
    """There, held, and back: 0..1, with the least jerk."""
    if since_s < took_s + HOLD_S:
        return _smooth(since_s / took_s)
    return 1.0 - _smooth((since_s - took_s - HOLD_S) / took_s)


def _smooth(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share**3 * (10 - 15 * share + 6 * share**2)


@lru_cache(maxsize=64)
def _waves(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng((seed, 0))
    frequencies = rng.uniform((1.0, 2.0, 5.0), (2.0, 5.0, 10.0), (5, 3))
    return frequencies, rng.uniform(0, 2 * math.pi, (5, 3)), np.tile((0.6, 0.3, 0.1), (5, 1))
