r"""The bytes of a row that its hash covers. Pure; a form that was released is never edited.

Form 1: `SHA-256("lintel audit row 1\0" + hash of the row before + hash of the stamp + public columns + commitment)`.
What may speak of a person enters as a commitment alone, `HMAC-SHA-256(salt, personal columns)`, so that value and salt
can be erased and the hash still holds. A value is a letter for its type and its bytes, big-endian; text and bytes have
their length before them.
"""

import hashlib
import hmac
import struct
from collections.abc import Iterable, Mapping

FORM = 1
PERSONAL = ("badge", "person_id", "fault")
"""The columns that may speak of a person, `fault` as it is free text."""
PUBLIC = (
    "id", "at", "event", "outcome", "reason", "similarity", "threshold", "probes", "references", "frames", "waited_s",
    "door", "reader", "pad", "scene", "live", "turned", "turns", "mode", "rule", "schedule", "by", "monotonic_s",
)  # fmt: skip
STAMP = ("version", "model", "settings", "rules", "boot", "clock")
NOTHING = bytes(32)
"""Stands for the hash of a stamp and for a commitment where there is nothing to commit to."""
SALT_BYTES = 16
COMMITMENT_BYTES = 32
SIGNATURE_BYTES = 64
_ROW = b"lintel audit row 1\0"

Values = Mapping[str, object]
"""A row or a stamp by the names of its columns, as SQLite gives it."""


def encoded(values: Iterable[object]) -> bytes:
    """The values as bytes from which they could be read back. Raises `TypeError` for what SQLite doesn't store."""
    return b"".join(map(_encoded, values))


def _encoded(value: object) -> bytes:
    match value:
        case None:
            return b"n"
        case int():
            return b"i" + struct.pack(">q", value)
        case float():
            return b"f" + struct.pack(">d", value)
        case str():
            text = value.encode("utf-8", "surrogateescape")
            return b"s" + struct.pack(">I", len(text)) + text
        case bytes():
            return b"b" + struct.pack(">I", len(value)) + value
    raise TypeError(type(value).__name__)


def genesis(chain: bytes) -> bytes:
    """What stands in the first row for the hash of the row before: another for each chain."""
    return hashlib.sha256(b"lintel audit chain 1\0" + chain).digest()


def stamp_hash(stamp: Values | None) -> bytes:
    """The hash of a stamp, `NOTHING` without one."""
    if stamp is None:
        return NOTHING
    return hashlib.sha256(b"lintel audit stamp 1\0" + encoded(stamp[name] for name in STAMP)).digest()


def stamp_number(digest: bytes) -> int:
    """The number that a stamp has in the database, made of its hash."""
    return int.from_bytes(digest[:8], "big") >> 1


def as_bytes(value: object) -> bytes:
    """A hash as it is stored, and `NOTHING` for what something else has put in its place."""
    return value if isinstance(value, bytes) else NOTHING


def is_personal(row: Values) -> bool:
    """Whether a row has anything that may speak of a person."""
    return any(row[name] is not None for name in PERSONAL)


def commitment(row: Values) -> bytes | None:
    """What stands for the personal columns; None if the row can't be genuine: salt and columns don't go together.

    The column `salt` has the salt itself, or after an erasure the commitment and the signature that allowed it.
    """
    salt = row["salt"]
    if salt is None:
        return None if is_personal(row) else NOTHING
    if not isinstance(salt, bytes):
        return None
    if len(salt) == SALT_BYTES:
        return hmac.digest(salt, encoded(row[name] for name in PERSONAL), "sha256")
    is_erased = len(salt) == COMMITMENT_BYTES + SIGNATURE_BYTES and not is_personal(row)
    return salt[:COMMITMENT_BYTES] if is_erased else None


def row_hash(row: Values, previous: bytes, stamp: bytes) -> bytes | None:
    """The hash of a row; `stamp` is the hash of its stamp. None if the row can't be genuine."""
    committed = commitment(row)
    if committed is None or row["form"] != FORM:
        return None
    public = encoded(row[name] for name in PUBLIC)
    return hashlib.sha256(_ROW + previous + stamp + public + committed).digest()


def erasure_message(number: int, digest: bytes) -> bytes:
    """What is signed to allow that the row of that number and hash was erased."""
    return b"lintel audit erasure 1\0" + encoded((number, digest))
