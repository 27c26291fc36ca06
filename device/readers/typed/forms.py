"""What a line of a reader holds: from its bytes to a badge, as the settings of the reader say. Pure."""

import codecs
import re
from dataclasses import dataclass

from device.credentials import format_badge, parse_badge
from device.errors import CredentialError
from device.readers.typed.layouts import typed_for
from device.records import Credential
from device.settings.tables import ReaderSettings

STX, ETX = "\x02", "\x03"
FORMS = ("badge", "hex", "hex-reversed", "decimal", "decimal-reversed", "facility-number")
"""`badge` is as an operator writes it; `hex` and `decimal` are serial numbers, the first byte first, or reversed."""
SERIAL_BYTES = {4: "csn4", 7: "csn7", 10: "csn10"}
EM4100_BYTES = 5
"""Of a tag of 125 kHz: its first byte is left out, as `rdm6300` does."""
_HEX = re.compile(r"(?:0x|csn:)?([0-9a-f]{2}(?:[ :.-]?[0-9a-f]{2}){3,9})h?")
_SEPARATORS = re.compile(r"[ :.-]")
_DECIMAL = re.compile(r"[0-9]{1,17}")
_PAIR = re.compile(r"([0-9]{1,5}) ?[,;:/. -] ?([0-9]{1,8})")


@dataclass(frozen=True, slots=True)
class LineForm:
    """How the lines of one reader are read; the default is a badge as an operator writes it, and nothing around it."""

    layout: str = "us"
    form: str = "badge"
    prefix: str = ""
    suffix: str = ""
    ignore: tuple[str, ...] = ()

    def meant(self, line: bytes) -> str:
        """The characters that the reader has meant."""
        return typed_for(text_of(line), self.layout)

    def ignores(self, line: bytes) -> bool:
        """Whether the reader sends this line by itself."""
        return bool(self.ignore) and bare(self.meant(line)).strip() in self.ignore

    def badge(self, text: str) -> Credential | None:
        """The badge in the characters of a line without its end, None if there is none."""
        inners = (self._inner(text.strip("\0")), self._inner(bare(text)))
        return next((found for inner in inners if (found := read_as(self.form, inner))), None)

    def _inner(self, text: str) -> str:
        """What stands between prefix and suffix; nothing if they are missing."""
        has_room = len(text) >= len(self.prefix) + len(self.suffix)
        is_around = has_room and text.startswith(self.prefix) and text.endswith(self.suffix)
        return text[len(self.prefix) : len(text) - len(self.suffix)] if is_around else ""


PLAIN = LineForm()


def form_of(settings: ReaderSettings) -> LineForm:
    """As the settings say."""
    return LineForm(settings.layout, settings.form, settings.prefix, settings.suffix, settings.ignore)


def text_of(line: bytes) -> str:
    """A line's characters, without a byte order mark in front: UTF-8, or else one byte each."""
    line = line.removeprefix(codecs.BOM_UTF8)
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def bare(text: str) -> str:
    """Without what says nothing: NUL, which an idle wire sends, the ETX of a line before, and STX with its ETX, between
    which a text is known to be whole. An ETX alone stays.
    """
    inner = text.strip("\0").lstrip(f"\0{ETX}")
    return inner.removeprefix(STX).removesuffix(ETX) if inner.startswith(STX) else inner


def read_as(form: str, text: str) -> Credential | None:
    """The badge that a text is in one of the `FORMS`, None if it is none."""
    written = text.strip(" \t\v\f").lower()
    if not written.isascii():
        return None
    try:
        return parse_badge(_as_written(form, written))
    except CredentialError:
        return None


def _as_written(form: str, text: str) -> str:
    """As an operator would write it; anything that is no badge if the text is not of this form."""
    kind, _, order = form.partition("-")
    match kind:
        case "badge":
            return text
        case "hex":
            found = _HEX.fullmatch(text)
            return _serial(bytes.fromhex(_SEPARATORS.sub("", found[1])), order) if found else ""
        case "decimal":
            return _serial(_bytes_of(int(text)), order) if _DECIMAL.fullmatch(text) else ""
        case _:
            pair = _PAIR.fullmatch(text)
            return f"{pair[1]}:{pair[2]}" if pair else ""


def _bytes_of(number: int) -> bytes:
    """Four bytes, or seven for a number that does not fit."""
    return number.to_bytes(4 if number < 1 << 32 else 7) if number < 1 << 56 else b""


def _serial(number: bytes, order: str) -> str:
    in_order = number[::-1] if order == "reversed" else number
    if len(number) == EM4100_BYTES:
        return str(int.from_bytes(in_order[1:]))
    known = SERIAL_BYTES.get(len(number))
    value = int.from_bytes(in_order)
    return format_badge(Credential(known, 0, value)) if known and value else ""
