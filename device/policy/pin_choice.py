"""Which PINs may be chosen. Pure.

Refused are the two kinds that are typed first by who has found a badge: one digit again and again, and digits in a row.
NIST SP 800-63B-4 asks for a length and a list of what is common, and for no other rules: more would make PINs easier to
foresee. A duress PIN is as long as the ordinary one, so that a key too many or too few is never it, and can't come of a
slip either: it differs in two digits at least, is not the next number, and not the same with two neighbors swapped.
"""

from device.errors import CredentialError
from device.records import DIGITS, LEAST_DIGITS, MOST_DIGITS

LEAST_DIFFERENT = 2
_ROWS = DIGITS + DIGITS
"""Upwards, over the end: 8901 is a row too."""
HINT = f"Choose {LEAST_DIGITS} to {MOST_DIGITS} digits; 6 are usual."


def refuse_pin(pin: str) -> None:
    """Raises `CredentialError` for what can't be a PIN, or is foreseen; the message repeats nothing of it."""
    if not pin or set(pin) - set(DIGITS):
        raise CredentialError("A PIN is made of the digits 0 to 9.", hint=HINT)
    if not LEAST_DIGITS <= len(pin) <= MOST_DIGITS:
        raise CredentialError(f"A PIN has {LEAST_DIGITS} to {MOST_DIGITS} digits, received {len(pin)}.", hint=HINT)
    if is_foreseen(pin):
        raise CredentialError(
            "This PIN is one digit repeated, or digits in a row: it would be the first guess.",
            hint="Choose another one, or have one drawn: `--generate 6`.",
        )


def is_foreseen(pin: str) -> bool:
    """Whether it is one digit again and again, or digits in a row, up or down."""
    return len(set(pin)) == 1 or pin in _ROWS or pin in _ROWS[::-1]


def refuse_duress_pin(duress: str, pin: str) -> None:
    """Raises `CredentialError` for a duress PIN that a slip could make of the ordinary one, or the other way round."""
    refuse_pin(duress)
    if len(duress) != len(pin):
        raise CredentialError(
            "The duress PIN has to be as long as the ordinary one.",
            hint="With another length, one key too many or too few could be an alarm.",
        )
    if is_alike(duress, pin):
        raise CredentialError(
            "The duress PIN is too much like the ordinary one.",
            hint="Choose one that differs in two digits at least, by more than 1, and not by swapping two neighbors.",
        )


def is_alike(one: str, other: str) -> bool:
    """Whether two PINs of one length may be taken for each other."""
    different = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(different) < LEAST_DIFFERENT or abs(int(one) - int(other)) == 1:
        return True
    first, last = different[0], different[-1]
    return last - first == 1 and one[first] == other[last] and one[last] == other[first]
