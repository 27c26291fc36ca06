"""Signed commands: a JSON Web Signature in its compact form (RFC 7515), with Ed25519 (RFC 8037).

Any library for JOSE makes one. What is read here is far less than JOSE: one algorithm, two fields in the header and
five in the payload, each part in its only form, so that there is no second way to write the same command.
"""

import base64
import binascii
import re
import secrets
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta

from device.records.remote import RemoteCommand

MAX_TOKEN = 800
"""Longest token, in characters: it has to fit in a line of the operators' socket."""
KEY_BYTES, SIGNATURE_BYTES = 32, 64
_PART = re.compile(rb"[A-Za-z0-9_-]+")


class NotAToken(ValueError):
    """Not a command of the documented form."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which key signed it. `crit`, `jwk`, `jku` and whatever else a header may have are refused."""

    alg: Literal["EdDSA"]
    kid: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
    typ: Literal["JWT"] = "JWT"


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The command. Times are seconds since 1970, UTC."""

    cmd: RemoteCommand
    door: Annotated[str, Meta(min_length=1, max_length=64)]
    iat: Annotated[float, Meta(ge=0, le=2**33)]
    exp: Annotated[float, Meta(ge=0, le=2**33)]
    jti: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{16,64}$")]

    @property
    def issued_us(self) -> int:
        """When it was issued, in whole microseconds."""
        return int(self.iat * 1_000_000)


class Token(msgspec.Struct, frozen=True):
    """A token whose form is right; nothing is verified yet."""

    kid: str
    claims: Claims
    signed: bytes
    signature: bytes

    def is_by(self, public_key: bytes) -> bool:
        """Whether that key has signed it."""
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(self.signature, self.signed)
        except (InvalidSignature, ValueError):
            return False
        return True


def parsed(text: str) -> Token:
    """Raises `NotAToken`, and nothing else, whatever the text is."""
    if len(text) > MAX_TOKEN or not text.isascii():
        raise NotAToken(f"expected up to {MAX_TOKEN} characters of ASCII")
    parts = text.encode().split(b".")
    if len(parts) != 3:
        raise NotAToken(f"expected three parts, received {len(parts)}")
    head, body, signature = map(_bytes, parts)
    if len(signature) != SIGNATURE_BYTES:
        raise NotAToken(f"expected a signature of {SIGNATURE_BYTES} bytes, received {len(signature)}")
    try:
        header = msgspec.json.decode(head, type=Header)
        claims = msgspec.json.decode(body, type=Claims)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAToken(str(error)) from None
    return Token(header.kid, claims, parts[0] + b"." + parts[1], signature)


def signed(claims: Claims, *, kid: str, key: Ed25519PrivateKey) -> str:
    """The token of a command: what `lintel link sign` prints."""
    head = msgspec.json.encode(Header("EdDSA", kid))
    said = b".".join(_text(part) for part in (head, msgspec.json.encode(claims)))
    return (said + b"." + _text(key.sign(said))).decode()


def new_nonce() -> str:
    """For `jti`."""
    return secrets.token_urlsafe(18)


def key_text(public_key: Ed25519PublicKey) -> str:
    """A public key in one word of 43 letters, as `x` of a JSON Web Key has it."""
    return _text(public_key.public_bytes_raw()).decode()


def key_bytes(text: str) -> bytes:
    """The same back. Raises `NotAToken`."""
    raw = _bytes(text.encode(errors="replace"))
    if len(raw) != KEY_BYTES:
        raise NotAToken(f"expected a key of {KEY_BYTES} bytes, received {len(raw)}")
    return raw


def _text(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _bytes(part: bytes) -> bytes:
    """Of a part in its only form: bits that a decoder passes over must be zero."""
    if not _PART.fullmatch(part):
        raise NotAToken("expected base64url without padding")
    try:
        raw = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error as error:
        raise NotAToken(str(error)) from None
    if _text(raw) != part:
        raise NotAToken("expected base64url in its only form")
    return raw
