"""The encrypted file: a head that says how its key is found, then chunks that can't be cut off, swapped or changed.

Each chunk is sealed with ChaCha20-Poly1305 under its number, and whether it is the last (the STREAM construction of
Hoang, Reyhanitabar, Rogaway and Vizár, 2015); the head is bound to each. The key is made of a passphrase by scrypt, or
is agreed with a recipient's X25519 key, whose other half never is on the device.
"""

import base64
import hashlib
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, BinaryIO, Literal

import msgspec
from msgspec import Meta

from device.errors import BackupError

MAGIC = b"lintel-backup "
VERSION = 1
CHUNK_BYTES = 1 << 16
LEAST_LETTERS = 12
"""Of a passphrase: whoever has the file can try as many as they like."""
RECIPIENT = "lintel-recipient-"
IDENTITY = "LINTEL-IDENTITY-"
_SALT_BYTES = 16
_SCRYPT_N = 1 << 15
"""With r = 8 a try takes 32 MiB and some tenths of a second on a Pi."""
_MOST_HEAD_BYTES = 4096
_TAG_BYTES = 16
_DAMAGED = "Take another copy of it, or an older backup."


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the key is found; in the clear. `salt` is in hexadecimal, and so is `public`, of a recipient's file."""

    kind: Literal["passphrase", "recipient"]
    salt: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
    public: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$")] = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """What opens a backup: a passphrase, or the identity of a recipient. Never printed."""

    passphrase: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)


def refuse_short(passphrase: str) -> None:
    """Raises `BackupError` for a passphrase that is guessed too easily."""
    if len(passphrase) < LEAST_LETTERS:
        raise BackupError(
            f"The passphrase has {len(passphrase)} letters, expected {LEAST_LETTERS} or more.",
            hint="Take a sentence, and keep it where you keep other keys: without it the backup can't be restored.",
        )


def new_identity() -> tuple[str, str]:
    """A recipient's identity, to be kept off the device, and the recipient to be named in a backup."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    key = X25519PrivateKey.generate()
    return _written(IDENTITY, key.private_bytes_raw()), _written(RECIPIENT, key.public_key().public_bytes_raw())


class Writer:
    """Encrypts what is written to it into a file; `close` writes the last chunk."""

    def __init__(self, file: BinaryIO, *, passphrase: str = "", recipient: str = "") -> None:
        """Raises `BackupError` for a short passphrase, or a recipient that is none."""
        if not recipient:
            refuse_short(passphrase)
        head, key = _for_recipient(recipient) if recipient else _for_passphrase(passphrase)
        written = msgspec.json.encode(head)
        first = MAGIC + f"{VERSION}\n".encode() + struct.pack(">H", len(written)) + written
        file.write(first)
        self._file = file
        self._sealed = _Sealed(key, first)
        self._waiting = bytearray()

    def write(self, content: bytes) -> None:
        """Takes any number of bytes."""
        self._waiting += content
        while len(self._waiting) > CHUNK_BYTES:
            self._file.write(self._sealed.seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False))
            del self._waiting[:CHUNK_BYTES]

    def close(self) -> None:
        """Seals the rest."""
        self._file.write(self._sealed.seal(bytes(self._waiting), is_last=True))
        self._waiting.clear()


class Reader:
    """Decrypts a file a piece at a time. Nothing is given before it was authenticated."""

    def __init__(self, file: BinaryIO, secret: Secret) -> None:
        """Raises `BackupError` for what is no backup, a newer one, and a secret of the other kind."""
        first, head = _read_head(file)
        self._sealed = _Sealed(_key_of(head, secret), first)
        self._file = file
        self._next = file.read(CHUNK_BYTES + _TAG_BYTES)
        self._waiting = bytearray()
        self._is_first = True

    def read(self, count: int) -> bytes:
        """Exactly so many bytes. Raises `BackupError` for another secret, and for a file that was changed or cut."""
        while len(self._waiting) < count:
            if not self._next:
                raise BackupError("The backup ends too early: it was cut off.", hint=_DAMAGED)
            self._waiting += self._opened()
        content = bytes(self._waiting[:count])
        del self._waiting[:count]
        return content

    def pieces(self, count: int) -> Iterator[bytes]:
        """So many bytes in pieces of a chunk at most."""
        while count:
            piece = self.read(min(count, CHUNK_BYTES))
            yield piece
            count -= len(piece)

    def finish(self) -> None:
        """Raises `BackupError` if there is more than was read, or the file was cut off."""
        while self._next:
            self._waiting += self._opened()
        if self._waiting:
            raise BackupError("The backup holds more than its manifest says: it was changed.", hint=_DAMAGED)

    def _opened(self) -> bytes:
        sealed, self._next = self._next, self._file.read(CHUNK_BYTES + _TAG_BYTES)
        try:
            opened = self._sealed.open(sealed, is_last=not self._next)
        except ValueError:
            raise self._objection() from None
        self._is_first = False
        return opened

    def _objection(self) -> BackupError:
        if self._is_first:
            return BackupError(
                "The backup can't be opened: another passphrase or identity, or a file that was changed.",
                hint="Type the passphrase that it was made with.",
            )
        return BackupError("The backup was changed or cut off behind its beginning.", hint=_DAMAGED)


