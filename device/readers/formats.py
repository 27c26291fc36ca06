"""Card formats: the bits that a reader sends, to a credential and back. Pure: neither a pin nor a clock.

A format is drawn as the trade draws it, a letter a bit, the bit that comes first on the left: F facility code, N
number, both with their highest bit first, P parity, `.` ignored. Each parity bit has a text of its own: E or O where it
stands (the ones of its group, itself included, are even or odd in number), X where it covers.

Sources, facts only: H10301 in RF IDeas' "Proximity Card Formats"; H10304 in OOAccess' "37 Bit Card Format"; H10302,
whose parity is that of H10304, H10306 and Corporate 1000 in Proxmark3's `wiegand_formats.c`, the latter also in the
examples of Suprema's device SDK (BS2_WIEGAND, `parityPos` 1, 34, 0), 34 bits also in Civintec's CN56 manual; the serial
numbers, without parity, in Rosslare's AY-T6350 manual and Civintec's. Their bytes are taken in the order they come in:
set a Wiegand reader to send the byte first that the card says first, or its badges are not those of other readers.

What parity does not cover: nothing of the five formats of the trade, every bit of a serial number (`csn4`, `csn7`), and
of your own formats whatever no mask covers (`unguarded`). An even number of flips in every group is not seen.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from device.credentials import FORMATS, MAX_FACILITY_BITS, MAX_OWN_BITS, OWN, format_badge
from device.errors import ConfigError, CredentialError
from device.records import Credential
from device.settings.tables import FormatSettings

MIN_BITS = 9
"""A shorter frame is a key."""


@dataclass(frozen=True, slots=True)
class CardFormat:
    """One row of the table; `name` is the format of the credentials that it gives."""

    name: str
    layout: str
    parity: tuple[str, ...]
    about: str

    @property
    def length(self) -> int:
        """Bits of a frame."""
        return len(self.layout)

    @property
    def has_facility(self) -> bool:
        """Whether a part of it says to which site a card belongs."""
        return "F" in self.layout


BUILT_IN = (
    CardFormat(
        "h10301",
        "PFFFFFFFFNNNNNNNNNNNNNNNNP",
        (
            "EXXXXXXXXXXXX.............",
            ".............XXXXXXXXXXXXO",
        ),
        "26 bits, the industry's standard",
    ),
    CardFormat(
        "h10306",
        "PFFFFFFFFFFFFFFFFNNNNNNNNNNNNNNNNP",
        (
            "EXXXXXXXXXXXXXXXX.................",
            ".................XXXXXXXXXXXXXXXXO",
        ),
        "34 bits",
    ),
    CardFormat(
        "c1k35s",
        "PPFFFFFFFFFFFFNNNNNNNNNNNNNNNNNNNNP",
        (
            ".EXX.XX.XX.XX.XX.XX.XX.XX.XX.XX.XX.",
            ".XX.XX.XX.XX.XX.XX.XX.XX.XX.XX.XX.O",
            "OXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        ),
        "35 bits, Corporate 1000",
    ),
    CardFormat(
        "h10302",
        "PNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNP",
        (
            "EXXXXXXXXXXXXXXXXXX..................",
            "..................XXXXXXXXXXXXXXXXXXO",
        ),
        "37 bits, number only",
    ),
    CardFormat(
        "h10304",
        "PFFFFFFFFFFFFFFFFNNNNNNNNNNNNNNNNNNNP",
        (
            "EXXXXXXXXXXXXXXXXXX..................",
            "..................XXXXXXXXXXXXXXXXXXO",
        ),
        "37 bits, with a facility code",
    ),
    CardFormat("csn4", "N" * 32, (), "32 bits, a serial number of 4 bytes (ISO 14443)"),
    CardFormat("csn7", "N" * 56, (), "56 bits, a serial number of 7 bytes (ISO 14443)"),
)

ALIASES = {"csn32": "csn4", "csn56": "csn7"}
"""Other names; a length in bits is a name as well, where only one format has it."""


class Why(StrEnum):
    """Why a frame is not a badge."""

    NO_FRAME = "no-frame"
    UNKNOWN_LENGTH = "unknown-length"
    AMBIGUOUS_LENGTH = "ambiguous-length"
    ALL_ONES = "all-ones"
    ALL_ZEROS = "all-zeros"
    WRONG_PARITY = "wrong-parity"
    NUMBER_ZERO = "number-zero"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a frame is not a badge, in words that reveal none of it, and what to check."""

    why: Why
    text: str
    hint: str


