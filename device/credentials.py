"""The written form of a badge, as an operator types it and a line-based reader sends it.

| format   | written                | facility | number                     |
|----------|------------------------|----------|----------------------------|
| `h10301` | `FACILITY:NUMBER`      | 0..255   | 0..65535 (26-bit Wiegand)  |
| `number` | `NUMBER`               | -        | up to 20 digits            |
| `csn4`   | `csn:HEX`, 8 digits    | -        | 1..2^32 - 1 (ISO 14443)    |
| `csn7`   | `csn:HEX`, 14 digits   | -        | 1..2^56 - 1                |
| `csn10`  | `csn:HEX`, 20 digits   | -        | 1..2^80 - 1                |

The first two may carry their name in front (`h10301:17:4242`). Leading zeros of decimal numbers do not count.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from device.errors import CredentialError
from device.records import Credential

_HINT = "Write FACILITY:NUMBER (17:4242), a plain NUMBER, or csn:HEX with 4, 7 or 10 bytes (csn:04A2B9C1)."
_MAX_LENGTH = 64


@dataclass(frozen=True, slots=True)
class WrittenFormat:
    """One row of the table: its name, what is written (named groups facility and number), and back."""

    name: str
    pattern: re.Pattern[str]
    base: int
    fits: Callable[[int, int], bool]
    write: Callable[[Credential], str]


def _csn(size: int) -> WrittenFormat:
    """The serial number of a contactless card, of `size` bytes."""
    return WrittenFormat(
        f"csn{size}",
        re.compile(rf"csn:(?P<number>[0-9a-f]{{{2 * size}}})"),
        16,
        lambda _facility, number: number > 0,
        lambda credential: f"csn:{credential.number:0{2 * size}X}",
    )


FORMATS = (
    WrittenFormat(
        "h10301",
        re.compile(r"(?:h10301:)?(?P<facility>[0-9]{1,5}):(?P<number>[0-9]{1,8})"),
        10,
        lambda facility, number: facility <= 0xFF and number <= 0xFFFF,
        lambda credential: f"{credential.facility}:{credential.number}",
    ),
    WrittenFormat(
        "number",
        re.compile(r"(?:number:)?(?P<number>[0-9]{1,20})"),
        10,
        lambda _facility, _number: True,
        lambda credential: f"{credential.number}",
    ),
    _csn(4),
    _csn(7),
    _csn(10),
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
            return Credential(known.name, facility, number)
    raise CredentialError(f"Badge {_shown(text)} is in no known format.", hint=_HINT)


def format_badge(credential: Credential) -> str:
    """The one written form of a credential; `parse_badge` reads it back to the same.

    Raises `CredentialError` for a format that this version does not know.
    """
    for known in FORMATS:
        if known.name == credential.format:
            return known.write(credential)
    raise CredentialError(f"There is no card format named {credential.format!r}.", hint=_HINT)


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MAX_LENGTH else text[:_MAX_LENGTH] + "...")
