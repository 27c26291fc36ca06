"""Card formats: the bits that a reader sends, to a credential and back. Pure: neither a pin nor a clock.

A format is drawn as the trade draws it, a letter a bit, the bit that comes first on the left: F facility code, N
number, both with their highest bit first, P parity, `.` ignored. Each parity bit has a text of its own: E or O where it
stands (the ones of its group, itself included, are even or odd in number), X where it covers.

Sources, facts only: H10301 in RF IDeas' "Proximity Card Formats"; H10304 in OOAccess' "37 Bit Card Format"; H10302,
whose parity is that of H10304, H10306 and Corporate 1000 in Proxmark3's `wiegand_formats.c`, the latter also in the
examples of Suprema's device SDK (BS2_WIEGAND, `parityPos` 1, 34, 0), 34 bits also in Civintec's CN56 manual; the serial
numbers, without parity, in Rosslare's AY-T6350 manual and Civintec's.

Facility code and number are taken in the order in which they come, unless the format is named with an order behind it:
`csn4:reversed` gives the badges of `csn4` from a reader that sends the last byte first (`byte_order`).

What parity does not cover: nothing of the five formats of the trade, every bit of a serial number (`csn4`, `csn7`), and
of your own formats whatever no mask covers (`unguarded`). An even number of flips in every group is not seen.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from device.credentials import OWN, format_badge
from device.errors import ConfigError, CredentialError
from device.readers.cards.byte_order import BYTE, Order, arranged
from device.readers.cards.card_formats import ALIASES, BUILT_IN, CardFormat, checks
from device.readers.cards.own_formats import own_card_formats
from device.records import Credential
from device.settings.tables import FormatSettings


class Why(StrEnum):
    """Why a frame is not a badge."""

    NO_FRAME = "no-frame"
    UNKNOWN_LENGTH = "unknown-length"
    AMBIGUOUS_LENGTH = "ambiguous-length"
    ALL_ONES = "all-ones"
    ALL_ZEROS = "all-zeros"
    WRONG_PARITY = "wrong-parity"
    NUMBER_ZERO = "number-zero"
    RANDOM = "random"


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


def decode(bits: str, table: FormatTable) -> Credential | Refusal:
    """The credential in a frame of 0 and 1, or why there is none. Raises nothing, whatever comes."""
    known = table.by_length.get(len(bits), ())
    refusal = _unlike_any_card(bits) or _of_no_length(len(bits), known, table)
    return refusal or decode_as(bits, known[0])


def decode_as(bits: str, known: CardFormat) -> Credential | Refusal:
    """The same with a format already chosen, for a frame of its length."""
    if wrong := wrong_parity(bits, known):
        return _of_wrong_parity(bits, known, wrong)
    sent = in_card_order(bits, known)
    facility, number = _field(sent, known, "F"), _field(sent, known, "N")
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
            bits = _with_parity(in_card_order(_laid_out(credential, known), known), known)
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


def in_card_order(bits: str, known: CardFormat) -> str:
    """A frame with facility code and number in the order of the card; and back, as the orders are their own inverse."""
    turned = dict(zip(known.payload, arranged("".join(bits[at] for at in known.payload), known.order), strict=True))
    return "".join(turned.get(at, bit) for at, bit in enumerate(bits))


def wrong_parity(bits: str, known: CardFormat) -> tuple[int, ...]:
    """Where the parity bits stand that do not hold, from 0, of a frame of the format's length."""
    frame = int(bits, 2)
    return tuple(
        sorted(check.position for check in checks(known) if (frame & check.group).bit_count() % 2 != check.odd)
    )


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
        names = " or ".join(row.title for row in known)
        text = f"{count} bits may be {names}: the bits don't say which."
        return Refusal(Why.AMBIGUOUS_LENGTH, text, "Name one: in the setting `formats` of the reader, or by --format.")
    lengths = ", ".join(f"{row.length} ({row.title})" for row in sorted(table.formats, key=lambda row: row.length))
    text = f"No format in use here has {count} bits. In use: {lengths}."
    return Refusal(Why.UNKNOWN_LENGTH, text, "Name it in the setting `formats` of the reader, or describe it there.")


def _of_wrong_parity(bits: str, known: CardFormat, wrong: tuple[int, ...]) -> Refusal:
    where = " and ".join(f"bit {at + 1}" for at in wrong)
    text = f"Wrong parity of {known.title}, at {where} of {known.length}."
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
    """The format of a name, an own name without `own:`, an alias or a length, each with an order behind it if wanted.

    Raises `ConfigError`.
    """
    wanted, _, order = name.strip().lower().rpartition(":")
    if wanted and order and order in set(Order):
        return _ordered(_named(wanted, known), Order(order))
    wanted = name.strip().lower()
    wanted = ALIASES.get(wanted, wanted)
    found = [row for row in known if wanted in (row.name, row.name.removeprefix(OWN), str(row.length))]
    if len(found) == 1:
        return found[0]
    names = ", ".join(row.name for row in found or known)
    what = "names several card formats" if found else "is not a card format"
    orders = ", ".join(f":{order}" for order in Order if order)
    raise ConfigError(f"{name[:40]!r} {what}.", hint=f"Choose one of {names}. An order may follow: {orders}.")


def _ordered(known: CardFormat, order: Order) -> CardFormat:
    """The same from a reader that sends it in another order. Raises `ConfigError` if it does not have whole bytes."""
    if known.order:
        raise ConfigError(f"{known.title}:{order} names two orders.", hint=f"Leave one of them: {known.title}.")
    if len(known.payload) % BYTE:
        raise ConfigError(
            f"The card format {known.name} can't be {order}: it has {len(known.payload)} bits besides parity, "
            "not whole bytes.",
            hint=f"Leave `:{order}` out, or describe the format under [[formats]].",
        )
    return replace(known, order=order)


def in_other_orders(bits: str, formats: Iterable[CardFormat]) -> Iterator[tuple[CardFormat, Credential]]:
    """What a frame would be in each format of its length and each order in which it makes sense."""
    for known in formats:
        if known.length == len(bits) and len(known.payload) % BYTE == 0:
            for order in Order:
                other = replace(known, order=order)
                if isinstance(found := decode_as(bits, other), Credential):
                    yield other, found


def _refuse_two_of_one_length(table: Mapping[int, tuple[CardFormat, ...]]) -> None:
    for length, known in table.items():
        if len(known) > 1:
            names = " and ".join(row.title for row in known)
            raise ConfigError(
                f"The card formats {names} both have {length} bits: a frame cannot tell which it is.",
                hint="Keep one of them in the setting `formats` of the reader.",
            )
