"""What an integration is to the link: a wire that takes events, and shows how the doors are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from device.link.events import LinkEvent
from device.records import DoorStatus


class Wire(Protocol):
    """One far side: a broker, an address, a log. What fails raises `LinkError`; the link closes, waits and opens again.

    One thread uses it, an integration's own; no call may last longer than 60 s.
    """

    def open(self) -> None:
        """Connects. May be called again after `close`."""

    def deliver(self, events: Sequence[LinkEvent]) -> None:
        """Sends events in their order; returns once the far side has acknowledged all. They may come a second time."""

    def show(self, doors: tuple[DoorStatus, ...]) -> None:
        """How the doors are now: after each `open`, when it changes, and every 5 s; none while no service answers."""

    def close(self) -> None:
        """Disconnects; harmless when it isn't open."""


@runtime_checkable
class Checked(Protocol):
    """A wire that can prove itself, for `lintel link check`."""

    def check(self) -> str:
        """Connects, sends something and reads it back, by itself. Says in words what was proved; raises `LinkError`."""


@runtime_checkable
class Measuring(Protocol):
    """A wire that says how far behind all of them are."""

    def measure(self, outbox: Callable[[], int | None]) -> None:
        """Takes what says how many rows wait for the slowest integration; None while that is unknown."""


@dataclass(frozen=True, slots=True)
class Integration:
    """A wire with its name, which is the name of its cursor's file too: a-z, 0-9 and hyphens."""

    name: str
    wire: Wire
    names: bool = False
    """Whether the owner wants people, badges and operators named there."""
    at_once: int = 200
    """Most events of one `deliver`; fewer where they take long."""
