"""The real clock: monotonic seconds, UTC, and a sleep that ends when the process is asked to stop."""

import threading
import time
from datetime import UTC, datetime


class SystemClock:
    """`Clock` of the machine. Setting `stop` ends every sleep at once, also those that begin later."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = stop or threading.Event()

    def monotonic(self) -> float:
        """Seconds on CLOCK_MONOTONIC."""
        return time.monotonic()

    def utc(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Waits for `seconds`, or until `stop` is set."""
        self.stop.wait(max(0.0, seconds))
