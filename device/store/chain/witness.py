"""The witness: a small file beside the keys that remembers the newest row, so that an older database is found."""

import contextlib
import os
from pathlib import Path
from typing import Annotated

import msgspec

from device.files import make_private, write_whole
from device.store.chain.marks import Kind, Mark

FILE_NAME = "audit-witness.json"


class Witness(msgspec.Struct, frozen=True):
    """The head of a chain as it was; bytes in hexadecimal."""

    chain: str
    row: int
    hash: str
    at: str
    boot: str
    signature: Annotated[str, msgspec.Meta(description="of the head, empty without a key")]

    def mark(self) -> Mark:
        """The head. Raises `ValueError` for what is not hexadecimal."""
        signature = bytes.fromhex(self.signature) or None
        return Mark(Kind.HEAD, self.row, bytes.fromhex(self.hash), self.at, self.boot, signature=signature)


def witness_of(head: Mark, chain: bytes) -> Witness:
    """What is to be remembered of a head."""
    return Witness(chain.hex(), head.row, head.hash.hex(), head.at, head.boot, (head.signature or b"").hex())


def write(folder: Path, witness: Witness) -> None:
    """Replaces the witness; it outlasts a power cut. Raises `OSError`."""
    make_private(folder)
    write_whole(folder / FILE_NAME, msgspec.json.encode(witness) + b"\n", durable=True, mode=0o600)


def read(folder: Path) -> Witness | None:
    """The witness, None if there has been none. Raises `OSError`, and `ValueError` for a damaged one."""
    with contextlib.suppress(FileNotFoundError):
        content = (folder / FILE_NAME).read_bytes()
        found = msgspec.json.decode(content, type=Witness)  # its error is a ValueError
        found.mark()
        return found
    return None


def exists(folder: Path) -> bool:
    """Whether there is one, even if it can't be read."""
    return os.path.lexists(folder / FILE_NAME)
