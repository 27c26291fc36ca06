"""Readers that send bytes: a descriptor to read from, and a parser that makes events of what comes."""

import contextlib
import os
import select
import termios
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from device.errors import ReaderEnded, ReaderError
from device.failures import in_words
from device.ports import Clock
from device.records import ReaderEvent, Signal

CHUNK = 4096
"""How many bytes are read at once at most."""
REST_S = 0.01
"""How long to stop reading an input that sends only garbage, so that other threads get to run."""
CHECK_HINT = "Connect the reader, and check its `source` in the settings."


class Parser(Protocol):
    """Makes events of bytes. It takes whatever comes, raises nothing, and keeps a bounded part of it."""

    def take(self, received: bytes, at: float) -> list[ReaderEvent]:
        """The events that are complete with what was received `at` this time."""

    def end(self, at: float) -> list[ReaderEvent]:
        """The events in what is left, as no more will come."""


class StreamReader:
    """`Reader` of a descriptor. Nothing is sent back, so it shows no signal."""

    def __init__(
        self, descriptor: int, parser: Parser, clock: Clock, *, may_end: bool = False, fifo: Path | None = None
    ) -> None:
        """Takes `descriptor` over, and closes it at the end unless it is standard input.

        Its end is a fault unless it `may_end`, as what is typed or piped in does. A FIFO can be removed instead.
        """
        self._descriptor = descriptor
        self._parser = parser
        self._clock = clock
        self._may_end = may_end
        self._fifo = fifo
        self._events: deque[ReaderEvent] = deque()

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """The next event, stamped when its last byte was received.

        Raises `ReaderEnded` at the end of the input, `ReaderError` if the device is gone.
        """
        if self._fifo:
            _refuse_to_be_removed(self._fifo, self._descriptor)
        left, deadline = timeout_s, self._clock.monotonic() + timeout_s
        while not self._events:
            if left < 0 or not has_come(self._descriptor, left):
                return None
            count = self._receive()
            left = deadline - self._clock.monotonic()
            if count == CHUNK and not self._events:
                self._clock.sleep(min(REST_S, max(0.0, left)))
        return self._events.popleft()

    def show(self, signal: Signal) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Closes the device; harmless when repeated."""
        if self._descriptor > 2:
            os.close(self._descriptor)
            self._descriptor = -1

    def _receive(self) -> int:
        """Takes what has come; how many bytes that were."""
        received, now = received_from(self._descriptor), self._clock.monotonic()
        if received is None:
            return 0
        if received:
            self._events.extend(self._parser.take(received, now))
        elif not self._may_end:
            raise ReaderError("The badge reader is gone: it hung up.", hint=CHECK_HINT)
        elif rest := self._parser.end(now):
            self._events.extend(rest)
        else:
            raise ReaderEnded("The badge reader's input has ended.", hint=CHECK_HINT)
        return len(received)


def _refuse_to_be_removed(fifo: Path, descriptor: int) -> None:
    """A program that writes to another FIFO at the path is not heard. Raises `ReaderError`."""
    with naming("is gone"):
        if descriptor >= 0 and not os.path.samestat(fifo.stat(), os.fstat(descriptor)):
            raise ReaderError(
                f"The badge reader is gone: {fifo} is another FIFO now.",
                hint="Keep the FIFO in place.",
            )


def has_come(descriptor: int, timeout_s: float) -> bool:
    """Whether there is something to read, or an end to be found, within `timeout_s`. Raises `ReaderError`."""
    if descriptor < 0:
        raise ReaderError("The badge reader is closed.", hint="Open it again.")
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def received_from(descriptor: int) -> bytes | None:
    """What has come, nothing at the end; None if another reader took it, or it was a false alarm.

    Raises `ReaderError`.
    """
    with naming("is gone"):
        try:
            return os.read(descriptor, CHUNK)
        except BlockingIOError:
            return None


@contextlib.contextmanager
def naming(what: str) -> Iterator[None]:
    """Turns what the system raises into a `ReaderError` that says what of the badge reader."""
    try:
        yield
    except (OSError, termios.error) as error:
        raise ReaderError(f"The badge reader {what}: {in_words(error)}.", hint=CHECK_HINT) from None
