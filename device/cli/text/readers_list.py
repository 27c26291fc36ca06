"""What `lintel readers list` shows: kinds of readers, readers of the settings, card formats."""

from collections.abc import Iterator
from typing import Any

from device.readers.cards.card_formats import BUILT_IN, CardFormat, unguarded
from device.readers.cards.own_formats import own_card_formats
from device.readers.formats import formats_for
from device.readers.kinds import KINDS, ReaderKind, kind_of, security_of
from device.settings.tables import ReaderSettings, Settings


def catalog(settings: Settings) -> dict[str, Any]:
    """All three, for machines. Raises `ConfigError`."""
    formats = (*BUILT_IN, *own_card_formats(settings.formats))
    return {
        "kinds": [_kind_row(kind) for kind in KINDS],
        "readers": [_reader_row(door.name, reader, settings) for door in settings.doors for reader in door.readers],
        "formats": [_format_row(known) for known in formats],
    }


def catalog_lines(rows: dict[str, Any]) -> Iterator[str]:
    """The same in words."""
    yield "Kinds of readers:"
    for kind in rows["kinds"]:
        yield f"  {kind['name']:8} {kind['about']}"
        yield f"  {'':8} {kind['security']}: {kind['meaning']}"
        yield f"  {'':8} {kind['promise']}"
    yield "\nReaders in the settings:"
    for reader in rows["readers"]:
        formats = f", reads {', '.join(reader['formats'])}" if reader["formats"] else ""
        yield f"  {reader['name']}: {reader['kind']} at {reader['at']}, {reader['direction']} of door {reader['door']}"
        yield f"      {reader['security']}{formats}"
    yield "\nCard formats, one letter per bit (F facility code, N number, P parity):"
    for known in rows["formats"]:
        uncovered = f"; {known['uncovered_bits']} bits without parity" if known["uncovered_bits"] else ""
        yield f"  {known['name']:8} {known['about']}{uncovered}"
        yield f"  {'':8} {known['layout']}"


def _kind_row(kind: ReaderKind) -> dict[str, Any]:
    return {
        "name": kind.name,
        "about": kind.about,
        "security": kind.security.code,
        "meaning": kind.security.meaning,
        "promise": kind.promise,
    }


def _reader_row(door: str, reader: ReaderSettings, settings: Settings) -> dict[str, Any]:
    kind = kind_of(reader)
    formats = (
        [known.title for known in formats_for(reader.formats, settings.formats).formats]
        if kind.reads_bits
        else list(reader.formats)
    )
    return {
        "name": reader.name,
        "door": door,
        "direction": reader.direction,
        "kind": kind.name,
        "at": _place(reader),
        "security": security_of(reader).code,
        "formats": formats,
    }


def _place(reader: ReaderSettings) -> str:
    match reader.kind:
        case "wiegand":
            return f"GPIO {reader.data0_pin} and {reader.data1_pin}"
        case "osdp":
            return f"{reader.source}, address {reader.address}"
        case _:
            return reader.source


def _format_row(known: CardFormat) -> dict[str, Any]:
    return {
        "name": known.name,
        "about": known.about,
        "bits": known.length,
        "facility_bits": known.layout.count("F"),
        "number_bits": known.layout.count("N"),
        "layout": known.layout,
        "parity": list(known.parity),
        "uncovered_bits": len(unguarded(known)),
    }
