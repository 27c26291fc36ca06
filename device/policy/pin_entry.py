"""A PIN as it is typed: from keys with their times to digits, or to nothing. Pure.

`#` ends it, `*` cancels it, 3 s may pass between two keys and 15 s from the first to the end. A length that no PIN has
is found out with `#` and never earlier, and of digits beyond the longest PIN none is kept, so that a flood of keys
needs no memory.
"""

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum

from device.records.pins import DIGITS, LEAST_DIGITS, MOST_DIGITS

BETWEEN_S = 3.0
"""Longest time from one key to the next."""
WHOLE_S = 15.0
"""Longest time from the first key to the end."""
KEYS = f"{DIGITS}*#"
"""All keys of a pad; what else comes is none."""


class Typed(StrEnum):
    """How far a PIN has come."""

    TYPING = "typing"
    CANCELLED = "cancelled"
    """By `*`, not a failure: the next key begins another one."""
    LATE = "late"
    """It was not ended in time, not a failure: nothing of it was compared."""
    COMPLETE = "complete"
    FAILED = "failed"
    """It was ended and can't be a PIN, one failure. Have it compared all the same: that takes the usual time."""


@dataclass(frozen=True, slots=True)
class PinEntry:
    """What was typed so far. Neither the digits nor their number are printed."""

    state: Typed = Typed.TYPING
    began_at: float | None = None
    """When the first key came, seconds on the monotonic clock."""
    key_at: float = 0.0
    """When the last one came."""
    typed: str = field(default="", repr=False)
    """The first 8 digits, whatever becomes of them."""
    is_too_long: bool = field(default=False, repr=False)

    @property
    def digits(self) -> str:
        """The digits to compare: 4 to 8 once it is complete, else none. Leading zeros count."""
        return self.typed if self.state is Typed.COMPLETE else ""

    @property
    def is_over(self) -> bool:
        """Whether no key changes it any more."""
        return self.state is not Typed.TYPING

    @property
    def deadline(self) -> float:
        """When it is late without another key; infinite before the first key and once it is over."""
        if self.began_at is None or self.is_over:
            return math.inf
        return min(self.key_at + BETWEEN_S, self.began_at + WHOLE_S)

    def press(self, keys: str, at: float) -> "PinEntry":
        """After these keys at that time. What is not a key of a pad counts for nothing."""
        entry = self.passed(at)
        for key in keys:
            if entry.is_over:
                break
            entry = _pressed(entry, key, at)
        return entry

    def passed(self, at: float) -> "PinEntry":
        """After that time without another key."""
        return replace(self, state=Typed.LATE, typed="") if at >= self.deadline else self


NOTHING_TYPED = PinEntry()


def _pressed(entry: PinEntry, key: str, at: float) -> PinEntry:
    if key not in KEYS:
        return entry
    at = max(at, entry.key_at)
    timed = replace(entry, began_at=at if entry.began_at is None else entry.began_at, key_at=at)
    match key:
        case "*":
            return replace(timed, state=Typed.CANCELLED, typed="")
        case "#":
            return _ended(timed)
        case _:
            return _with(timed, key)


def _with(entry: PinEntry, digit: str) -> PinEntry:
    if len(entry.typed) == MOST_DIGITS:
        return replace(entry, is_too_long=True)
    return replace(entry, typed=entry.typed + digit)


def _ended(entry: PinEntry) -> PinEntry:
    is_pin = len(entry.typed) >= LEAST_DIGITS and not entry.is_too_long
    return replace(entry, state=Typed.COMPLETE if is_pin else Typed.FAILED)
