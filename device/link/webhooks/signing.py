"""Signatures and secrets of the Standard Webhooks specification 1.0.0, symmetric scheme `v1`."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence

from device.errors import ConfigError

PREFIX = "whsec_"
BYTES = 32
LEAST_BYTES, MOST_BYTES = 24, 64
"""Of a secret, by the specification."""
MOST_SECRETS = 2
"""The present one, and the one before it while receivers learn the new one."""


def new_secret() -> str:
    """A secret of 256 random bits, as receivers take it."""
    return PREFIX + base64.b64encode(os.urandom(BYTES)).decode()


def keys_in(text: str, where: str) -> tuple[bytes, ...]:
    """The keys in a file of secrets, one a line, the newest first. Raises `ConfigError`, which never shows one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= MOST_SECRETS:
        raise ConfigError(f"{where} has {len(lines)} secrets, expected one, or two during a rotation.", hint=_HINT)
    return tuple(_key(line, where) for line in lines)


def signature(keys: Sequence[bytes], uid: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature for each key, a space between them."""
    signed = b".".join((uid.encode(), str(timestamp).encode(), body))
    made = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in made)


_HINT = "Make one: `lintel link webhook-secret FILE`."


def _key(line: str, where: str) -> bytes:
    try:
        key = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not line.startswith(PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ConfigError(
            f"{where} has a line that is not a secret: expected {PREFIX} and {LEAST_BYTES} to {MOST_BYTES} bytes in "
            "base64.",
            hint=_HINT,
        )
    return key
