"""Badges as lines of text: typed, or sent by a reader that writes a number and a line end to a device or FIFO."""

import stat
from pathlib import Path

from device.credentials import parse_badge
from device.errors import CredentialError, ReaderError
from device.ports import Clock, Reader
from device.readers.context import ReaderContext
from device.readers.serial_line import open_device
from device.readers.streams import CHECK_HINT, StreamReader, naming
from device.records import BadgeRead, Credential, ReaderEvent, Security
from device.settings.tables import ReaderSettings

MAX_LINE = 80
LINE_TIME_S = 1.0
"""A pause of more than this within a line means that its rest was lost."""


class LineParser:
    """Turns lines into badges; other lines become unreadable badges, empty ones are skipped."""

    def __init__(self, name: str, security: Security) -> None:
        self._name = name
        self._security = security
        self._partial = b""
        self._received_at = 0.0
        self._skipping = False

    def take(self, received: bytes, at: float) -> list[ReaderEvent]:
        """The lines that have come to their end.

        One that is too long is reported at its limit, so that memory stays bounded, and its rest is skipped, so that no
        part of it is taken for a badge.
        """
        reads = self._start_over_after_a_pause(at)
        *lines, self._partial = (self._partial + received.replace(b"\r", b"\n")).split(b"\n")
        for line in lines:
            if line.strip() and not self._skipping:
                reads.append(self._badge(line))
            self._skipping = False
        if len(self._partial) > MAX_LINE and not self._skipping:
            reads.append(self._read(None, f"a line of more than {MAX_LINE} characters"))
            self._skipping = True
        if self._skipping:
            self._partial = b""
        return reads

    def end(self, at: float) -> list[ReaderEvent]:
        """A last line without an end."""
        return self.take(b"\n", at) if self._partial.strip() else []

    def _start_over_after_a_pause(self, at: float) -> list[ReaderEvent]:
        """What came of a line before a pause is noise, and so is the rest of that line: either could be another
        badge, and so could both together.
        """
        paused, self._received_at = at - self._received_at > LINE_TIME_S, at
        if not paused:
            return []
        lost, self._partial = self._partial.strip(), b""
        self._skipping = bool(lost)
        return [self._read(None, "a line whose end was lost")] if lost else []

    def _badge(self, line: bytes) -> BadgeRead:
        try:
            return self._read(parse_badge(line.decode("ascii", errors="replace")), "")
        except CredentialError:
            return self._read(None, f"a line that is not a badge, of {len(line.strip())} characters")

    def _read(self, credential: Credential | None, fault: str) -> BadgeRead:
        return BadgeRead(credential, self._received_at, self._name, self._security, fault)


def open_reader(settings: ReaderSettings, around: ReaderContext) -> Reader:
    """The reader of standard input (`stdin`), a character device or a FIFO. Raises `ReaderError`.

    Security: standard input and a FIFO are local; any program that may write to them can claim any badge. A device is
    clear text: anyone at its wire can do so.
    """
    return _opened(settings, around.clock)


def open_line_reader(source: str, clock: Clock) -> Reader:
    """The same under no name, for badges that are typed at a desk."""
    return _opened(ReaderSettings(name="", source=source), clock)


def _opened(settings: ReaderSettings, clock: Clock) -> Reader:
    if settings.source == "stdin":
        return StreamReader(0, LineParser(settings.name, Security.LOCAL), clock, may_end=True)
    path = Path(settings.source)
    with naming(f"{path} cannot be opened"):
        security = security_of_source(path)
        parser, fifo = LineParser(settings.name, security), path if path.is_fifo() else None
        return StreamReader(open_device(path, settings.baud_rate), parser, clock, fifo=fifo)


def security_of_source(path: Path) -> Security:
    """What a device or FIFO promises. Raises `ReaderError` if there is neither."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, ValueError):
        mode = 0
    if stat.S_ISFIFO(mode):
        return Security.LOCAL
    if stat.S_ISCHR(mode):
        return Security.CLEAR_TEXT
    raise ReaderError(f"No badge reader at {path}: expected a character device or a FIFO.", hint=CHECK_HINT)
