"""The real clock: monotonic seconds, UTC, and a sleep that ends when the process is asked to stop."""

import time
from datetime import UTC, datetime

from device.wakeup import Wakeup, wait_for_any


class Stop(Wakeup):
    """A request to stop, for good. A signal handler may make it at any moment."""


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
        self._wait((self.stop,), seconds)

    def wait(self, wakeup: Wakeup, timeout_s: float) -> bool:
        """Waits until `wakeup` is set, at most `timeout_s`, or until `stop` is set; whether `wakeup` is."""
        self._wait((wakeup, self.stop), timeout_s)
        return wakeup.is_set()

    def _wait(self, wakeups: tuple[Wakeup, ...], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not any(one.is_set() for one in wakeups) and (left := deadline - time.monotonic()) > 0:
            wait_for_any(wakeups, left)
