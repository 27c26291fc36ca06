"""The page of `lintel doctor`: lines with a light each, and what they come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

RED_EXIT = 15
"""Exit code of a page with a red line."""


class Light(StrEnum):
    """How bad it is."""

    GREEN = "green"
    """In order, or not on this machine."""
    AMBER = "amber"
    """The doors work; someone should look at it."""
    RED = "red"
    """Something does not work, or protects no more."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. `code` stays the same in all versions; `about` names the door, if it is one's."""

    code: str
    light: Light
    what: str
    """A phrase without a full stop."""
    hint: str = ""
    """What to do, in a sentence; "" if nothing is."""
    about: str = ""


def worst(lines: Iterable[Line]) -> Light:
    """The light of the whole page."""
    seen = {line.light for line in lines}
    return next((light for light in (Light.RED, Light.AMBER) if light in seen), Light.GREEN)


def exit_code(lines: Iterable[Line]) -> int:
    """0 for a page that is green or amber, 15 for a red one."""
    return RED_EXIT if worst(lines) is Light.RED else 0
