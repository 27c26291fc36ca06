"""Seals one record with AES-256-GCM, bound to what it is about, so that it can't be put in another's place."""

import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
Secret = bytearray
"""A key in memory that can be overwritten there, which `bytes` can't."""
NONCE_BYTES = 12
TAG_BYTES = 16
_FORM = 1
_HEAD = struct.Struct(">BI")
"""Which form the record has, and the generation of the data key that seals it."""
LEAST_BYTES = _HEAD.size + NONCE_BYTES + TAG_BYTES


class DamagedError(Exception):
    """A record that isn't what was sealed, or not for what it is opened for."""


def new_key() -> Secret:
    """32 random bytes."""
    return Secret(os.urandom(KEY_BYTES))


def wrap(cipher: AESGCM, plain: bytes | Secret, *, bound_to: bytes) -> bytes:
    """Encrypts and authenticates: nonce, ciphertext and tag."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, bound_to)


def unwrap(cipher: AESGCM, wrapped: bytes, *, bound_to: bytes) -> bytes:
    """What `wrap` was given. Raises `DamagedError` for another key, another `bound_to`, or a changed bit."""
    if len(wrapped) < NONCE_BYTES + TAG_BYTES:
        raise DamagedError
    try:
        return cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound_to)
    except InvalidTag:
        raise DamagedError from None


def unwrap_secret(cipher: AESGCM, wrapped: bytes, *, bound_to: bytes) -> Secret:
    """`unwrap` for a key, which is nowhere but in the buffer that this gives."""
    secret = Secret(max(0, len(wrapped) - NONCE_BYTES - TAG_BYTES))
    if not secret:
        raise DamagedError
    try:
        cipher.decrypt_into(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound_to, secret)
    except InvalidTag:
        raise DamagedError from None
    return secret


def seal(cipher: AESGCM, plain: bytes, *, generation: int, bound_to: bytes) -> bytes:
    """`wrap` with the generation of the key before it."""
    return _HEAD.pack(_FORM, generation) + wrap(cipher, plain, bound_to=bound_to)


def generation_of(sealed: bytes) -> int:
    """Which generation of the data key a record is sealed with. Raises `DamagedError` for what is no record."""
    if len(sealed) < LEAST_BYTES:
        raise DamagedError
    form, generation = _HEAD.unpack_from(sealed)
    if form != _FORM:
        raise DamagedError
    return int(generation)


def unseal(cipher: AESGCM, sealed: bytes, *, bound_to: bytes) -> bytes:
    """What `seal` was given. Raises `DamagedError`."""
    return unwrap(cipher, sealed[_HEAD.size :], bound_to=bound_to)


def derived(secret: bytes | Secret, purpose: str) -> bytes:
    """32 bytes for one purpose, from which neither the secret nor those of another purpose can be told (HKDF)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(secret)


def overwrite(secret: Secret) -> None:
    """Zeros in the place of a key in memory. Copies that Python or OpenSSL made of it are theirs."""
    secret[:] = bytes(len(secret))
