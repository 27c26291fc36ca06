"""What locks the device key's file: a passphrase, the fuses of a Raspberry Pi, or a TPM; its first word says which."""

import base64
import binascii
from enum import StrEnum
from typing import Protocol

from device.errors import KeyMissing
from device.store.vault.sealing import KEY_BYTES, Secret

PLAIN_HEAD = b"lintel-device-key-1 "


class LockKind(StrEnum):
    """What has to be there besides the file."""

    PASSPHRASE = "passphrase"  # noqa: S105 - a kind
    OTP = "otp"
    TPM = "tpm"

    @property
    def head(self) -> bytes:
        """What the file begins with."""
        word = "locked" if self is LockKind.PASSPHRASE else self.value
        return f"lintel-device-key-1-{word} ".encode()


BY_MACHINE = frozenset({LockKind.OTP, LockKind.TPM})
"""Opened by root at the start of the service, without anyone who types."""


class KeyLock(Protocol):
    """Locks keys and opens them. Everything raises `KeyMissing`."""

    @property
    def kind(self) -> LockKind:
        """Which one it is."""

    def lock(self, secret: Secret) -> bytes:
        """What only `open` makes a key of again."""

    def open(self, content: bytes) -> Secret:
        """The key of it. Raises `KeyMissing` for a damaged one too."""


def lock_of(content: bytes | Secret) -> LockKind | None:
    """What locks a key's file; None for one that nothing locks, or that is none."""
    return next((kind for kind in LockKind if content.startswith(kind.head)), None)


def locked_line(lock: KeyLock, secret: Secret) -> bytes:
    """The line of text of a locked key. Raises `KeyMissing`."""
    return lock.kind.head + base64.b64encode(lock.lock(secret)) + b"\n"


def opened_line(lock: KeyLock, line: bytes) -> Secret:
    """The key of such a line. Raises `KeyMissing`."""
    try:
        content = base64.b64decode(line.removeprefix(lock.kind.head).strip(), validate=True)
    except binascii.Error:
        raise damaged() from None
    secret = lock.open(content)
    if len(secret) != KEY_BYTES:
        raise damaged()
    return secret


def damaged() -> KeyMissing:
    """The error about a file that no one can open any more."""
    return KeyMissing(
        "The key's file is damaged.", hint="Put the key back from its recovery line: `sudo lintel keys restore`."
    )
