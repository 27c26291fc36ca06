"""`lintel readers decode`: what the bits of a card or a keypad mean."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, print_json, settings_of
from device.errors import ConfigError
from device.terminal import say

if TYPE_CHECKING:
    from device.readers.formats import FormatTable, Refusal
    from device.records import Credential
    from device.settings.tables import Settings


@click.command(
    "decode",
    epilog="""\b
Examples:
  lintel readers decode 10010101000000000010001010
  lintel readers decode --json 1 00101010 0000000001000101 0
  lintel readers decode --format h10304 0010110000100101000101011100101000000
  lintel readers decode --format csn4:reversed 11000001101110011010001000000100
  lintel readers decode 0001 0010 0011 0100 1011

\b
Exit codes: 0 a badge or keys, 1 refused, 2 characters other than 0 and 1, 3 settings.""",
)
@click.argument("bits", nargs=-1, required=True)
@click.option("--format", "name", metavar="NAME", help="Read it as this card format; `lintel readers list` shows them.")
@json_option
@click.pass_context
def decode_bits(context: click.Context, bits: tuple[str, ...], name: str | None, as_json: bool) -> int:
    """Decode BITS, a frame in 0 and 1, or the bursts of a keypad.

    Write the first bit first; spaces are ignored, unless each word is a key of 4 or 8 bits and the whole is not a card.
    Without --format it is decoded as the first reader in the settings would. If the bytes or bits in another order are
    the badge of an enrolled person, it says what to set. JSON has format, facility (0 where the format has none) and
    number; or keys and bits_a_key; or refused, reason and hint.
    """
    from device.commissioning.byte_orders import byte_orders
    from device.readers.formats import Refusal
    from device.readers.wiegand.keypads import typed

    settings = settings_of(context)
    frame, table = _frame(bits), _table(settings, name)
    found = _decoded(frame, table)
    if isinstance(found, Refusal) and name is None and (keys := typed(_words(bits))):
        print_json(keys) if as_json else say(f"keys {keys.keys}, {keys.bits_a_key} bits each")
        return 0
    with byte_orders(settings) as orders:
        suggestion = orders.suggestion(frame, table)
    if not as_json:
        _draw(frame, table)
    if isinstance(found, Refusal):
        return _tell_refusal(found, suggestion, as_json=as_json)
    if as_json:
        print_json({"format": found.format, "facility": found.facility, "number": found.number})
    else:
        _tell(found, (suggestion, _typed_apart(bits), *_typed_at_once(found)))
    return 0


def _words(bits: tuple[str, ...]) -> list[str]:
    return " ".join(bits).split()


def _frame(bits: tuple[str, ...]) -> str:
    frame = "".join(_words(bits))
    if not frame or set(frame) - {"0", "1"}:
        raise click.BadParameter("expected 0 and 1, as in 10010101000000000010001010", param_hint="'BITS'")
    return frame


def _table(settings: "Settings", name: str | None) -> "FormatTable":
    """The format of a name, or those of the first reader. Raises `ConfigError` for settings that are wrong."""
    from device.readers.formats import formats_for
    from device.readers.kinds import kind_of

    first = settings.readers[0]
    usual = formats_for(first.formats if kind_of(first).reads_bits else (), settings.formats)
    if name is None:
        return usual
    try:
        return formats_for((name,), settings.formats)
    except ConfigError as error:
        raise click.BadParameter(f"{error.message} {error.hint}", param_hint="'--format'") from None


def _decoded(frame: str, table: "FormatTable") -> "Credential | Refusal":
    """As a door takes it: a random number is refused too."""
    from dataclasses import replace

    from device.credentials import is_random
    from device.readers.formats import Refusal, Why, decode
    from device.readers.wiegand.keypads import why_no_key
    from device.records import Reason

    found = decode(frame, table)
    if isinstance(found, Refusal):
        why = why_no_key(frame) if found.why is Why.UNKNOWN_LENGTH else ""
        return replace(found, hint=why) if why else found
    if is_random(found):
        return Refusal(Why.RANDOM, Reason.BADGE_RANDOM.meaning, Reason.BADGE_RANDOM.advice)
    return found


def _draw(frame: str, table: "FormatTable") -> None:
    from device.cli.text.reader_events import frame_lines

    known = table.by_length.get(len(frame), ())
    if len(known) == 1:
        say("\n".join(frame_lines(frame, known[0])))


def _tell(found: "Credential", notes: tuple[str, ...]) -> None:
    from device.cli.text.reader_events import credential_line

    say(credential_line(found))
    for note in filter(None, notes):
        say(f"Note: {note}", err=True)


def _typed_apart(bits: tuple[str, ...]) -> str:
    from device.readers.wiegand.keypads import typed

    keys = typed(_words(bits)) if len(_words(bits)) > 1 else None
    return f"If each word is a burst of its own, these are the keys {keys.keys}." if keys else ""


def _typed_at_once(found: "Credential") -> Iterator[str]:
    """A keypad that sends a whole number looks like a card."""
    from device.readers.wiegand.keypads import typed_numbers

    if found.format == "h10301":
        numbers = " or ".join(typed_numbers(found.facility, found.number))
        yield f"A keypad in a 26-bit mode sends such a frame when {numbers} is typed. Doors take it for a badge."


def _tell_refusal(refusal: "Refusal", suggestion: str, *, as_json: bool) -> int:
    hint = suggestion or refusal.hint
    if as_json:
        print_json({"refused": refusal.why, "reason": refusal.text, "hint": hint})
    else:
        say(f"Refused: {refusal.text}\nWhat to do: {hint}", err=True)
    return 1
