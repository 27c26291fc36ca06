"""The one table of readers: what each kind is, what it promises, and how those of the settings are opened."""

import importlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from device.config import ReaderSettings
from device.errors import ConfigError
from device.ports import Reader
from device.readers.context import ReaderContext
from device.readers.formats import FormatTable, formats_for
from device.records import Security


@dataclass(frozen=True, slots=True)
class ReaderKind:
    """One row: `opener` is `module:function`, imported when a reader of this kind is opened.

    `reads_bits` says whether its frames have card formats, which `formats` in the settings chooses; `shares_line`
    whether several can have one source, and are opened together.
    """

    name: str
    about: str
    security: Security
    promise: str
    opener: str
    reads_bits: bool = False
    shares_line: bool = False


KINDS = (
    ReaderKind(
        "lines",
        "a badge a line, from standard input, a FIFO or a serial device",
        Security.CLEAR_TEXT,
        "A line is believed whoever wrote it: on standard input or a FIFO any program with access, on a wire anybody.",
        "device.readers.lines:open_reader",
    ),
    ReaderKind(
        "wiegand",
        "data 0 and data 1 on two GPIO lines, with keypad, LED and buzzer",
        Security.CLEAR_TEXT,
        "Parity finds noise, not fraud: a badge can be tapped on the wires and replayed. Ask for a face behind it.",
        "device.readers.wiegand:open_reader",
        reads_bits=True,
    ),
    ReaderKind(
        "osdp",
        "OSDP v2 on a serial line (RS-485), several readers to a line",
        Security.SECURE_CHANNEL,
        "Each reader has a key; clear text and the default key are refused. The card itself may still be a copy.",
        "device.readers.osdp.reader:open_readers",
        reads_bits=True,
        shares_line=True,
    ),
    ReaderKind(
        "wedge",
        "a USB reader that types like a keyboard, grabbed for the door alone",
        Security.CLONABLE,
        "The card only says its number, and so can a copy, or a keyboard at the same plug. Ask for a face behind it.",
        "device.readers.wedge:open_reader",
    ),
    ReaderKind(
        "rdm6300",
        "125 kHz tags (EM4100) on a serial line",
        Security.CLONABLE,
        "A tag only says its number, and a writer for a few euros says it as well. Ask for a face behind it.",
        "device.readers.rdm6300:open_reader",
    ),
    ReaderKind(
        "pn532",
        "contactless cards (ISO 14443 A), their serial number or NDEF text, on a serial line",
        Security.CLONABLE,
        "Serial number and text are read without a key, and cards with a number of choice are sold. Ask for a face.",
        "device.readers.pn532.reader:open_reader",
    ),
    ReaderKind(
        "socket",
        "badges from other programs over a Unix socket",
        Security.LOCAL,
        "Whoever may open the socket on this machine can claim any badge; its permissions are what protects it.",
        "device.readers.sockets:open_reader",
    ),
)


def kind_of(settings: ReaderSettings) -> ReaderKind:
    """The row of a reader's kind."""
    return next(kind for kind in KINDS if kind.name == settings.kind)


def security_of(settings: ReaderSettings) -> Security:
    """What a reader of the settings promises: lines that come from this machine alone are local."""
    if settings.kind == "lines" and (settings.source == "stdin" or _is_fifo(Path(settings.source))):
        return Security.LOCAL
    return kind_of(settings).security


def _is_fifo(path: Path) -> bool:
    """What this user may not look at is taken for a wire."""
    try:
        return path.is_fifo()
    except OSError:
        return False


def format_table_of(settings: ReaderSettings, around: ReaderContext) -> FormatTable | None:
    """The card formats that a reader reads; None if it sends no bare frames. Raises `ConfigError`."""
    return formats_for(settings.formats, around.own_formats) if kind_of(settings).reads_bits else None


def open_readers(readers: tuple[ReaderSettings, ...], around: ReaderContext) -> dict[str, Reader]:
    """Readers by name, in the order of the settings; all are in operation, or none is.

    One that vanishes later is looked for again. Raises `ConfigError` if two read from one source, and what keeps one
    from being opened: `ReaderError`, `DoorError` or `ConfigError`.
    """
    _refuse_shared_sources(readers)
    opened: dict[str, Reader] = {}
    with ExitStack() as stack:
        for group in _together(readers):
            for name, reader in _open_group(group, around).items():
                opened[name] = stack.enter_context(closing(reader))
        stack.pop_all()
    return {settings.name: opened[settings.name] for settings in readers}


def _together(readers: tuple[ReaderSettings, ...]) -> list[tuple[ReaderSettings, ...]]:
    """Readers that are opened as one, in the order of the first of each."""
    groups: dict[tuple[str, ...], tuple[ReaderSettings, ...]] = {}
    for settings in readers:
        key = (settings.kind,) if kind_of(settings).shares_line else (settings.kind, settings.name)
        groups[key] = (*groups.get(key, ()), settings)
    return list(groups.values())


def _open_group(group: tuple[ReaderSettings, ...], around: ReaderContext) -> Mapping[str, Reader]:
    first = group[0]
    module, _, function = kind_of(first).opener.partition(":")
    opener = getattr(importlib.import_module(module), function)
    if kind_of(first).shares_line:
        several: dict[str, Reader] = opener(group, around)
        return several
    return {first.name: _lasting(first, lambda: opener(first, around), around)}


def _lasting(settings: ReaderSettings, open_reader: Callable[[], Reader], around: ReaderContext) -> Reader:
    """A reader that is found again when it vanished. It has to be there at first; standard input ends for good."""
    from device.readers.recovery import Recovered

    first = open_reader()
    if settings.kind == "lines" and settings.source == "stdin":
        return first
    return Recovered(open_reader, first, name=settings.name, clock=around.clock)


def _refuse_shared_sources(readers: tuple[ReaderSettings, ...]) -> None:
    """Each would get a part of what comes, and neither a badge."""
    first: dict[str, ReaderSettings] = {}
    for settings in readers:
        if settings.kind == "wiegand":
            continue
        other = first.setdefault(settings.source, settings)
        if other is not settings and not (other.kind == settings.kind and kind_of(settings).shares_line):
            raise ConfigError(
                f"The readers {other.name!r} and {settings.name!r} both read from {settings.source}.",
                hint="Give each a `source` of its own in the settings.",
            )
