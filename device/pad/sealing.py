"""Encrypts a recorded clip with a passphrase of the owner's, where the owner keeps clips at all.

Between the recorder's frames and its folder. The key is made of the passphrase by scrypt (RFC 7914), and seals the clip
with ChaCha20-Poly1305 (RFC 8439) together with the presentation's name, so that no clip can stand in for another.
"""

import hashlib
import io
import os
from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
import PIL.Image
from msgspec import Meta

from device.errors import CredentialError, ImageError
from device.records import Frame, Image

MAGIC = b"lintel-clip-1\n"
LEAST_LETTERS = 12
"""Of a passphrase: whoever has the folder can try as many as they like."""
_SALT, _NONCE = 16, 12
_SCRYPT_N = 1 << 15
"""With r = 8 a try takes 32 MiB and some tenths of a second on a Pi."""
_JPEG_QUALITY = 95


class Still(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A frame as a clip holds it, `at` in seconds from the clip's begin."""

    at: Annotated[float, Meta(ge=0, le=3600)]
    jpeg: bytes


def still(frame: Frame, began_at: float) -> Still:
    """A frame, compressed, of a recording that began then: a tenth of the memory."""
    return Still(max(0.0, frame.captured_at - began_at), _jpeg(frame.image))


class Sealer:
    """Encrypts and decrypts the clips of one passphrase. Its key is made once for each salt."""

    def __init__(self, passphrase: str) -> None:
        """Raises `CredentialError` for a short passphrase."""
        if len(passphrase) < LEAST_LETTERS:
            raise CredentialError(
                f"The passphrase has {len(passphrase)} letters, expected {LEAST_LETTERS} or more.",
                hint="Take a sentence, and keep it where you keep other keys: without it the clips can't be read.",
            )
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        self._cipher = ChaCha20Poly1305
        self._passphrase = passphrase.encode()
        self._salt = os.urandom(_SALT)
        self._keys: dict[bytes, bytes] = {}

    def sealed(self, name: str, stills: Sequence[Still]) -> bytes:
        """The clip of a presentation of that name, encrypted."""
        nonce = os.urandom(_NONCE)
        cipher = self._cipher(self._key(self._salt))
        return MAGIC + self._salt + nonce + cipher.encrypt(nonce, msgspec.msgpack.encode(list(stills)), name.encode())

    def opened(self, name: str, content: bytes) -> tuple[Frame, ...]:
        """The frames of an encrypted clip, RGB, with their times in seconds from its begin.

        Raises `CredentialError` for another passphrase, or a clip that was changed or renamed; `ImageError` for what
        is no encrypted clip.
        """
        from cryptography.exceptions import InvalidTag

        head = len(MAGIC) + _SALT + _NONCE
        if not content.startswith(MAGIC) or len(content) < head:
            raise ImageError(f"The clip of {name} is not an encrypted clip.", hint="Record the presentation again.")
        salt, nonce = content[len(MAGIC) : head - _NONCE], content[head - _NONCE : head]
        try:
            plain = self._cipher(self._key(salt)).decrypt(nonce, content[head:], name.encode())
        except InvalidTag:
            raise CredentialError(
                f"The clip of {name} can't be decrypted: another passphrase, or a clip that was changed.",
                hint="Type the passphrase that it was recorded with.",
            ) from None
        stills = msgspec.msgpack.decode(plain, type=list[Still])
        return tuple(Frame(_image(one.jpeg), one.at) for one in stills)

    def _key(self, salt: bytes) -> bytes:
        if salt not in self._keys:
            self._keys[salt] = hashlib.scrypt(
                self._passphrase, salt=salt, n=_SCRYPT_N, r=8, p=1, maxmem=64 << 20, dklen=32
            )
        return self._keys[salt]


def _jpeg(image: Image) -> bytes:
    written = io.BytesIO()
    PIL.Image.fromarray(image).save(written, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return written.getvalue()


def _image(jpeg: bytes) -> Image:
    with PIL.Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
        return np.array(opened.convert("RGB"), np.uint8)
