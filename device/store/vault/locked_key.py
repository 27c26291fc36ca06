"""A device key under a passphrase: whoever has the file has to guess it, at 64 MiB and three passes a try.

Source: Argon2id as RFC 9106, section 4, recommends it where memory is short.
"""

import base64
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from device.errors import KeyMissing
from device.store.vault.sealing import KEY_BYTES, DamagedError, unwrap, wrap

HEAD = "lintel-device-key-1-locked "
LEAST_LETTERS = 12
"""Of a passphrase: whoever has the card can try as many as they like."""
_SALT_BYTES = 16
_MEMORY_KIB = 64 * 1024
_PASSES, _LANES = 3, 4
_BOUND_TO = b"lintel/locked-device-key/1"


def locked(secret: bytes, passphrase: str) -> bytes:
    """The line of text of a locked key. Raises `KeyMissing` for a short passphrase."""
    if len(passphrase) < LEAST_LETTERS:
        raise KeyMissing(
            f"The passphrase has {len(passphrase)} letters, expected {LEAST_LETTERS} or more.",
            hint="Take a sentence, and keep it where you keep other keys: without it no face opens the door.",
        )
    salt = os.urandom(_SALT_BYTES)
    content = salt + wrap(_cipher(passphrase, salt), secret, bound_to=_BOUND_TO)
    return f"{HEAD}{base64.b64encode(content).decode()}\n".encode()


def unlocked(content: bytes, passphrase: str) -> bytes:
    """The key of such a line. Raises `KeyMissing` for another passphrase, and for a damaged line."""
    try:
        whole = base64.b64decode(content.decode("ascii").removeprefix(HEAD).strip(), validate=True)
        return unwrap(_cipher(passphrase, whole[:_SALT_BYTES]), whole[_SALT_BYTES:], bound_to=_BOUND_TO)
    except (ValueError, DamagedError):
        raise KeyMissing(
            "The passphrase is another one, or the key's file is damaged.", hint="Type it again, capitals as they were."
        ) from None


def is_locked(content: bytes) -> bool:
    """Whether a key's file is locked."""
    return content.startswith(HEAD.encode())


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    derived = Argon2id(salt=salt, length=KEY_BYTES, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
    return AESGCM(derived.derive(passphrase.encode()))