@dataclass(frozen=True, slots=True)
class FormatTable:
    """The formats that one reader reads, by length. Of several of one length none is ever taken."""

    by_length: Mapping[int, tuple[CardFormat, ...]]

    @property
    def formats(self) -> tuple[CardFormat, ...]:
        """Those that are read."""
        return tuple(known[0] for known in self.by_length.values() if len(known) == 1)


@dataclass(frozen=True, slots=True)
class Check:
    """One parity bit: where it stands, from 0 on the left, and its group, itself included, as bits of a number."""

    position: int
    odd: bool
    group: int


def decode(bits: str, table: FormatTable) -> Credential | Refusal:
    """The credential in a frame of 0 and 1, or why there is none. Raises nothing, whatever comes."""
    known = table.by_length.get(len(bits), ())
    refusal = _unlike_any_card(bits) or _of_no_length(len(bits), known, table)
    return refusal or decode_as(bits, known[0])


def decode_as(bits: str, known: CardFormat) -> Credential | Refusal:
    """The same with a format already chosen, for a frame of its length."""
    if wrong := wrong_parity(bits, known):
        return _of_wrong_parity(bits, known, wrong)
    facility, number = _field(bits, known, "F"), _field(bits, known, "N")
    if not number and not known.has_facility:
        text = f"The number is 0, which no card of the format {known.name} has."
        return Refusal(Why.NUMBER_ZERO, text, "Present a card that has been programmed.")
    return Credential(known.name, facility, number)


def encode(credential: Credential, formats: tuple[CardFormat, ...] = BUILT_IN) -> str:
    """The frame that a card with this credential sends; ignored bits are 0.

    Raises `CredentialError` for a format that is none of these, and for a value that does not fit or would be refused.
    """
    for known in formats:
        if known.name == credential.format:
            bits = _with_parity(_laid_out(credential, known), known)
            if isinstance(refusal := _unlike_any_card(bits) or decode_as(bits, known), Refusal):
                raise CredentialError(f"No card sends {format_badge(credential)}: {refusal.text}", hint=refusal.hint)
            return bits
    names = ", ".join(known.name for known in formats)
    raise CredentialError(f"There is no card format {credential.format!r}.", hint=f"Choose one of {names}.")


def formats_for(names: Iterable[str], own_formats: tuple[FormatSettings, ...] = ()) -> FormatTable:
    """The named formats; without names, every format, of which those that share their length are then not read.

    Raises `ConfigError` for an unknown name, two formats of one length, and an own format that is malformed.
    """
    known = (*BUILT_IN, *own_card_formats(own_formats))
    chosen = tuple(dict.fromkeys(_named(name, known) for name in names))
    table = _by_length(chosen or known)
    if chosen:
        _refuse_two_of_one_length(table)
    return FormatTable(table)


def own_card_formats(own_formats: Iterable[FormatSettings]) -> tuple[CardFormat, ...]:
    """The owner's formats; they give credentials of the formats `own:NAME`. Raises `ConfigError`."""
    taken = {row.name for row in FORMATS} | {row.name for row in BUILT_IN} | set(ALIASES)
    formats = []
    for own in own_formats:
        if own.name in taken:
            raise _malformed(own, "there is a format of this name already")
        taken.add(own.name)
        known = CardFormat(f"{OWN}{own.name}", own.layout, own.parity, f"{len(own.layout)} bits, your own")
        for fault in _faults(known):
            raise _malformed(own, fault)
        formats.append(known)
    return tuple(formats)


