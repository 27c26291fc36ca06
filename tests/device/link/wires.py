"""A wire for the tests of the link: it writes down what it gets, and can fail."""

import threading
from collections.abc import Sequence

from device.errors import LinkError
from device.link.carrier import Pace
from device.link.events import LinkEvent
from device.records import DoorStatus
from tests.waiting import PATIENCE_S

QUICK = Pace(first_s=0.001, longest_s=0.004, look_s=0.01, show_s=0.05, save_s=0.0, retry_s=0.001)


class NotedWire:
    """`Wire` of a far side that acknowledges what it writes down."""

    def __init__(self) -> None:
        self.events: list[LinkEvent] = []
        self.shown: list[tuple[DoorStatus, ...]] = []
        self.opened = self.closed = 0
        self.failures: dict[str, int] = {}
        """How many times each method fails from now on."""
        self.lost_acknowledgements = 0
        self.hang: threading.Event | None = None
        self.error: Exception = LinkError("The far side refuses.", hint="Ask it.")

    def open(self) -> None:
        self._fail("open")
        self.opened += 1

    def deliver(self, events: Sequence[LinkEvent]) -> None:
        if self.hang is not None:
            self.hang.wait(PATIENCE_S)
        self._fail("deliver")
        self.events += events
        if self.lost_acknowledgements:
            self.lost_acknowledgements -= 1
            raise self.error

    def show(self, doors: tuple[DoorStatus, ...]) -> None:
        self._fail("show")
        self.shown.append(doors)

    def close(self) -> None:
        self.closed += 1
        self._fail("close")

    def check(self) -> str:
        self._fail("check")
        return "It was read back."

    @property
    def numbers(self) -> list[int]:
        return [event.id for event in self.events]

    def _fail(self, method: str) -> None:
        if self.failures.get(method):
            self.failures[method] -= 1
            raise self.error
