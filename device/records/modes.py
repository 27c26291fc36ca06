"""What a person shows at a reader, and which of it a mode demands before the strike may be released."""

from dataclasses import dataclass
from enum import StrEnum


class Factor(StrEnum):
    """One thing that a person shows."""

    BADGE = "badge"
    FACE = "face"
    PIN = "pin"
    """Nothing proves one yet, so a mode that demands it grants nothing."""


@dataclass(frozen=True, slots=True)
class Mode:
    """All of these `factors` are demanded. Raises `ValueError` without the badge, which says whose the others are."""

    factors: frozenset[Factor]

    def __post_init__(self) -> None:
        if Factor.BADGE not in self.factors:
            raise ValueError("a mode without a badge would let anyone in")


BADGE = Mode(frozenset({Factor.BADGE}))
"""At the way out."""
BADGE_AND_FACE = Mode(frozenset({Factor.BADGE, Factor.FACE}))
"""At the way in."""
