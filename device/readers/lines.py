"""Badges as lines of text: typed, or sent by a reader that writes a number and a line end to a device or FIFO."""

import os
import select
from pathlib import Path

from device.credentials import parse_badge
from device.errors import CredentialError, ReaderEnded, ReaderError
from device.ports import Clock
from device.records import BadgeRead

MAX_LINE = 64
_HINT = "Connect the reader, and check `reader.source` in the settings."


class LineReader:
    """`Reader` of a file descriptor. Clear text: whoever can write to it can claim any badge."""

    def __init__(self, descriptor: int, clock: Clock) -> None:
        """Takes `descriptor` over, and closes it at the end unless it is standard input."""
        self._descriptor = descriptor
        self._clock = clock
        self._pending = b""

    def read(self, timeout_s: float) -> BadgeRead | None:
        """The next line as a badge, unreadable ones without a credential; empty lines are skipped.

        Raises `ReaderEnded` at the end of the input, `ReaderError` if the device is gone.
        """
        deadline = self._clock.monotonic() + timeout_s
        while (line := self._next_line()) is None:
            left = deadline - self._clock.monotonic()
            if left < 0 or not select.select([self._descriptor], [], [], left)[0]:
                return None
            self._receive()
        return self._badge(line)

    def close(self) -> None:
        """Closes the device; harmless when repeated."""
        if self._descriptor > 2:
            os.close(self._descriptor)
            self._descriptor = -1

    def _receive(self) -> None:
        try:
            received = os.read(self._descriptor, 4096)
        except OSError as error:
            raise ReaderError(f"The badge reader is gone: {error.strerror}.", hint=_HINT) from None
        if not received:
            if self._pending.strip():
                received = b"\n"
            else:
                raise ReaderEnded("The badge reader's input has ended.", hint=_HINT)
        self._pending += received

    def _next_line(self) -> bytes | None:
        """The first line that is not empty; one that is too long comes out at its limit, so that memory stays
        bounded.
        """
        while b"\n" in (normalized := self._pending.replace(b"\r", b"\n")):
            line, _, self._pending = normalized.partition(b"\n")
            if line.strip():
                return line
        if len(self._pending) > MAX_LINE:
            line, self._pending = self._pending, b""
            return line
        return None

    def _badge(self, line: bytes) -> BadgeRead:
        at = self._clock.monotonic()
        try:
            return BadgeRead(parse_badge(line.decode("ascii", errors="replace")), at)
        except CredentialError:
            return BadgeRead(None, at)


def open_line_reader(source: str, clock: Clock) -> LineReader:
    """The reader of standard input (`stdin`), a character device or a FIFO. Raises `ReaderError`."""
    if source == "stdin":
        return LineReader(0, clock)
    path = Path(source)
    if not (path.is_char_device() or path.is_fifo()):
        raise ReaderError(f"There is no badge reader at {source}: expected a character device or a FIFO.", hint=_HINT)
    try:
        return LineReader(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY), clock)
    except OSError as error:
        raise ReaderError(f"Cannot open the badge reader {source}: {error.strerror}.", hint=_HINT) from None
