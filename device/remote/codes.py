"""Codes of Home Assistant's users: eight digits, the first two of which say whose it is. Drawn here, never chosen.

A code is the same each time, so whoever has heard one has it: the broker, the link, Home Assistant's log.
"""

import hmac
import re
import secrets

from device.store.pins import SALT_BYTES, USUAL, Cost, hashed, hashed_as

DIGITS = 6
"""Of the code itself, behind the two of its number."""
_FORM = re.compile(r"[0-9]{8}")


def split(typed: str) -> tuple[int, str] | None:
    """Number and digits of a code; None for what can't be one."""
    return (int(typed[:2]), typed[2:]) if _FORM.fullmatch(typed) else None


def drawn_code() -> str:
    """Six digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def kept(digits: str, secret: bytes, cost: Cost = USUAL) -> bytes:
    """What the store has of a code: Argon2id of HMAC(secret of this device, code), with its salt."""
    return hashed(digits, secret, cost)


def is_code(digits: str, kept_one: bytes, secret: bytes, cost: Cost = USUAL) -> bool:
    """Whether these are the digits of a code that is kept. Takes as long as each PIN does."""
    return hmac.compare_digest(hashed_as(digits, secret, kept_one[:SALT_BYTES], cost), kept_one[SALT_BYTES:])
