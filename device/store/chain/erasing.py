"""Erases what rows say of a person; their hashes hold, and the door's signature says that it was Lintel who did it."""

from collections.abc import Sequence

from device.store.chain.canonical import (
    NOTHING,
    PERSONAL,
    SALT_BYTES,
    SIGNATURE_BYTES,
    as_bytes,
    commitment,
    erasure_message,
)
from device.store.chain.heads import Chain
from device.store.session import Session

UNSIGNED = bytes(SIGNATURE_BYTES)
"""In the place of the signature where there was no key; a verification says so."""
_HAS_PERSON = f"length(salt) = {SALT_BYTES}"
_FOUND = f"SELECT id, hash, salt, {', '.join(PERSONAL)} FROM audit WHERE {_HAS_PERSON} AND"  # noqa: S608 - constants
_ERASE = f"UPDATE audit SET {', '.join(f'{name} = NULL' for name in PERSONAL)}, salt = ? WHERE id = ?"  # noqa: S608


def erase(session: Session, chain: Chain, where: str, parameters: Sequence[object]) -> int:
    """Drops badge, person, text and salt of the rows that a condition names, and returns how many had any."""
    session.lock()
    found = session.raw_rows(f"{_FOUND} ({where})", parameters)
    for row in found:
        signature = chain.signer.sign(erasure_message(row["id"], as_bytes(row["hash"])))
        session.execute(_ERASE, [(commitment(row) or NOTHING) + (signature or UNSIGNED), row["id"]])
    return len(found)
