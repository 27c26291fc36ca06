"""The keys of OSDP readers: a file for each, readable only by its owner.

While a key is changed, the new one is in a file of its own beside the old one, from before the reader hears of it until
it has proved that it has it: whatever is cut short in between, one of the two is the reader's key.
"""

import os
import stat
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from device.errors import ReaderError
from device.failures import in_words, named
from device.files import flush_folder, make_private, opened_folder, text_of, write_within

KEY_BYTES = 16
DEFAULT_KEY = bytes(range(0x30, 0x40))
"""SCBK-D, which is in the standard: anyone can listen and forge with it."""


class KeyFiles:
    """Where one reader's key is, and where the next one waits."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self._name = name
        self._state_dir = state_dir
        self._folder = state_dir / "osdp"
        self._path = self._folder / f"{name}.key"
        self._next_path = self._folder / f"{name}.key.next"
        self._identity_path = self._folder / f"{name}.reader"

    def key(self) -> bytes:
        """The reader's key. Raises `ReaderError` if there is none, or if it cannot be trusted."""
        content, mode = self._read(self._path)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            mode = stat.S_IMODE(mode)
            raise self._unusable(f"others can read its file {self._path}, mode {mode:04o} instead of 0600")
        try:
            key = _parsed(text_of(content))
        except ValueError:
            key = None
        if key is None:
            raise self._unusable(f"its file {self._path} does not hold {2 * KEY_BYTES} hexadecimal digits in UTF-8")
        if key == DEFAULT_KEY:
            raise self._unusable(f"its file {self._path} holds the default key SCBK-D, which is public")
        return key

    def candidates(self) -> tuple[bytes, ...]:
        """The keys that the reader may have, the likeliest first, for setting a new one."""
        keys = (self.proposed(), _parsed_at(self._path))
        return tuple(dict.fromkeys(key for key in keys if key and key != DEFAULT_KEY))

    def identity(self) -> str:
        """Which reader was there with its key first, as `Panel.identity`; "" if none was since it was given the key."""
        try:
            return text_of(self._identity_path.read_bytes()).strip()
        except (OSError, ValueError):
            return ""

    def remember(self, identity: str) -> None:
        """Which reader has the key. Raises `ReaderError`."""
        with self._named():
            self._write(self._identity_path, identity)

    def propose(self, key: bytes) -> None:
        """Writes down a key that the reader is about to be given. Raises `ReaderError`."""
        with self._named():
            self._write(self._next_path, key.hex())

    def accept(self) -> None:
        """The reader has the proposed key: it is the reader's key from now on. Raises `ReaderError`."""
        with self._named():
            self._identity_path.unlink(missing_ok=True)
            self._next_path.replace(self._path)
            flush_folder(self._folder)

    def withdraw(self) -> None:
        """The reader never heard of the proposed key."""
        with suppress(FileNotFoundError):
            self._next_path.unlink()

    def proposed(self) -> bytes | None:
        """The proposed key, if a change was cut short, or is under way."""
        return _parsed_at(self._next_path)

    def _read(self, path: Path) -> tuple[bytes, int]:
        try:
            with path.open("rb") as file:
                return file.read(8 * KEY_BYTES), os.fstat(file.fileno()).st_mode
        except FileNotFoundError:
            raise self._unusable("it has none yet") from None
        except OSError as error:
            raise self._unusable(f"its file {path} cannot be read: {in_words(error)}") from None

    def _write(self, path: Path, text: str) -> None:
        """The whole file or none of it, on the disk, readable only by the owner of the state, also if root writes it.

        By descriptors: a user who may write into the state folder could put a link in the place of a name.
        """
        make_private(self._state_dir)
        make_private(self._folder)
        with opened_folder(self._folder, follow=False) as folder:
            if os.geteuid() == 0:
                owner = self._state_dir.stat()
                os.fchown(folder, owner.st_uid, owner.st_gid)
            write_within(folder, {path.name: f"{text}\n".encode()}, durable=True, mode=0o600)

    def _named(self) -> AbstractContextManager[None]:
        return named(
            ReaderError,
            f"The key of the reader {self._name} cannot be written to {self._folder}",
            hint="Run the command as root or as the service's user, and check for a full disk.",
        )

    def _unusable(self, why: str) -> ReaderError:
        return ReaderError(
            f"The OSDP reader {self._name} has no usable key: {why}.",
            hint="Stop the service, put the reader into its install mode, and run "
            f"`lintel readers osdp-keyset {self._name}`.",
        )


def _parsed(text: str) -> bytes | None:
    """The key that is written as hexadecimal digits."""
    digits = text.strip()
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        return None
    return key if len(digits) == 2 * KEY_BYTES and len(key) == KEY_BYTES else None


def _parsed_at(path: Path) -> bytes | None:
    try:
        return _parsed(text_of(path.read_bytes()))
    except (OSError, ValueError):
        return None
