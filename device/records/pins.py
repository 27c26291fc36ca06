"""What became of a PIN that was typed, and how many tries with a badge have failed."""

from dataclasses import dataclass
from enum import StrEnum

DIGITS = "0123456789"
"""All that a PIN is made of."""
LEAST_DIGITS, MOST_DIGITS = 4, 8
"""How many of them."""


class PinAnswer(StrEnum):
    """What a typed PIN is, compared with those of the badge's holder."""

    RIGHT = "right"
    DURESS = "duress"
    """The one that the holder types when forced to."""
    WRONG = "wrong"
    ABSENT = "absent"
    """The holder has none."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed tries with one badge: in a row by factor, and of both since the last grant.

    A grant by PIN leaves the faces that failed before, and the other way round. Raises `ValueError` below zero.
    """

    face: int = 0
    pin: int = 0
    since_grant: int = 0

    def __post_init__(self) -> None:
        if min(self.face, self.pin, self.since_grant) < 0:
            raise ValueError("a number of failures is never below zero")


NO_FAILURES = Failures()