def wrong_parity(bits: str, known: CardFormat) -> tuple[int, ...]:
    """Where the parity bits stand that do not hold, from 0, of a frame of the format's length."""
    frame = int(bits, 2)
    return tuple(
        sorted(check.position for check in checks(known) if (frame & check.group).bit_count() % 2 != check.odd)
    )


def unguarded(known: CardFormat) -> tuple[int, ...]:
    """The bits, from 0, that no parity bit covers: one of them that is flipped makes another card, or none."""
    texts = known.parity
    return tuple(at for at in range(known.length) if all(text[at] == "." for text in texts))


@lru_cache(maxsize=256)
def checks(known: CardFormat) -> tuple[Check, ...]:
    """A format's parity bits, each after those that it covers. Raises `CycleError` if some cover each other."""
    by_position = {_stands_at(text): text for text in known.parity}
    covered = {at: [p for p in by_position if p != at and text[p] == "X"] for at, text in by_position.items()}
    return tuple(
        Check(at, "O" in by_position[at], int("".join("01"[letter != "."] for letter in by_position[at]), 2))
        for at in TopologicalSorter(covered).static_order()
    )


def _stands_at(text: str) -> int:
    return max(text.find("E"), text.find("O"))


def _field(bits: str, known: CardFormat, letter: str) -> int:
    begin = known.layout.find(letter)
    return int(bits[begin : known.layout.rindex(letter) + 1], 2) if begin >= 0 else 0


def _laid_out(credential: Credential, known: CardFormat) -> str:
    """The frame without its parity. Raises `CredentialError`."""
    bits = "0" * known.length
    for letter, value in (("F", credential.facility), ("N", credential.number)):
        begin, width = known.layout.find(letter), known.layout.count(letter)
        if not 0 <= value < 1 << width:
            what = {"F": "facility code", "N": "number"}[letter]
            raise CredentialError(
                f"The {what} does not fit the format {known.name}: it has {width} bits for it.",
                hint=f"Choose one up to {(1 << width) - 1}, or another format.",
            )
        if width:
            bits = bits[:begin] + f"{value:0{width}b}" + bits[begin + width :]
    return bits


def _with_parity(bits: str, known: CardFormat) -> str:
    frame = int(bits, 2)
    for check in checks(known):
        if (frame & check.group).bit_count() % 2 != check.odd:
            frame |= 1 << (known.length - 1 - check.position)
    return f"{frame:0{known.length}b}"


def _unlike_any_card(bits: str) -> Refusal | None:
    """What is wrong with a frame whatever its format."""
    count, kinds = len(bits), set(bits)
    if not bits or kinds - {"0", "1"}:
        return Refusal(Why.NO_FRAME, "No bits given.", "A frame is written in 0 and 1.")
    if kinds == {"1"}:
        return Refusal(Why.ALL_ONES, f"All {count} bits are 1.", "The wire of data 0 may be cut or not connected.")
    if kinds == {"0"}:
        return Refusal(Why.ALL_ZEROS, f"All {count} bits are 0.", "The wire of data 1 may be cut or not connected.")
    return None


def _of_no_length(count: int, known: tuple[CardFormat, ...], table: FormatTable) -> Refusal | None:
    if len(known) == 1:
        return None
    if known:
        names = " or ".join(row.name for row in known)
        text = f"{count} bits may be {names}: the bits don't say which."
        return Refusal(Why.AMBIGUOUS_LENGTH, text, "Name one: in the setting `formats` of the reader, or by --format.")
    lengths = ", ".join(f"{row.length} ({row.name})" for row in sorted(table.formats, key=lambda row: row.length))
    text = f"No format in use here has {count} bits. In use: {lengths}."
    return Refusal(Why.UNKNOWN_LENGTH, text, "Name it in the setting `formats` of the reader, or describe it there.")


