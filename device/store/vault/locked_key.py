"""A device key under a passphrase: a thief of the file has to guess it, at 64 MiB and three passes a try.

Source: Argon2id as RFC 9106, section 4, recommends it where memory is short.
"""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from device.errors import KeyMissing
from device.store.vault.locks import LockKind
from device.store.vault.sealing import KEY_BYTES, DamagedError, Secret, unwrap, wrap

LEAST_LETTERS = 12
"""Of a passphrase: a thief of the card can try as many as they like."""
_SALT_BYTES = 16
_MEMORY_KIB = 64 * 1024
_PASSES, _LANES = 3, 4
_BOUND_TO = b"lintel/locked-device-key/1"


class PassphraseLock:
    """Opens with the same words alone."""

    kind = LockKind.PASSPHRASE

    def __init__(self, passphrase: str) -> None:
        self._passphrase = passphrase

    def lock(self, secret: Secret) -> bytes:
        """Raises `KeyMissing` for a short passphrase."""
        if len(self._passphrase) < LEAST_LETTERS:
            raise KeyMissing(
                f"The passphrase has {len(self._passphrase)} letters, expected {LEAST_LETTERS} or more.",
                hint="Take a sentence, and keep it where you keep other keys: without it no face opens the door.",
            )
        salt = os.urandom(_SALT_BYTES)
        return salt + wrap(self._cipher(salt), secret, bound_to=_BOUND_TO)

    def open(self, content: bytes) -> Secret:
        """Raises `KeyMissing` for another passphrase, and for a damaged file."""
        try:
            salt, wrapped = content[:_SALT_BYTES], content[_SALT_BYTES:]
            return Secret(unwrap(self._cipher(salt), wrapped, bound_to=_BOUND_TO))
        except (ValueError, DamagedError):
            raise KeyMissing(
                "The passphrase is another one, or the key's file is damaged.",
                hint="Type it again, capitals as they were.",
            ) from None

    def _cipher(self, salt: bytes) -> AESGCM:
        derived = Argon2id(salt=salt, length=KEY_BYTES, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
        return AESGCM(derived.derive(self._passphrase.encode()))
