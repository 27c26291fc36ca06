"""The one table of readers: what each kind is, what it promises, and how those of the settings are opened."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from device.errors import ConfigError
from device.ports import Clock, Reader
from device.readers.cards.keypad import WithKeypad, keypad_of
from device.readers.context import ReaderContext
from device.readers.formats import FormatTable, formats_for
from device.readers.group import ReaderGroup
from device.readers.part import Member
from device.readers.recovery import Recovered
from device.records import Security
from device.settings.tables import ReaderSettings


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
        "one badge per line, from standard input, a FIFO or a serial device",
        Security.CLEAR_TEXT,
        "Every line is trusted: any program that can write to it, or anyone at the wire, can claim any badge.",
        "device.readers.typed.lines:open_reader",
    ),
    ReaderKind(
        "wiegand",
        "data 0 and data 1 on two GPIO lines, with keypad, LED and buzzer",
        Security.CLEAR_TEXT,
        "Parity finds noise, not fraud: a badge can be tapped on the wires and replayed. Require a face as well.",
        "device.readers.wiegand.reader:open_reader",
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
        "The card sends only its number, and so can a copy, or a keyboard at the same plug. Require a face as well.",
        "device.readers.typed.wedge:open_reader",
    ),
    ReaderKind(
        "rdm6300",
        "125 kHz tags (EM4100) on a serial line",
        Security.CLONABLE,
        "A tag sends only its number, and so does a copy made for a few euros. Require a face as well.",
        "device.readers.rdm6300:open_reader",
    ),
    ReaderKind(
        "pn532",
        "contactless cards (ISO 14443 A), their serial number or NDEF text, on a serial line",
        Security.CLONABLE,
        "Serial number and text are read without a key, and cards with any number can be bought. Require a face.",
        "device.readers.pn532.reader:open_reader",
    ),
    ReaderKind(
        "socket",
        "badges from other programs over a Unix socket",
        Security.LOCAL,
        "Any program that may open the socket can claim any badge; only its permissions protect it.",
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
    for _, error in _conflicts(readers):
        raise error
    opened: dict[str, Reader] = {}
    with ExitStack() as stack:
        for group in _together(readers):
            for name, reader in _lasting_group(group, around).items():
                opened[name] = stack.enter_context(closing(reader))
        stack.pop_all()
    return {settings.name: opened[settings.name] for settings in readers}


def open_in_background(readers: tuple[ReaderSettings, ...], around: ReaderContext) -> dict[str, Reader]:
    """The same for a door that lives without its readers: at once, and nothing is raised.

    Each reader is opened by its first `read`, which a `ReaderGroup` calls from a thread of its own, and looked for with
    back-off while it is missing. What is missing is a notice that it is lost; settings that are wrong for its kind and
    a package that is not installed stay so until the service is started again.
    """
    conflicts = {settings.name: error for settings, error in _conflicts(readers)}
    if not around.has_standard_input:
        conflicts |= {one.name: _no_standard_input() for one in readers if reads_standard_input(one)}
    openers: dict[str, Callable[[], Reader]] = {}
    for group in _together(readers):
        openers |= _openers(tuple(one for one in group if one.name not in conflicts), around)
    openers |= {name: partial(_refuse, error) for name, error in conflicts.items()}
    return {one.name: Recovered(openers[one.name], None, name=one.name, clock=around.clock) for one in readers}


def group_of(readers: tuple[ReaderSettings, ...], opened: Mapping[str, Reader], clock: Clock) -> ReaderGroup:
    """Those readers as one, taken over from what was opened; each presentation of a badge comes once."""
    padded = {one.name: WithKeypad(opened[one.name], one.name, keypad_of(one)) for one in readers}
    return ReaderGroup(tuple(Member(padded[one.name], one.name, hold_time_of(one)) for one in readers), clock)


def hold_time_of(settings: ReaderSettings) -> float:
    """Seconds without a sighting after which a badge is presented again. On standard input each line is meant."""
    return 0.0 if reads_standard_input(settings) else settings.hold_time_s


def reads_standard_input(settings: ReaderSettings) -> bool:
    """Whether badges are typed on the process's standard input."""
    return settings.kind == "lines" and settings.source == "stdin"


def _no_standard_input() -> ConfigError:
    return ConfigError(
        "A service has no standard input to read badges from.", hint="Set `source` under [[doors.readers]]."
    )


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
    return {first.name: opener(first, around)}


def _lasting_group(group: tuple[ReaderSettings, ...], around: ReaderContext) -> Mapping[str, Reader]:
    if kind_of(group[0]).shares_line:
        return _open_group(group, around)
    return {group[0].name: _lasting(group[0], around)}


def _openers(group: tuple[ReaderSettings, ...], around: ReaderContext) -> dict[str, Callable[[], Reader]]:
    """What opens each reader of a group by itself, as often as it is lost."""
    if group and kind_of(group[0]).shares_line:
        from device.readers.osdp.sharing import openers

        return openers(group, around)
    return {settings.name: partial(_open_one, settings, around) for settings in group}


def _open_one(settings: ReaderSettings, around: ReaderContext) -> Reader:
    return _open_group((settings,), around)[settings.name]


def _refuse(error: ConfigError) -> Reader:
    raise error


def _lasting(settings: ReaderSettings, around: ReaderContext) -> Reader:
    """A reader that is found again when it vanished. It has to be there at first; standard input ends for good."""
    open_reader = partial(_open_one, settings, around)
    first = open_reader()
    if reads_standard_input(settings):
        return first
    return Recovered(open_reader, first, name=settings.name, clock=around.clock)


def _conflicts(readers: tuple[ReaderSettings, ...]) -> Iterator[tuple[ReaderSettings, ConfigError]]:
    """Readers whose source another one reads before them: each would get a part of what comes, and neither a badge."""
    first: dict[str, ReaderSettings] = {}
    for settings in readers:
        if settings.kind == "wiegand":
            continue
        other = first.setdefault(settings.source, settings)
        if other is not settings and not (other.kind == settings.kind and kind_of(settings).shares_line):
            yield (
                settings,
                ConfigError(
                    f"The readers {other.name!r} and {settings.name!r} both read from {settings.source}.",
                    hint="Give each a `source` of its own in the settings.",
                ),
            )
