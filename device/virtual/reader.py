"""The virtual reader: badges laid on it by a scenario or a test."""

from collections import deque
from collections.abc import Callable

from device.errors import ReaderError
from device.ports import Clock
from device.records import BadgeRead, Credential, KeyPress, Notice, ReaderEvent, ReaderNotice, Signal


class SimulatedReader:
    """`Reader` of badges presented in the program itself. It promises nothing: anyone may run it."""

    def __init__(self, clock: Clock, name: str = "reader") -> None:
        self._clock = clock
        self.name = name
        self._events: deque[ReaderEvent] = deque()
        self._lost = False
        self.broken = False
        """While true, reading fails, as with a pulled plug."""
        self.shown: list[Signal] = []
        """The signals it was given, the last one last."""
        self.seen_by: Callable[[Signal], None] = lambda _signal: None
        """Who stands before it, and sees what it shows."""

    def present(self, credential: Credential | None, fault: str = "") -> None:
        """Lays a badge on the reader; None is one that it cannot read. A lost reader reads nothing."""
        if not self._lost:
            self._events.append(BadgeRead(credential, self._clock.monotonic(), self.name, fault=fault))

    def press(self, keys: str) -> None:
        """Types on its pad."""
        if not self._lost:
            self._events.append(KeyPress(keys, self._clock.monotonic(), self.name))

    def notice(self, notice: Notice) -> None:
        """Has it say something of itself; a lost one reads nothing until it is found."""
        self._lost = (self._lost or notice is Notice.LOST) and notice is not Notice.FOUND
        self._events.append(ReaderNotice(notice, self._clock.monotonic(), self.name))

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """The next event, or None when `timeout_s` has passed on the clock."""
        if self.broken:
            raise ReaderError("The simulated reader is broken.", hint="Fix it in the scenario or the test.")
        if self._events:
            return self._events.popleft()
        self._clock.sleep(timeout_s)
        return None

    def show(self, signal: Signal) -> None:
        """Remembers it."""
        if self.broken:
            raise ReaderError("The simulated reader is broken.", hint="Fix it in the scenario or the test.")
        self.shown.append(signal)
        self.seen_by(signal)

    def close(self) -> None:
        """Nothing is held open."""
