"""Badges as lines of text: typed, or sent by a reader that writes a number and a line end to a device or FIFO."""

import os
import select
import tty
from pathlib import Path

from device.credentials import parse_badge
from device.errors import CredentialError, ReaderEnded, ReaderError
from device.ports import Clock
from device.records import BadgeRead

MAX_LINE = 64
_HINT = "Connect the reader, and check `reader.source` in the settings."


class LineReader:
    """`Reader` of a file descriptor. Clear text: whoever can write to it can claim any badge."""

    def __init__(self, descriptor: int, clock: Clock, *, may_end: bool = True) -> None:
        """Takes `descriptor` over, and closes it at the end unless it is standard input.

        Its end is a fault unless it `may_end`, as what is typed or piped in does.
        """
        self._descriptor = descriptor
        self._clock = clock
        self._may_end = may_end
        self._pending = b""
        self._skipping = False

    def read(self, timeout_s: float) -> BadgeRead | None:
        """The next line as a badge, unreadable ones without a credential; empty lines are skipped.

        Raises `ReaderEnded` at the end of the input, `ReaderError` if the device is gone.
        """
        left, deadline = timeout_s, self._clock.monotonic() + timeout_s
        while (line := self._next_line()) is None:
            if left < 0 or not select.select([self._descriptor], [], [], left)[0]:
                return None
            self._receive()
            left = deadline - self._clock.monotonic()
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
        if received:
            self._pending += received.replace(b"\r", b"\n")
        elif not self._may_end:
            raise ReaderError("The badge reader is gone: it hung up.", hint=_HINT)
        elif self._pending.strip():
            self._pending += b"\n"
        else:
            raise ReaderEnded("The badge reader's input has ended.", hint=_HINT)

    def _next_line(self) -> bytes | None:
        """The first line that is not empty. One that is too long comes out at its limit, so that memory stays bounded,
        and its rest is skipped, so that no part of it is taken for a badge.
        """
        while b"\n" in self._pending:
            line, _, self._pending = self._pending.partition(b"\n")
            told, self._skipping = self._skipping, False
            if line.strip() and not told:
                return line
        if self._skipping:
            self._pending = b""
        elif len(self._pending) > MAX_LINE:
            line, self._pending, self._skipping = self._pending, b"", True
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
    try:
        if path.is_char_device() or path.is_fifo():
            return LineReader(_opened(path), clock, may_end=False)
    except OSError as error:
        raise ReaderError(f"Cannot open the badge reader {source}: {error.strerror}.", hint=_HINT) from None
    raise ReaderError(f"There is no badge reader at {source}: expected a character device or a FIFO.", hint=_HINT)


def _opened(path: Path) -> int:
    """Also for writing, as a FIFO would end with its writer otherwise. A serial line comes raw: no byte has a meaning
    of its own, such as an end of file, and nothing is sent back.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    if os.isatty(descriptor):
        tty.setraw(descriptor)
    return descriptor
