"""The device key under the fuses of a Raspberry Pi 4 or 5: a card alone, without its Pi, opens nothing.

The eight rows of the "device private key" are read and burnt through the firmware with `vcmailbox`, as Raspberry Pi's
own `rpi-otp-private-key` does. Bits go from 0 to 1 once and never back, so rows that hold a key already are used as
they are. What wraps the device key is derived from them with HKDF: another program may use the same rows.
"""

import os
import shutil
import subprocess
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from device.errors import KeyMissing
from device.store.vault.locks import LockKind, damaged
from device.store.vault.sealing import KEY_BYTES, DamagedError, Secret, unwrap, wrap

PROGRAM = "vcmailbox"
WITHIN_S = 5.0
_ROWS, _ROW_BYTES = 8, 4
_READ, _WRITE = 0x00030081, 0x00038081
"""Tags of the firmware: get and set the device private key."""
_SIZE = _ROWS * _ROW_BYTES + 8
_ANSWERED = 0x80000000
_HEAD_WORDS = 7
"""Of an answer: size, code, tag, size of its value, its code, first row, number of rows."""
_SALT_BYTES = 16
_BOUND_TO = b"lintel/otp-device-key/1"
_HINT = "It takes a Raspberry Pi 4 or 5 with Raspberry Pi OS, root, and the package raspi-utils-core."


class Fuses(Protocol):
    """Memory that is written once. Everything raises `KeyMissing`."""

    def read(self) -> bytes:
        """32 bytes, zeros where nothing was burnt."""

    def burn(self, secret: bytes) -> None:
        """Burns 32 bytes for good. Raises `KeyMissing` if they can't be read back then."""


class VcMailbox:
    """The rows of this Raspberry Pi, through its own program."""

    def read(self) -> bytes:
        """Raises `KeyMissing` where they can't be read, or were locked for this start (`lock_device_private_key`)."""
        words = self._asked(_READ, [0] * _ROWS)
        return b"".join(word.to_bytes(_ROW_BYTES, "big") for word in words)

    def burn(self, secret: bytes) -> None:
        """The words are arguments of a program for a moment, which others on this machine could see."""
        rows = [int.from_bytes(secret[at : at + _ROW_BYTES], "big") for at in range(0, len(secret), _ROW_BYTES)]
        self._asked(_WRITE, rows)
        if self.read() != secret:
            raise KeyMissing(
                "The rows of this Raspberry Pi did not take the key.", hint="They may be locked: see `vcmailbox`."
            )

    def _asked(self, tag: int, values: list[int]) -> list[int]:
        program = shutil.which(PROGRAM)
        if program is None:
            raise KeyMissing(f"There is no program {PROGRAM} here, which reads the Pi's fuses.", hint=_HINT)
        words = [f"{tag:#010x}", str(_SIZE), str(_SIZE), "0", str(_ROWS), *(f"{value:#010x}" for value in values)]
        try:
            ended = subprocess.run(  # noqa: S603 - numbers alone
                [program, *words], capture_output=True, text=True, timeout=WITHIN_S, check=True
            )
            said = [int(word, 16) for word in ended.stdout.split()]
        except (OSError, subprocess.SubprocessError, ValueError):
            raise KeyMissing(f"The Pi's fuses can't be reached: {PROGRAM} failed.", hint=_HINT) from None
        if len(said) < _HEAD_WORDS + _ROWS or said[1] != _ANSWERED or not said[4] & _ANSWERED:
            raise KeyMissing("The Pi's firmware refused to read or burn its fuses.", hint=_HINT)
        return said[_HEAD_WORDS : _HEAD_WORDS + _ROWS]


class OtpLock:
    """Opens on the Pi alone whose rows locked it."""

    kind = LockKind.OTP

    def __init__(self, fuses: Fuses) -> None:
        self._fuses = fuses

    @property
    def is_empty(self) -> bool:
        """Whether nothing was burnt yet."""
        return not any(self._fuses.read())

    def burn(self) -> None:
        """Burns 32 random bytes, for good."""
        self._fuses.burn(os.urandom(KEY_BYTES))

    def lock(self, secret: Secret) -> bytes:
        """Raises `KeyMissing` with empty rows."""
        salt = os.urandom(_SALT_BYTES)
        return salt + wrap(self._cipher(salt), secret, bound_to=_BOUND_TO)

    def open(self, content: bytes) -> Secret:
        """Raises `KeyMissing` on another Pi."""
        if len(content) < _SALT_BYTES:
            raise damaged()
        try:
            return Secret(unwrap(self._cipher(content[:_SALT_BYTES]), content[_SALT_BYTES:], bound_to=_BOUND_TO))
        except DamagedError:
            raise KeyMissing(
                "The fuses of this Raspberry Pi don't open the key: it was locked on another one, or is damaged.",
                hint="Put the card back into its Pi, or restore the key: `sudo lintel keys restore --store otp`.",
            ) from None

    def _cipher(self, salt: bytes) -> AESGCM:
        rows = self._fuses.read()
        if not any(rows):
            raise KeyMissing(
                "The fuses of this Raspberry Pi are empty, or locked until it is started again.",
                hint="`sudo lintel keys init --store otp` burns them, after asking.",
            )
        return AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=_BOUND_TO).derive(rows))
