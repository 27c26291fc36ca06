"""The real clock: monotonic seconds, UTC, and a sleep that ends when the process is asked to stop."""

import threading
import time
from datetime import UTC, datetime

SLICE_S = 0.05
"""A request to stop is seen within this time."""


class Stop:
    """A request to stop. A signal handler may make it at any moment: it takes no lock, so nothing can block on it."""

    def __init__(self) -> None:
        self._requested = False

    def set(self) -> None:
        """Asks to stop, for good."""
        self._requested = True

    def is_set(self) -> bool:
        """Whether a stop was requested."""
        return self._requested


class SystemClock:
    """`Clock` of the machine. Setting `stop` ends every sleep at once, also those that begin later."""

    def __init__(self, stop: Stop | None = None) -> None:
        self.stop = stop or Stop()

    def monotonic(self) -> float:
        """Seconds on CLOCK_MONOTONIC."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Waits for `seconds`, or until `stop` is set."""
        deadline = time.monotonic() + seconds
        while not self.stop.is_set() and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, SLICE_S))

    def wait(self, wakeup: threading.Event, timeout_s: float) -> bool:
        """Waits until `wakeup` is set, at most `timeout_s`, or until `stop` is set; whether `wakeup` is."""
        deadline = time.monotonic() + timeout_s
        while not wakeup.is_set() and not self.stop.is_set() and (left := deadline - time.monotonic()) > 0:
            wakeup.wait(min(left, SLICE_S))
        return wakeup.is_set()
