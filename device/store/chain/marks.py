"""Signed marks along the chain: its head at each commit, checkpoints, cuts, and gaps that an operator made."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.store.chain.canonical import encoded


class Kind(StrEnum):
    """What a mark says about its row."""

    HEAD = "head"
    """The last row at that time."""
    CHECKPOINT = "checkpoint"
    ADOPTED = "adopted"
    """The rows up to it were written by a Lintel that had no chain: it says what they were when the chain began."""
    CUT = "cut"
    """It and the rows before it were removed after their time; the detail says how many."""
    GAP = "gap"
    """The rows from the detail's number to it are in no row here: a backup was restored."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A row by its number and hash, signed. `at` is ISO 8601 in UTC; no `signature` means that there was no key."""

    kind: Kind
    row: int
    hash: bytes
    at: str
    boot: str
    detail: str = ""
    signature: bytes | None = None

    def message(self, chain: bytes) -> bytes:
        """What is signed."""
        return b"lintel audit mark 1\0" + encoded(
            (chain, self.kind.value, self.row, self.hash, self.at, self.boot, self.detail)
        )

    def is_signed_by(self, keys: Iterable[Ed25519PublicKey], chain: bytes) -> bool:
        """Whether one of these keys has signed it."""
        return is_signed(self.signature, self.message(chain), keys)


def is_signed(signature: bytes | None, message: bytes, keys: Iterable[Ed25519PublicKey]) -> bool:
    """Whether one of these keys has signed a message."""
    for key in keys if signature else ():
        try:
            key.verify(signature or b"", message)
        except InvalidSignature:
            continue
        return True
    return False
