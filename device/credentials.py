"""The written form of a badge, as an operator types it and a line-based reader sends it.

| format     | written                            | facility   | number                          |
|------------|------------------------------------|------------|---------------------------------|
| `h10301`   | `FACILITY:NUMBER`                  | 0..255     | 0..65535 (26-bit Wiegand)       |
| `number`   | `NUMBER`                           | -          | up to 20 digits                 |
| `h10306`   | `h10306:FACILITY:NUMBER`           | 0..65535   | 0..65535 (34-bit Wiegand)       |
| `c1k35s`   | `c1k35s:FACILITY:NUMBER`           | 0..4095    | 0..1048575 (Corporate 1000)     |
| `h10304`   | `h10304:FACILITY:NUMBER`           | 0..65535   | 0..524287 (37-bit Wiegand)      |
| `h10302`   | `h10302:NUMBER`                    | -          | 1..2^35 - 1 (37-bit Wiegand)    |
| `csn4`     | `csn:HEX`, 8 digits                | -          | 1..2^32 - 1 (ISO 14443)         |
| `csn7`     | `csn:HEX`, 14 digits               | -          | 1..2^56 - 1                     |
| `csn10`    | `csn:HEX`, 20 digits               | -          | 1..2^80 - 1                     |
| `own:NAME` | `own:NAME:NUMBER`, `own:NAME:FACILITY:NUMBER` | 0..2^63 - 1 | with it up to 128 bits |

The first two may carry their name in front (`h10301:17:4242`). Leading zeros of decimal numbers do not count. The last
one is a format of the owner's, described in the settings; facility 0 is the same as none.

A `csn4` that begins with 08 belongs to no card: phones, and cards that guard their holder's privacy, draw it anew for
each reading (ISO/IEC 14443-3, random UID). It can be written and revoked, but not given to anyone. Seven and ten bytes
are always a maker's, whatever they begin with. 88 in front of four bytes is the cascade tag: the beginning of a longer
number, the same each time, but shared by cards of one batch.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from device.errors import CredentialError
from device.records import Credential

WIDTHS = {
    "h10301": (8, 16),
    "h10306": (16, 16),
    "c1k35s": (12, 20),
    "h10304": (16, 19),
    "h10302": (0, 35),
    "csn4": (0, 32),
    "csn7": (0, 56),
    "csn10": (0, 80),
}
"""Bits of the facility code, 0 where a format has none, and of the number."""

OWN = "own:"
"""What the name of a format of the owner's begins with, so that no later version of Lintel can take it."""
MAX_OWN_BITS = 128
MAX_FACILITY_BITS = 63
"""What the database holds."""
_HINT = (
    "Write FACILITY:NUMBER (17:4242), a plain NUMBER, csn:HEX with 4, 7 or 10 bytes (csn:04A2B9C1), or another format "
    "with its name in front (h10306:17:4242, h10302:4242, own:NAME:17:4242)."
)
_MAX_LENGTH = 80
_RANDOM, _CASCADE_TAG = 0x08, 0x88
"""First bytes of a serial number of four bytes, in the order of the card."""


@dataclass(frozen=True, slots=True)
class WrittenFormat:
    """One row of the table: its name, what is written (named groups facility and number), and back."""

    name: str
    pattern: re.Pattern[str]
    base: int
    fits: Callable[[int, int], bool]
    write: Callable[[Credential], str]


def _wiegand(name: str, pattern: str, write: Callable[[Credential], str]) -> WrittenFormat:
    """A format of the trade. A number that stands alone begins with 1: 0 is a card that was never programmed."""
    facility_bits, number_bits = WIDTHS[name]
    return WrittenFormat(
        name,
        re.compile(pattern),
        10,
        lambda facility, number: (
            facility >> facility_bits == 0 and number >> number_bits == 0 and (number > 0 or facility_bits > 0)
        ),
        write,
    )


def _with_facility(name: str) -> WrittenFormat:
    return _wiegand(
        name,
        rf"{name}:(?P<facility>[0-9]{{1,8}}):(?P<number>[0-9]{{1,8}})",
        lambda credential: f"{name}:{credential.facility}:{credential.number}",
    )


