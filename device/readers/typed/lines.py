"""Badges as lines of text: typed, or sent by a reader that writes a number and a line end to a device or FIFO."""

import codecs
import re
import stat
from pathlib import Path

from device.errors import ReaderError
from device.ports import Clock, Reader
from device.readers.context import ReaderContext
from device.readers.serial_line import open_device
from device.readers.streams import CHECK_HINT, StreamReader, naming
from device.readers.typed.forms import PLAIN, LineForm, bare, form_of, text_of
from device.readers.typed.hints import hint_for
from device.records import BadgeRead, Credential, KeyPress, ReaderEvent, Security
from device.settings.tables import ReaderSettings

MAX_LINE = 80
LINE_TIME_S = 1.0
"""A pause of more than this within a line means that its rest was lost."""
SIGNS_OF_LIFE = 3
"""A line that is no badge and comes so many times in a row may be sent by the reader itself."""
IGNORE_HINT = "It came several times: if the reader sends it by itself, name it in `ignore`."
HINTS_A_SECOND = 10
"""Lines for which settings are tried: more than a person presents, less than noise on a wire."""
STX, ETX = b"\x02", b"\x03"
BLANK = b" \t\v\f\0" + ETX
"""What stands in front of a line without meaning: an idle wire sends NUL, and ETX ends what came before."""
FIRST_PRINTABLE = 0x20
_TYPED = re.compile(r"[0-9*#]{0,31}[*#]")
_FRAME_END, _BEHIND = re.compile(rb"[\r\n\x03]"), re.compile(rb"[\r\n\x02]")


class LineParser:
    """Turns lines into badges; other lines become unreadable badges, empty ones are skipped."""

    def __init__(self, name: str, security: Security, form: LineForm = PLAIN) -> None:
        self._name = name
        self._security = security
        self._form = form
        self._end = _line_end(form)
        self._partial = b""
        self._received_at = 0.0
        self._skipping = False
        self._behind_frame = False
        self._repeated = Repeated()
        self._hints_since, self._hints = 0.0, 0

    def take(self, received: bytes, at: float) -> list[ReaderEvent]:
        """The lines that have come to their end.

        One that is too long is reported at its limit, so that memory stays bounded, and its rest is skipped, so that no
        part of it is taken for a badge.
        """
        reads = self._start_over_after_a_pause(at)
        lines, self._partial = self._cut(self._partial + received)
        for line in lines:
            if line.strip() and not self._skipping and not self._form.ignores(line):
                reads.append(self._keys(line) or self._badge(line))
            self._skipping = False
        if _is_too_long(self._partial) and not self._skipping:
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
        partial, self._partial = self._partial.removeprefix(codecs.BOM_UTF8).strip(b" \0"), b""
        self._skipping, self._behind_frame = bool(partial.strip(BLANK)), False
        return [self._read(None, f"a line whose end was lost{_end_hint(partial)}")] if self._skipping else []

    def _cut(self, data: bytes) -> tuple[list[bytes], bytes]:
        """The lines that have come to their end, and what is left. What begins with STX ends with ETX too; the rest of
        its line is a check sum or nothing.
        """
        lines: list[bytes] = []
        while True:
            if self._behind_frame:
                begin = _BEHIND.search(data)
                if begin is None:
                    return lines, b""
                data, self._behind_frame = data[begin.start() :], False
            blanks = len(data) - len(data.lstrip(BLANK))
            is_frame = data[blanks : blanks + 1] == STX
            end = (_FRAME_END if is_frame else self._end).search(data, blanks)
            if end is None:
                return lines, data
            is_line_end = end[0] in b"\r\n"
            lines.append(data[: end.start() if is_line_end else end.end()])
            data, self._behind_frame = data[end.end() :], is_frame and not is_line_end

    def _keys(self, line: bytes) -> KeyPress | None:
        """Keys of a pad, if these are all: up to the # or * that ends a PIN, which no badge has."""
        text = bare(self._form.meant(line)).strip()
        return KeyPress(text, self._received_at, self._name) if _TYPED.fullmatch(text) else None

    def _badge(self, line: bytes) -> BadgeRead:
        text = self._form.meant(line)
        if credential := self._form.badge(text):
            self._repeated.forget()
            return self._read(credential, "")
        fault = f"a line that is not a badge, of {len(text.strip())} characters"
        hint = (self._may_hint() and hint_for(line, self._form)) or self._repeated.hint_for(line)
        return self._read(None, f"{fault}. {hint}" if hint else fault, text.strip())

    def _may_hint(self) -> bool:
        """Whether there is time to try settings: a flood of lines is read without."""
        if self._received_at - self._hints_since >= 1.0 or self._received_at < self._hints_since:
            self._hints_since, self._hints = self._received_at, 0
        self._hints += 1
        return self._hints <= HINTS_A_SECOND

    def _read(self, credential: Credential | None, fault: str, text: str = "") -> BadgeRead:
        return BadgeRead(credential, self._received_at, self._name, self._security, fault, text=text)


class Repeated:
    """Notices a line that is no badge and comes again and again, with no badge in between."""

    def __init__(self) -> None:
        self._line, self._count = b"", 0

    def hint_for(self, line: bytes) -> str:
        """What to set if this line has come several times in a row; empty before."""
        self._count = self._count + 1 if line == self._line else 1
        self._line = line
        return IGNORE_HINT if self._count >= SIGNS_OF_LIFE else ""

    def forget(self) -> None:
        """A badge has come."""
        self._line, self._count = b"", 0


def _line_end(form: LineForm) -> re.Pattern[bytes]:
    """CR, LF, or the control character that each badge ends with."""
    last = form.suffix[-1:].encode()
    return re.compile(rb"[\r\n" + (re.escape(last) if last and last[0] < FIRST_PRINTABLE else b"") + b"]")


def _end_hint(line: bytes) -> str:
    """What to set if a line's last character may be meant as its end."""
    is_control = line[-1] < FIRST_PRINTABLE
    return f'. Its last character may be its end: set `suffix = "\\u{line[-1]:04x}"`.' if is_control else ""


def _is_too_long(line: bytes) -> bool:
    return len(line) > MAX_LINE and len(text_of(line)) > MAX_LINE


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
        return StreamReader(0, LineParser(settings.name, Security.LOCAL, form_of(settings)), clock, may_end=True)
    path = Path(settings.source)
    with naming(f"{path} cannot be opened"):
        security = security_of_source(path)
        parser, fifo = LineParser(settings.name, security, form_of(settings)), path if path.is_fifo() else None
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
