"""A mantrap: doors of which one is opened only while all others are closed and locked."""

import threading
from typing import Protocol

from device.records import DoorState


class Interlocked(Protocol):
    """A door as the others see it."""

    @property
    def is_closed_and_locked(self) -> bool:
        """Whether no one can come through."""

    @property
    def state(self) -> DoorState:
        """Where it is."""


class Interlock:
    """What such doors share. It holds for grants, operators and requests to exit, never for the way out: a door that
    is evacuated is released whatever the others are, and none waits for it.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        """Held by each door while it hears an event, so that no two can be released by grants at one moment."""
        self._doors: list[Interlocked] = []

    def add(self, door: Interlocked) -> None:
        """From now on the others wait for this one."""
        self._doors.append(door)

    def admits(self, door: Interlocked) -> bool:
        """Whether this door may be released now, as far as the others go. Call it with the lock held."""
        return all(
            other.is_closed_and_locked or other.state is DoorState.EVACUATION
            for other in self._doors
            if other is not door
        )
