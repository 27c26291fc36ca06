"""A door's own threshold of the passive network, from what was recorded at the door. Pure.

After `device.pad.trying`, which says what the door's policy made of each presentation; `device.own_threshold` keeps it.
Within one camera live people and attacks lie apart, and where they do so differs from door to door: a threshold of the
door's own is worth more than a better network.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from device.own_threshold import LEAST, MOST
from device.pad.counting import LIVE

LEAST_LIVE, LEAST_PEOPLE = 20, 3
"""Live presentations, and by how many people."""
NEEDED_ATTACKS = ("phone", "tablet", "print")
PERCENTILE, MARGIN = 5.0, 0.10
"""The threshold lies this much below that percentile of the live presentations."""


@dataclass(frozen=True, slots=True)
class Valued:
    """A presentation and the mean probability of a live face that the door's policy saw, None if it saw no mean.

    Of an attack it is the highest of all its starts: the attacker chooses the moment.
    """

    name: str
    species: str
    person: str
    live: float | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A threshold, or why there is none: `lacking` is what is missing or speaks against it, sentence by sentence."""

    threshold: float | None
    lacking: tuple[str, ...]
    live: int
    """Live presentations with a value."""
    people: int
    live_refused: int
    """How many of them it refuses."""
    attacks: int
    """Attacks with a value."""


def proposed(presentations: Iterable[Valued]) -> Proposal:
    """The threshold that presentations at one door support: max(0.30, min(0.70, 5th percentile of live - 0.10)).

    None if too little was presented, or an attack reaches it.
    """
    valued = [one for one in presentations if one.live is not None]
    live = [one for one in valued if one.species == LIVE]
    attacks = [one for one in valued if one.species != LIVE]
    people = len({one.person for one in live})
    lacking = [*_too_little(live, people), *_missing(attacks)]
    threshold = threshold_of([one.live for one in live if one.live is not None]) if live else None
    if threshold is not None:
        lacking += [_above(one, threshold) for one in attacks if one.live is not None and one.live >= threshold]
    refused = sum(one.live < threshold for one in live if one.live is not None) if threshold is not None else 0
    return Proposal(None if lacking else threshold, tuple(lacking), len(live), people, refused, len(attacks))


def threshold_of(live: Sequence[float]) -> float:
    """max(0.30, min(0.70, 5th percentile - 0.10)) of the values of live presentations. Raises `ValueError` for none."""
    if not live:
        raise ValueError("expected the value of at least one live presentation")
    return max(LEAST, min(MOST, float(np.percentile(np.asarray(live, np.float64), PERCENTILE)) - MARGIN))


def _too_little(live: Sequence[Valued], people: int) -> list[str]:
    if len(live) >= LEAST_LIVE and people >= LEAST_PEOPLE:
        return []
    expected = f"expected {LEAST_LIVE} or more of {LEAST_PEOPLE} people or more"
    return [f"Live presentations: {len(live)}, people: {people}; {expected}."]


def _missing(attacks: Sequence[Valued]) -> list[str]:
    there = {one.species for one in attacks}
    missing = [name for name in NEEDED_ATTACKS if name not in there]
    return [f"No presentation of: {', '.join(missing)}."] if missing else []


def _above(attack: Valued, threshold: float) -> str:
    return f"The attack {attack.name} reaches {attack.live:.2f}, which is not below {threshold:.2f}."
