"""What the rules say of a person at a door at a time, and how far the clock that says so can be relied upon."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from device.records.modes import Mode
from device.records.reasons import Reason


class ClockState(StrEnum):
    """How far the time of day can be relied upon."""

    TRUSTED = "trusted"
    """Synchronized since the start, or in agreement with the last row of the audit."""
    HELD = "held"
    """It was trusted before in this run."""
    UNTRUSTED = "untrusted"


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when a person or a badge is valid, [begins, ends) in UTC; None is without a limit.

    Raises `ValueError` for a time without a time zone, and for an end before the beginning.
    """

    begins: datetime | None = None
    ends: datetime | None = None

    def __post_init__(self) -> None:
        if any(at is not None and at.tzinfo is None for at in (self.begins, self.ends)):
            raise ValueError("a validity needs times with a time zone")
        if self.begins is not None and self.ends is not None and self.ends <= self.begins:
            raise ValueError("a validity ends after it begins")

    def objection(self, at: datetime) -> Reason | None:
        """Why it does not hold at that time, None if it does."""
        if self.begins is not None and at < self.begins:
            return Reason.NOT_YET_VALID
        return Reason.EXPIRED if self.ends is not None and at >= self.ends else None


ALWAYS_VALID = Validity()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a badge needs at one door now: a mode, or the reason why nothing helps.

    `rule` names the rule of the settings that decided, "" for the door's own default; `schedule` that rule's schedule.
    Raises `ValueError` for both or neither of mode and reason.
    """

    mode: Mode | None = None
    reason: Reason | None = None
    rule: str = ""
    schedule: str = ""
    leads: bool = False
    """A first-in release of the door waits for this person."""
    passes: bool = False
    """This person may pass in a lockdown, with a face or a PIN."""

    def __post_init__(self) -> None:
        if (self.mode is None) == (self.reason is None):
            raise ValueError("a ruling is either a mode or a reason")