class _Sealed:
    """Chunks under one key, each bound to the head, its number, and whether it is the last."""

    def __init__(self, key: bytes, head: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        self._cipher = ChaCha20Poly1305(key)
        self._head = hashlib.sha256(head).digest()
        self._number = 0

    def seal(self, plain: bytes, *, is_last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(is_last=is_last), plain, self._head)

    def open(self, sealed: bytes, *, is_last: bool) -> bytes:
        """Raises `ValueError`."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(self._nonce(is_last=is_last), sealed, self._head)
        except InvalidTag:
            raise ValueError("not authentic") from None

    def _nonce(self, *, is_last: bool) -> bytes:
        """Each key is used for one file only, so that counting is enough."""
        self._number += 1
        return struct.pack(">3xQB", self._number, is_last)


def _read_head(file: BinaryIO) -> tuple[bytes, Head]:
    line = file.readline(64)
    if not line.startswith(MAGIC):
        raise BackupError("The file is not a backup of Lintel.", hint="See `lintel backup --help`.")
    if line != MAGIC + f"{VERSION}\n".encode():
        raise BackupError(
            f"The backup has the form {line[len(MAGIC) :].decode(errors='replace').strip()!r}, "
            f"and this version reads form {VERSION}.",
            hint="Restore it with the version of Lintel that made it, or a newer one.",
        )
    try:
        counted = file.read(2)
        (count,) = struct.unpack(">H", counted)
        written = file.read(min(count, _MOST_HEAD_BYTES))
        return line + counted + written, msgspec.json.decode(written, type=Head)
    except (struct.error, ValueError):
        raise BackupError("The head of the backup is damaged.", hint=_DAMAGED) from None


def _for_passphrase(passphrase: str) -> tuple[Head, bytes]:
    salt = os.urandom(_SALT_BYTES)
    return Head("passphrase", salt.hex()), _stretched(passphrase, salt)


def _for_recipient(recipient: str) -> tuple[Head, bytes]:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    theirs = _parsed(RECIPIENT, recipient)
    once, salt = X25519PrivateKey.generate(), os.urandom(_SALT_BYTES)
    public = once.public_key().public_bytes_raw()
    shared = _agreed(lambda: once.exchange(X25519PublicKey.from_public_bytes(theirs)))
    return Head("recipient", salt.hex(), public.hex()), _expanded(shared, salt, public + theirs)


def _key_of(head: Head, secret: Secret) -> bytes:
    salt = bytes.fromhex(head.salt)
    if head.kind == "passphrase":
        if not secret.passphrase:
            raise BackupError("The backup was made with a passphrase.", hint="Leave `--identity` out, and type it.")
        return _stretched(secret.passphrase, salt)
    if not secret.identity:
        raise BackupError(
            "The backup was made for a recipient.", hint="Name the file of its identity: `--identity FILE`."
        )
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    mine = X25519PrivateKey.from_private_bytes(_parsed(IDENTITY, secret.identity))
    public = bytes.fromhex(head.public)
    shared = _agreed(lambda: mine.exchange(X25519PublicKey.from_public_bytes(public)))
    return _expanded(shared, salt, public + mine.public_key().public_bytes_raw())


def _agreed(exchange: Callable[[], bytes]) -> bytes:
    """Raises `BackupError` for a public key that has no secret in common with any other."""
    try:
        return exchange()
    except ValueError:
        raise BackupError("The recipient's key is not a usable one.", hint=_MAKE_ONE) from None


def _stretched(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=_SCRYPT_N, r=8, p=1, maxmem=64 << 20, dklen=32)


def _expanded(shared: bytes, salt: bytes, bound_to: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"lintel/backup/1" + bound_to).derive(shared)


_MAKE_ONE = "Make one on another machine: `lintel backup identity`."


def _written(kind: str, key: bytes) -> str:
    checked = key + hashlib.sha256(kind.encode() + key).digest()[:3]
    return kind + base64.b32encode(checked).decode().rstrip("=").lower()


def _parsed(kind: str, text: str) -> bytes:
    """Raises `BackupError` for anything else, without quoting it."""
    body = text.strip().removeprefix(kind).upper()
    try:
        checked = base64.b32decode(body + "=" * (-len(body) % 8))
    except ValueError:
        checked = b""
    if not text.strip().startswith(kind) or len(checked) != 35 or _written(kind, checked[:32]) != text.strip():
        raise BackupError(f"Not a key that begins with {kind}, or one that was mistyped.", hint=_MAKE_ONE)
    return checked[:32]
