"""Keys in bits that an installer has written down: which keypad sends such bursts, and which keys they are. Pure.

A keypad sends each key as a burst of its own: 4 bits, or 8 of which the first half is the second's complement. Others
collect the digits and send them as one frame of 26 bits: a facility code of the keypad's and the number that was typed,
or six digits of four bits each (BCD). Some send 6 bits, a key between two parity bits; Lintel reads none such.
Source: the keypad transmission formats in the manuals of Rosslare's AY series.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from device.readers.wiegand.frames import is_key_code, key_of

BURSTS = (4, 8)
"""Bits of a key."""
WITH_PARITY = 6


@dataclass(frozen=True, slots=True)
class Typed:
    """Keys, and how many bits each was sent with."""

    keys: str
    bits_a_key: int


def typed(words: Sequence[str]) -> Typed | None:
    """The keys in bursts of 0 and 1, each a word; in one word that is too long for a key, as many as it may hold. None
    if these are not keys.
    """
    if len(words) == 1:
        return next((found for bits in reversed(BURSTS) if (found := _keys(_cut(words[0], bits)))), None)
    return _keys(words)


def why_no_key(bits: str) -> str:
    """What is wrong with a burst that is as long as a key; empty for another length."""
    if len(bits) == WITH_PARITY and key_of(bits[1:-1]):
        return "Six bits may be a key between two parity bits: set the keypad to send 4 or 8 bits a key."
    if len(bits) not in BURSTS:
        return ""
    if typed([bits.translate(_INVERTED)]):
        return "With every bit inverted it would be a key: check whether the wires of data 0 and data 1 are swapped."
    return "A key of 8 bits has the inverse of its last four first, as 11100001 for 1: look for noise on the line."


def typed_numbers(facility: int, number: int) -> tuple[str, ...]:
    """What may have been typed on a keypad that sends one frame of 26 bits: the number, binary behind a facility code;
    or six digits of four bits each.
    """
    six = f"{facility:02x}{number:04x}"
    return (str(number), six) if six.isdecimal() else (str(number),)


def _keys(words: Sequence[str]) -> Typed | None:
    sizes = {len(word) for word in words}
    if len(sizes) != 1 or not all(is_key_code(word) for word in words):
        return None
    keys = [key_of(word) for word in words]
    return Typed("".join(key for key in keys if key), sizes.pop()) if all(keys) else None


def _cut(word: str, bits: int) -> list[str]:
    return [word[at : at + bits] for at in range(0, len(word), bits)] if len(word) % bits == 0 else []


_INVERTED = str.maketrans("01", "10")
