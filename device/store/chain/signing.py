"""The door's key for signatures, Ed25519: made on first use, kept beside the other keys and never in the database."""

import contextlib
import os
import threading
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from device.files import make_private, write_whole

FILE_NAME = "audit-signing.key"
PUBLIC_NAME = "audit-signing.pub"
"""The public key beside it, in hexadecimal: what an auditor needs."""
KEY_BYTES = 32


class Signer:
    """Signs with the key in a folder; without a folder, with one that lives as long as the process. Thread-safe."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._key: Ed25519PrivateKey | None = None if folder else Ed25519PrivateKey.generate()
        self.trouble = ""
        """Why nothing is signed, "" if nothing is wrong."""

    def sign(self, message: bytes) -> bytes | None:
        """The signature, or None if the key can't be read or made: `trouble` says why."""
        key = self._private()
        return key.sign(message) if key else None

    def public(self) -> Ed25519PublicKey | None:
        """The key that verifies; None as for `sign`."""
        key = self._private()
        return key.public_key() if key else None

    def keys(self) -> tuple[Ed25519PublicKey, ...]:
        """The same as a list of the keys that are trusted."""
        key = self.public()
        return (key,) if key else ()

    def _private(self) -> Ed25519PrivateKey | None:
        with self._lock:
            if self._key is None and self._folder is not None:
                try:
                    self._key = _kept(self._folder)
                    self.trouble = ""
                except (OSError, ValueError) as error:
                    self.trouble = (
                        f"The audit is not signed: the key {self._folder / FILE_NAME} can't be used ({error})."
                    )
            return self._key


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """The 32 bytes of a public key."""
    return key.public_bytes_raw()


def _kept(folder: Path) -> Ed25519PrivateKey:
    """The key in a folder, made if there is none. Raises `OSError`, `ValueError`."""
    path = folder / FILE_NAME
    with contextlib.suppress(FileNotFoundError):
        return _read(path)
    make_private(folder)
    key = Ed25519PrivateKey.generate()
    mine = path.with_name(f".{FILE_NAME}-{os.urandom(8).hex()}")
    write_whole(mine, key.private_bytes_raw(), durable=True, mode=0o600)
    try:
        os.link(mine, path)  # fails if another process was faster, so that there is one key
    except FileExistsError:
        return _read(path)
    finally:
        mine.unlink()
    write_whole(folder / PUBLIC_NAME, public_bytes(key.public_key()).hex().encode() + b"\n", durable=True, mode=0o644)
    return key


def _read(path: Path) -> Ed25519PrivateKey:
    content = path.read_bytes()
    if len(content) != KEY_BYTES:
        raise ValueError(f"expected {KEY_BYTES} bytes, received {len(content)}")
    return Ed25519PrivateKey.from_private_bytes(content)
