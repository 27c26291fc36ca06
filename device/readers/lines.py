"""Badges as lines of text: typed, or sent by a reader that writes a number and a line end to a device or FIFO."""

import contextlib
import os
import select
import termios
import tty
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from device.credentials import parse_badge
from device.errors import CredentialError, ReaderEnded, ReaderError
from device.ports import Clock
from device.records import BadgeRead

MAX_LINE = 64
LINE_TIME_S = 1.0
"""A pause of more than this within a line means that its rest was lost."""
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
        self._reads: deque[BadgeRead] = deque()
        self._partial = b""
        self._received_at = clock.monotonic()
        self._skipping = False

    def read(self, timeout_s: float) -> BadgeRead | None:
        """The next line as a badge, stamped when it was received, unreadable ones without a credential; empty lines are
        skipped.

        Raises `ReaderEnded` at the end of the input, `ReaderError` if the device is gone.
        """
        left, deadline = timeout_s, self._clock.monotonic() + timeout_s
        while not self._reads:
            if left < 0 or not self._has_come(left):
                return None
            self._receive()
            left = deadline - self._clock.monotonic()
        return self._reads.popleft()

    def close(self) -> None:
        """Closes the device; harmless when repeated."""
        if self._descriptor > 2:
            os.close(self._descriptor)
            self._descriptor = -1

    def _has_come(self, timeout_s: float) -> bool:
        with _named("is gone"):
            return bool(select.select([self._descriptor], [], [], timeout_s)[0])

    def _receive(self) -> None:
        try:
            with _named("is gone"):
                received = os.read(self._descriptor, 4096)
        except BlockingIOError:  # somebody else took it, or it was a false alarm
            return
        self._begin_anew_after_a_pause()
        if received:
            self._take(received)
        elif not self._may_end:
            raise ReaderError("The badge reader is gone: it hung up.", hint=_HINT)
        elif self._partial.strip():
            self._take(b"\n")
        else:
            raise ReaderEnded("The badge reader's input has ended.", hint=_HINT)

    def _begin_anew_after_a_pause(self) -> None:
        """What came of a line before a pause is noise of its own: with what comes now it could make somebody else's
        badge.
        """
        now = self._clock.monotonic()
        if now - self._received_at > LINE_TIME_S:
            if self._partial.strip():
                self._reads.append(BadgeRead(None, now))
            self._partial, self._skipping = b"", False
        self._received_at = now

    def _take(self, received: bytes) -> None:
        """Takes lines out of what came. One that is too long is told at its limit, so that memory stays bounded, and
        its rest is skipped, so that no part of it is taken for a badge.
        """
        *lines, self._partial = (self._partial + received.replace(b"\r", b"\n")).split(b"\n")
        for line in lines:
            if line.strip() and not self._skipping:
                self._reads.append(self._badge(line))
            self._skipping = False
        if len(self._partial) > MAX_LINE and not self._skipping:
            self._reads.append(BadgeRead(None, self._received_at))
            self._skipping = True
        if self._skipping:
            self._partial = b""

    def _badge(self, line: bytes) -> BadgeRead:
        try:
            return BadgeRead(parse_badge(line.decode("ascii", errors="replace")), self._received_at)
        except CredentialError:
            return BadgeRead(None, self._received_at)


@contextlib.contextmanager
def _named(what: str) -> Iterator[None]:
    """Turns what the system raises into a `ReaderError`; that there is nothing to read yet is no fault."""
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        raise ReaderError(f"The badge reader {what}: {error.strerror}.", hint=_HINT) from None
    except termios.error as error:
        raise ReaderError(f"The badge reader {what}: {error.args[-1]}.", hint=_HINT) from None


def open_line_reader(source: str, clock: Clock) -> LineReader:
    """The reader of standard input (`stdin`), a character device or a FIFO. Raises `ReaderError`."""
    if source == "stdin":
        return LineReader(0, clock)
    path = Path(source)
    with _named(f"{source} cannot be opened"):
        if path.is_char_device() or path.is_fifo():
            return LineReader(_opened(path), clock, may_end=False)
    raise ReaderError(f"There is no badge reader at {source}: expected a character device or a FIFO.", hint=_HINT)


def _opened(path: Path) -> int:
    """Also for writing, as a FIFO would end with its writer otherwise. A serial line comes raw: no byte has a meaning
    of its own, such as an end of file, and nothing is sent back.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if os.isatty(descriptor):
            tty.setraw(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
