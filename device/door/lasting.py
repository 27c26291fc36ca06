"""What outlasts a restart of a door: the mode it was put in, and where its leaf was seen last. Values only.

`device.door.controller` says what follows from them, `device.door.mode` keeps them on the disk.
"""

from dataclasses import dataclass
from enum import StrEnum


class Order(StrEnum):
    """The state that an operator has ordered until it is cleared."""

    NONE = "none"
    LOCKDOWN = "lockdown"
    EVACUATION = "evacuation"


class Standing(StrEnum):
    """Where the door's leaf was seen last, so that one found open at a start is judged by it."""

    UNKNOWN = "unknown"
    """Never seen: no position switch, or the first start."""
    CLOSED = "closed"
    OPEN = "open"
    """Opened with cause, or cleared by an operator since."""
    FORCED = "forced"
    """Opened without cause, and its alarm was not over."""


@dataclass(frozen=True, slots=True)
class Mode:
    """What a door stays in until an operator clears it."""

    ordered: Order = Order.NONE
    switched: bool = False
    """The lockdown input was active."""
    fire: bool = False
    """The fire input was active. After a restart what the input says then decides."""

    @property
    def is_evacuation(self) -> bool:
        """Whether everyone is let out."""
        return self.fire or self.ordered is Order.EVACUATION

    @property
    def is_lockdown(self) -> bool:
        """Whether no one is let in; an evacuation comes first."""
        return self.switched or self.ordered is Order.LOCKDOWN


@dataclass(frozen=True, slots=True)
class Windows:
    """What became of windows in which a schedule releases the door, so that a restart inside one changes nothing."""

    led: str = ""
    """The window, as `ScheduleChanged` has it, in which the person it waits for has come."""
    secured: str = ""
    """Until when an operator has secured the door: the end of that window."""

    def let(self, window: str, *, awaits: bool) -> bool:
        """Whether a window releases the door, as far as these go. What was secured counts for each window that begins
        before that time, so that new rules or a clock that is set back release nothing.
        """
        begins = window.partition("/")[0]
        return not self.is_secured(begins) and (not awaits or self.led == window)

    def is_secured(self, begins: str) -> bool:
        """Whether an operator has ended the window that begins then."""
        return self.secured > begins


@dataclass(frozen=True, slots=True)
class Lasting:
    """All of a door that outlasts a restart."""

    mode: Mode = Mode()
    standing: Standing = Standing.UNKNOWN
    windows: Windows = Windows()