def _csn(name: str) -> WrittenFormat:
    """The serial number of a contactless card."""
    digits = WIDTHS[name][1] // 4
    return WrittenFormat(
        name,
        re.compile(rf"csn:(?P<number>[0-9a-f]{{{digits}}})"),
        16,
        lambda _facility, number: number > 0,
        lambda credential: f"csn:{credential.number:0{digits}X}",
    )


def _own_written(credential: Credential) -> str:
    facility = f"{credential.facility}:" if credential.facility else ""
    return f"{credential.format}:{facility}{credential.number}"


FORMATS = (
    _wiegand(
        "h10301",
        r"(?:h10301:)?(?P<facility>[0-9]{1,5}):(?P<number>[0-9]{1,8})",
        lambda credential: f"{credential.facility}:{credential.number}",
    ),
    WrittenFormat(
        "number",
        re.compile(r"(?:number:)?(?P<number>[0-9]{1,20})"),
        10,
        lambda _facility, _number: True,
        lambda credential: f"{credential.number}",
    ),
    _with_facility("h10306"),
    _with_facility("c1k35s"),
    _with_facility("h10304"),
    _wiegand("h10302", r"h10302:(?P<number>[0-9]{1,12})", lambda credential: f"h10302:{credential.number}"),
    _csn("csn4"),
    _csn("csn7"),
    _csn("csn10"),
    WrittenFormat(
        "own",
        re.compile(
            rf"(?P<format>{OWN}[a-z][a-z0-9-]{{0,31}}):(?:(?P<facility>[0-9]{{1,19}}):)?(?P<number>[0-9]{{1,39}})"
        ),
        10,
        lambda facility, number: (
            facility.bit_length() <= MAX_FACILITY_BITS and facility.bit_length() + number.bit_length() <= MAX_OWN_BITS
        ),
        _own_written,
    ),
)


def parse_badge(text: str) -> Credential:
    """The credential written as `text`. Raises `CredentialError` if it is in no known format or out of its range."""
    written = text.strip().lower()
    for known in FORMATS:
        if len(written) <= _MAX_LENGTH and (found := known.pattern.fullmatch(written)):
            groups = found.groupdict()
            facility, number = int(groups.get("facility") or 0), int(groups["number"], known.base)
            if not known.fits(facility, number):
                raise CredentialError(f"Badge {_shown(text)} is out of range for {known.name}.", hint=_HINT)
            return Credential(groups.get("format", known.name), facility, number)
    raise CredentialError(f"Badge {_shown(text)} is not in a known format.", hint=_HINT)


def is_random(credential: Credential) -> bool:
    """Whether it is a serial number that a phone or a card draws for one reading; the next one is another."""
    return credential.format == "csn4" and credential.number >> 24 == _RANDOM


def doubt_about(credential: Credential) -> str:
    """What speaks against giving this number to a person, in a clause; empty for most."""
    if is_random(credential):
        return "refused at doors: the phone or card invents a number each time"
    if credential.format == "csn4" and credential.number >> 24 == _CASCADE_TAG:
        return "only the beginning of a number of 7 bytes, which other cards may share: set the reader to send all 7"
    return ""


def refuse_random(credential: Credential) -> None:
    """Raises `CredentialError` for a number that no card would show again."""
    if is_random(credential):
        raise CredentialError(
            f"{format_badge(credential)} is a random number: the phone or card invents one each time.",
            hint="Use a card with a number of its own. If this card shows the same number each time, its reader sends "
            'the bytes in reverse order: set `formats = ["csn4:reversed"]` there.',
        )


def format_badge(credential: Credential) -> str:
    """The one written form of a credential; `parse_badge` reads it back to the same.

    Raises `CredentialError` for a format that this version does not know.
    """
    name = "own" if credential.format.startswith(OWN) else credential.format
    for known in FORMATS:
        if known.name == name:
            return known.write(credential)
    raise CredentialError(f"There is no card format named {credential.format!r}.", hint=_HINT)


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MAX_LENGTH else text[:_MAX_LENGTH] + "...")