def _of_wrong_parity(bits: str, known: CardFormat, wrong: tuple[int, ...]) -> Refusal:
    where = " and ".join(f"bit {at + 1}" for at in wrong)
    text = f"Wrong parity of {known.name}, at {where} of {known.length}."
    return Refusal(Why.WRONG_PARITY, text, _turned_hint(bits, known))


def _turned_hint(bits: str, known: CardFormat) -> str:
    """What to look at, if the parity would hold with the two wires swapped, or with the last bit first."""
    inverted = bits.translate(_INVERTED)
    if not wrong_parity(inverted, known):
        return "With every bit inverted it would be right: check whether the wires of data 0 and data 1 are swapped."
    if not wrong_parity(bits[::-1], known):
        return "With the last bit first it would be right: check whether the card was swiped backwards."
    return "Present the card again; if that doesn't help, look for noise on the line, or for another format."


_INVERTED = str.maketrans("01", "10")


def _by_length(formats: Iterable[CardFormat]) -> dict[int, tuple[CardFormat, ...]]:
    table: dict[int, tuple[CardFormat, ...]] = {}
    for known in formats:
        table[known.length] = (*table.get(known.length, ()), known)
    return table


def _named(name: str, known: tuple[CardFormat, ...]) -> CardFormat:
    """The format of a name, an own name without `own:`, an alias or a length. Raises `ConfigError`."""
    wanted = name.strip().lower()
    wanted = ALIASES.get(wanted, wanted)
    found = [row for row in known if wanted in (row.name, row.name.removeprefix(OWN), str(row.length))]
    if len(found) == 1:
        return found[0]
    names = ", ".join(row.name for row in found or known)
    what = "names several card formats" if found else "is not a card format"
    raise ConfigError(f"{name[:40]!r} {what}.", hint=f"Choose one of {names}.")


def _refuse_two_of_one_length(table: Mapping[int, tuple[CardFormat, ...]]) -> None:
    for length, known in table.items():
        if len(known) > 1:
            names = " and ".join(row.name for row in known)
            raise ConfigError(
                f"The card formats {names} both have {length} bits: a frame cannot tell which it is.",
                hint="Keep one of them in the setting `formats` of the reader.",
            )


def _malformed(own: FormatSettings, fault: str) -> ConfigError:
    return ConfigError(
        f"The card format {own.name!r} in the settings is wrong: {fault}.",
        hint="`layout` has one letter per bit (F, N, P, .); `parity` a text per P: E or O at it, X where it covers.",
    )


def _faults(known: CardFormat) -> Iterator[str]:
    """What is wrong with an own format, the first thing first."""
    layout = known.layout
    if not re.fullmatch(rf"[FNP.]{{{MIN_BITS},{MAX_OWN_BITS}}}", layout):
        yield f"its layout needs {MIN_BITS} to {MAX_OWN_BITS} letters, F, N, P or a dot"
    if "N" not in layout:
        yield "its layout has no N, so that all cards would be one"
    for letter in "FN":
        if re.search(f"{letter}[^{letter}]+{letter}", layout):
            yield f"the letters {letter} in its layout do not stand together"
    if layout.count("F") > MAX_FACILITY_BITS:
        yield f"its facility code has more than {MAX_FACILITY_BITS} bits"
    yield from _parity_faults(known)


def _parity_faults(known: CardFormat) -> Iterator[str]:
    for index, text in enumerate(known.parity, start=1):
        if len(text) != known.length:
            yield f"its parity text {index} has {len(text)} letters, its layout {known.length}"
        if not re.fullmatch(r"[X.]*[EO][X.]*", text):
            yield f"its parity text {index} needs one E or O, and X or a dot otherwise"
        if known.layout[_stands_at(text)] != "P":
            yield f"its parity text {index} has its E or O where the layout has no P"
    expected = [at for at, letter in enumerate(known.layout) if letter == "P"]
    if sorted(_stands_at(text) for text in known.parity) != expected:
        yield f"it has {len(expected)} P, but not one parity text for each"
    try:
        checks(known)
    except CycleError:
        yield "its parity bits cover each other"
