"""What counts of several words about one strike: the one table, from the one that beats all to the one that yields.

The way out is not in it: an exit badge and an exit button release in every state, for their time.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Word(Enum):
    """Who says something about the strike. Each beats those below it."""

    EVACUATION = "evacuation"
    FAULT = "fault"
    PASSING = "grant of one who may pass in a lockdown"
    LOCKDOWN = "lockdown"
    SCHEDULED_LOCK = "scheduled lock"
    SECURED = "secured by an operator until the window ends"
    SCHEDULE = "first-in or scheduled release"
    GRANT = "grant"
    """Of a badge, or of an operator, for a time."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a word does: whether the strike is released, and what becomes of grants."""

    releases: bool
    ends_grants: bool
    """A grant that was there before ends when this begins."""
    lets_grants: bool
    """One that comes afterwards counts: at a scheduled lock the rules let those of its bypass group pass, no others."""


EFFECTS: Mapping[Word, Effect] = MappingProxyType(
    {
        Word.EVACUATION: Effect(releases=True, ends_grants=True, lets_grants=False),
        Word.FAULT: Effect(releases=False, ends_grants=True, lets_grants=False),
        Word.PASSING: Effect(releases=True, ends_grants=False, lets_grants=True),
        Word.LOCKDOWN: Effect(releases=False, ends_grants=True, lets_grants=False),
        Word.SCHEDULED_LOCK: Effect(releases=False, ends_grants=True, lets_grants=True),
        Word.SECURED: Effect(releases=False, ends_grants=True, lets_grants=True),
        Word.SCHEDULE: Effect(releases=True, ends_grants=False, lets_grants=True),
        Word.GRANT: Effect(releases=True, ends_grants=False, lets_grants=True),
    }
)


def is_released(said: Set[Word]) -> bool:
    """Whether the strike is released, of all that is said about it at the moment."""
    first = next((word for word in Word if word in said), None)
    if first is None:
        return False
    effect = EFFECTS[first]
    return effect.releases or (effect.lets_grants and Word.GRANT in said)


def is_by_schedule(said: Set[Word]) -> bool:
    """Whether a schedule is what releases it."""
    return next((word for word in Word if word in said), None) is Word.SCHEDULE
