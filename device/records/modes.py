"""What a person shows at a reader, and which of it a mode demands before the strike may be released."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Factor(StrEnum):
    """One thing that a person shows."""

    BADGE = "badge"
    FACE = "face"
    PIN = "pin"


@dataclass(frozen=True, slots=True)
class Mode:
    """All of the `factors` are demanded, and where `either` names some, one of those besides.

    Raises `ValueError` without the badge, which says whose the others are.
    """

    factors: frozenset[Factor]
    either: frozenset[Factor] = frozenset()

    def __post_init__(self) -> None:
        if Factor.BADGE not in self.factors:
            raise ValueError("a mode without a badge would let anyone in")

    def missing(self, shown: frozenset[Factor]) -> frozenset[Factor]:
        """What may still be shown before it is met; empty once it is."""
        open_choice = self.either if not self.either & shown else frozenset[Factor]()
        return (self.factors - shown) | open_choice


BADGE = Mode(frozenset({Factor.BADGE}))
"""At the way out."""
BADGE_AND_FACE = Mode(frozenset({Factor.BADGE, Factor.FACE}))
"""At the way in."""
BADGE_AND_PIN = Mode(frozenset({Factor.BADGE, Factor.PIN}))
BADGE_FACE_AND_PIN = Mode(frozenset({Factor.BADGE, Factor.FACE, Factor.PIN}))
BADGE_AND_FACE_OR_PIN = Mode(frozenset({Factor.BADGE}), frozenset({Factor.FACE, Factor.PIN}))
MODES: Mapping[str, Mode] = MappingProxyType(
    {
        "badge": BADGE,
        "badge+face": BADGE_AND_FACE,
        "badge+pin": BADGE_AND_PIN,
        "badge+face+pin": BADGE_FACE_AND_PIN,
        "badge+face-or-pin": BADGE_AND_FACE_OR_PIN,
    }
)
"""All modes, by the names that settings and commands use."""
