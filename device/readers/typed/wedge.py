"""USB keyboard wedges: readers that type a badge number and Enter, as a keyboard would.

The kernel's evdev interface is spoken directly: the `evdev` package has no wheels and would need a compiler. The
keyboard is grabbed, so that no number lands in a shell or on a login prompt; a keyboard that cannot be is an error.
Choose it by its lasting name, `/dev/input/by-id/usb-...-event-kbd`: numbers change with every plug.
Source: Linux, input.h and input-event-codes.h.

Security: clonable. Such readers send a card's bare number, and anyone who reaches the plug can type one.
"""

import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path

from device.errors import ReaderError
from device.failures import in_words
from device.ports import Reader
from device.readers.context import ReaderContext
from device.readers.streams import StreamReader, naming
from device.readers.typed.forms import PLAIN, LineForm, form_of
from device.readers.typed.layouts import KEYS
from device.readers.typed.lines import LINE_TIME_S, LineParser
from device.records import ReaderEvent, Security
from device.settings.tables import ReaderSettings

SECURITY = Security.CLONABLE
EVENT = struct.Struct("llHHi")
"""The kernel's `input_event`: seconds and microseconds, type, code, value. 24 bytes where a long has 8, else 16."""
EVIOCGRAB = 0x40044590
NAME_SIZE = 256
EVIOCGNAME = 0x80004506 | NAME_SIZE << 16

EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
RELEASED, PRESSED = 0, 1
"""A key that is held repeats with 2, which is nothing new."""
SHIFTS = frozenset({42, 54})
LINE_ENDS = frozenset({28, 96, 15})
"""Enter ends a line, and so does Tab, which some readers send."""
IGNORED = frozenset({58, 69, 70})
"""Caps, Num and Scroll Lock: case does not count."""
UNKNOWN = "\ufffd"
"""Any other key: it makes a line unreadable, rather than another badge."""


class KeyParser:
    """Events of a grabbed keyboard into lines, and lines into badges."""

    def __init__(self, name: str, form: LineForm = PLAIN) -> None:
        self._lines = LineParser(name, SECURITY, form)
        self._rest = b""
        self._received_at = 0.0
        self._held: set[int] = set()

    def take(self, received: bytes, at: float) -> list[ReaderEvent]:
        """The badges whose line was ended. Half an event waits for its other half, but not for long."""
        data = self._rest + received if at - self._received_at <= LINE_TIME_S else received
        self._received_at = at
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        typed = "".join(self._typed(*fields[2:]) for fields in EVENT.iter_unpack(data[:whole]))
        return self._lines.take(typed.encode(), at) if typed else []

    def end(self, at: float) -> list[ReaderEvent]:
        """A last line without an end."""
        return self._lines.end(at)

    def _typed(self, kind: int, code: int, value: int) -> str:
        """The character that an event types; mostly none."""
        if (kind, code) == (EV_SYN, SYN_DROPPED):  # the kernel had no room, and some keys are lost
            self._held.clear()
            return UNKNOWN
        if kind != EV_KEY or value not in (RELEASED, PRESSED):
            return ""
        if code in SHIFTS:
            (self._held.add if value == PRESSED else self._held.discard)(code)
        elif value == PRESSED and code not in IGNORED:
            return self._character(code)
        return ""

    def _character(self, code: int) -> str:
        if code in LINE_ENDS:
            return "\n"
        plain, shifted = KEYS.get(code, (UNKNOWN, UNKNOWN))
        return shifted if self._held else plain


def open_reader(settings: ReaderSettings, around: ReaderContext) -> Reader:
    """The keyboard at `source`, grabbed. Raises `ReaderError`."""
    return open_keyboard(settings, around, grab)


def open_keyboard(settings: ReaderSettings, around: ReaderContext, grab: Callable[[int], None]) -> Reader:
    """The same with another way to grab: it takes a descriptor, and raises `ReaderError` if that cannot be grabbed."""
    with naming(f"{settings.source} cannot be opened"):
        descriptor = os.open(Path(settings.source), os.O_RDONLY | os.O_NONBLOCK)
    try:
        grab(descriptor)
        return StreamReader(descriptor, KeyParser(settings.name, form_of(settings)), around.clock)
    except BaseException:
        os.close(descriptor)
        raise


def grab(descriptor: int) -> None:
    """Takes the keyboard for this process alone, until its descriptor is closed. Raises `ReaderError`."""
    name = _name_of(descriptor)
    try:
        fcntl.ioctl(descriptor, EVIOCGRAB, 1)
    except OSError as error:
        raise ReaderError(
            f"The keyboard {name!r} cannot be grabbed: {in_words(error)}. Its input would go to other programs.",
            hint="Stop the program that has grabbed it.",
        ) from None


def _name_of(descriptor: int) -> str:
    name = bytearray(NAME_SIZE)
    try:
        fcntl.ioctl(descriptor, EVIOCGNAME, name)
    except OSError as error:
        raise ReaderError(
            f"The badge reader is not an input device: {in_words(error)}.",
            hint="Set its `source` to a path under /dev/input/by-id that ends with event-kbd.",
        ) from None
    return name.rstrip(b"\0").decode(errors="replace")
