"""Reopens a reader that is missing or went away, until it is found."""

import math
from collections.abc import Callable
from contextlib import suppress

from device.errors import ConfigError, DependencyMissing, ReaderEnded
from device.failures import in_words
from device.ports import Clock, Reader
from device.records import Notice, ReaderEvent, ReaderNotice, Signal

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0
"""Before it is looked for again: each time twice as long, and from the first on if it was there for the longest."""


class Recovered:
    """`Reader` that outlives the readers it opens, and reports when one is lost and another found."""

    def __init__(self, reopen: Callable[[], Reader], first: Reader | None, *, name: str, clock: Clock) -> None:
        """Takes over `first`, so that a reader missing at start is an error at start. Without it the first `read` opens
        one, and a reader that is missing is reported as lost.
        """
        self._reopen = reopen
        self._reader = first
        self._name = name
        self._clock = clock
        self._wait_s = FIRST_WAIT_S
        self._next_try_at = -math.inf
        self._found_at = -math.inf
        self._is_lost = False
        self._pending: ReaderEvent | None = None
        self._cannot_show: tuple[Reader, Exception] | None = None

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """The next event of the reader, or that it is lost or found. Raises `ReaderEnded` alone.

        Looking for it takes no longer than `timeout_s`, and what one try to open it takes.
        """
        if self._pending is not None:
            event, self._pending = self._pending, None
            return event
        if self._reader is None:
            return self._look(timeout_s)
        try:
            return self._read_from(self._reader, timeout_s)
        except ReaderEnded:
            raise
        except Exception as error:
            return self._lose(error)

    def show(self, signal: Signal) -> None:
        """Shows it on the reader if there is one. One that fails to is lost, as the next `read` reports."""
        if (reader := self._reader) is not None:
            try:
                reader.show(signal)
            except Exception as error:
                self._cannot_show = (reader, error)

    def close(self) -> None:
        """Closes the reader if there is one; harmless when repeated."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _read_from(self, reader: Reader, timeout_s: float) -> ReaderEvent | None:
        if (failed := self._cannot_show) and failed[0] is reader:
            raise failed[1]
        return reader.read(timeout_s)

    def _lose(self, error: Exception) -> ReaderNotice:
        with suppress(Exception):  # what has failed may fail again
            self.close()
        self._cannot_show = None
        now = self._clock.monotonic()
        if now - self._found_at > LONGEST_WAIT_S:
            self._wait_s = FIRST_WAIT_S
        self._next_try_at = now + self._wait_s
        self._is_lost = True
        return ReaderNotice(Notice.LOST, now, self._name, in_words(error))

    def _look(self, timeout_s: float) -> ReaderEvent | None:
        """Tries to open it whenever the time of the next try has come."""
        deadline = self._clock.monotonic() + timeout_s
        while True:
            self._clock.sleep(max(0.0, min(self._next_try_at, deadline) - self._clock.monotonic()))
            if self._clock.monotonic() < self._next_try_at:
                return None
            was_lost, failure = self._is_lost, self._failure_to_open()
            self._is_lost = failure is not None
            if was_lost and failure is None:
                return ReaderNotice(Notice.FOUND, self._found_at, self._name)
            if failure is not None and not was_lost:
                return ReaderNotice(Notice.LOST, self._clock.monotonic(), self._name, _why_missing(failure))
            if failure is None:
                return self.read(max(0.0, deadline - self._clock.monotonic()))

    def _failure_to_open(self) -> Exception | None:
        """Opens it, or schedules the next try. What settings or packages lack is not there at the next try either."""
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        try:
            self._reader = self._opened()
        except (ConfigError, DependencyMissing) as error:
            self._next_try_at = math.inf
            return error
        except Exception as error:
            self._next_try_at = self._clock.monotonic() + self._wait_s
            return error
        self._found_at = self._clock.monotonic()
        return None

    def _opened(self) -> Reader:
        """A reader that opens and can be read from; what it says at once is kept."""
        reader = self._reopen()
        try:
            self._pending = reader.read(0.0)
        except BaseException:
            reader.close()
            raise
        return reader


def _why_missing(error: Exception) -> str:
    """With what to do, where waiting does not help."""
    hint = f" {error.hint}" if isinstance(error, ConfigError | DependencyMissing) else ""
    return f"{in_words(error)}{hint}"
