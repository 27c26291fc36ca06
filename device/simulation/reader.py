"""The virtual reader: badges laid on it by a scenario or a test."""

from collections import deque

from device.errors import ReaderError
from device.ports import Clock
from device.records import BadgeRead, Credential


class SimulatedReader:
    """`Reader` of badges presented in the program itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._presented: deque[BadgeRead] = deque()
        self.broken = False
        """While true, reading fails, as with a pulled plug."""

    def present(self, credential: Credential | None) -> None:
        """Lays a badge on the reader; None is one that it cannot read."""
        self._presented.append(BadgeRead(credential, self._clock.monotonic()))

    def read(self, timeout_s: float) -> BadgeRead | None:
        """The next badge, or None when `timeout_s` has passed on the clock."""
        if self.broken:
            raise ReaderError("The simulated reader is broken.", hint="Mend it in the scenario or the test.")
        if self._presented:
            return self._presented.popleft()
        self._clock.sleep(timeout_s)
        return None

    def close(self) -> None:
        """Nothing is held open."""
