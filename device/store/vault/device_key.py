"""The device key, which wraps all others: 32 bytes in a file of a folder of its own, or handed in by systemd."""

import base64
import binascii
import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from device.errors import KeyMissing, StoreError
from device.failures import in_words, named
from device.files import flush_folder, keys_folder, make_private, runtime_dir, write_whole
from device.store.vault.locked_key import is_locked, locked, unlocked
from device.store.vault.sealing import KEY_BYTES, derived, new_key

FILE_NAME = "device.key"
NEXT_NAME = "device.key.next"
"""The key that a rotation is about to put in the place of the other."""
CREDENTIAL = "lintel.key"
"""What the key is called as a credential: `LoadCredential=lintel.key:/etc/lintel/lintel.key`."""
_HEAD = "lintel-device-key-1 "
_MOST_BYTES = 4096
_FOLDER_HINT = (
    "Make the folder for the service's user, mode 0700, or let the unit do so: `StateDirectory=lintel lintel-keys`."
)


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """The key, and where it was found."""

    secret: bytes = field(repr=False)
    place: str

    @property
    def id(self) -> str:
        """16 digits that name the key and say nothing about it."""
        return derived(self.secret, "lintel/device-key/id")[:8].hex()


@dataclass(frozen=True, slots=True)
class Found:
    """The keys at hand, the first place first, and in sentences why others could not be read."""

    keys: tuple[DeviceKey, ...]
    objections: tuple[str, ...] = ()


class KeyPlaces(Protocol):
    """Where device keys are kept."""

    @property
    def looked_in(self) -> str:
        """The places, in words."""

    def found(self) -> Found:
        """All keys that can be read now."""

    def turn(self) -> contextlib.AbstractContextManager[None]:
        """Keeps other programs from changing keys meanwhile. Raises `StoreError` if one does so now."""

    def make(self) -> DeviceKey:
        """A new key, on the disk when this returns; never in the place of another. Raises `KeyMissing`."""

    def prepare(self) -> DeviceKey:
        """A new key beside the present one, on the disk when this returns. Raises `KeyMissing`."""

    def install(self, key: DeviceKey) -> None:
        """Puts the key that was prepared in the place of the present one. Raises `KeyMissing`."""


class KeyFiles:
    """Keys in files: systemd's credential, the one that was unlocked until power-off, the folder beside the state."""

    def __init__(self, state: Path, passphrase: str | None = None) -> None:
        """With a `passphrase`, keys are made locked by it, and those that it locks are opened."""
        self.folder = keys_folder(state)
        self._passphrase = passphrase

    @property
    def looked_in(self) -> str:
        """The places, in words."""
        return ", ".join(str(path) for path in self._paths() if path.name != NEXT_NAME)

    def is_own(self, place: str) -> bool:
        """Whether a key's place is in the folder beside the state folder."""
        return Path(place).parent == self.folder

    def found(self) -> Found:
        """All keys that can be read now; nothing is made."""
        keys: list[DeviceKey] = []
        objections: list[str] = []
        for path in self._paths():
            try:
                keys.append(DeviceKey(self._secret(_content(path)), str(path)))
            except FileNotFoundError:
                continue
            except ValueError as error:
                objections.append(f"{path} {error}.")
            except OSError as error:
                objections.append(f"{path} can't be read: {in_words(error)}.")
        return Found(tuple(keys), tuple(objections))

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """A lock on the folder, which ends with the process."""
        with named(KeyMissing, f"Cannot open the folder {self.folder}", hint=_FOLDER_HINT):
            make_private(self.folder)
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise StoreError("The device key is being rotated by another command.", hint="Wait for it.") from None
        finally:
            os.close(folder)

    def make(self) -> DeviceKey:
        """A new key in the folder, readable by its owner alone."""
        return self._written(FILE_NAME)

    def prepare(self) -> DeviceKey:
        """A new key beside the present one; what an interrupted rotation left there is replaced."""
        with contextlib.suppress(FileNotFoundError):
            wipe(self.folder / NEXT_NAME)
        return self._written(NEXT_NAME)

    def install(self, key: DeviceKey) -> None:
        """Overwrites the old key's bytes, then gives the new one its name; nothing for a key that was not prepared."""
        path = self.folder / FILE_NAME
        try:
            prepared = self._secret(_content(self.folder / NEXT_NAME))
        except (OSError, ValueError):
            return
        if prepared != key.secret:
            return
        with named(KeyMissing, f"Cannot put the new device key at {path}", hint=_FOLDER_HINT):
            with contextlib.suppress(FileNotFoundError):
                wipe(path)
            (self.folder / NEXT_NAME).rename(path)
            flush_folder(self.folder)

    def locked(self) -> Path | None:
        """The file in our own folder that a passphrase locks, None if there is none."""
        for path in (self.folder / FILE_NAME, self.folder / NEXT_NAME):
            with contextlib.suppress(OSError, ValueError):
                if is_locked(_content(path)):
                    return path
        return None

    def unlock(self, folder: Path) -> DeviceKey:
        """Puts the keys that the passphrase opens into a folder that is gone with the power, for the service to find.

        Raises `KeyMissing` if there is none, or the passphrase is another one.
        """
        path = self.locked()
        if path is None:
            raise KeyMissing(f"There is no locked key in {self.folder}.", hint="See `lintel keys status`.")
        with named(KeyMissing, f"Cannot open the key {path}", hint="Run it with sudo."):
            secret = unlocked(_content(path), self._passphrase or "")
            write_whole(folder / FILE_NAME, written(secret), durable=False, mode=0o600)
        return DeviceKey(secret, str(folder / FILE_NAME))

    def _secret(self, content: bytes) -> bytes:
        if not is_locked(content):
            return parsed(content)
        if self._passphrase is None:
            raise ValueError("is locked by a passphrase that was not typed since the start: `lintel keys unlock`")
        return unlocked(content, self._passphrase)

    def _content_of(self, secret: bytes) -> bytes:
        return written(secret) if self._passphrase is None else locked(secret, self._passphrase)

    def _written(self, name: str) -> DeviceKey:
        path = self.folder / name
        with named(KeyMissing, f"Cannot make the device key {path}", hint=_FOLDER_HINT):
            make_private(self.folder)
            if os.path.lexists(path):
                raise FileExistsError(17, "there is a file of that name, which is not a key")
            secret = new_key()
            write_whole(path, self._content_of(secret), durable=True, mode=0o600)
            flush_folder(self.folder.parent)
        return DeviceKey(secret, str(path))

    def _paths(self) -> Iterator[Path]:
        handed = os.environ.get("CREDENTIALS_DIRECTORY", "")
        if Path(handed).is_absolute():
            yield Path(handed) / CREDENTIAL
        if runtime := runtime_dir():
            yield runtime / FILE_NAME
        yield self.folder / FILE_NAME
        yield self.folder / NEXT_NAME


class KeyInMemory:
    """A key that is gone with the process: for simulations."""

    looked_in = "memory"

    def __init__(self) -> None:
        self._keys: tuple[DeviceKey, ...] = ()

    def found(self) -> Found:
        """The key, once it was made."""
        return Found(self._keys)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """No other program knows of it."""
        yield

    def make(self) -> DeviceKey:
        """A new key."""
        return self.prepare()

    def prepare(self) -> DeviceKey:
        """A new key beside the present one."""
        made = DeviceKey(new_key(), "memory")
        self._keys = (*self._keys, made)
        return made

    def install(self, key: DeviceKey) -> None:
        """Forgets all others."""
        self._keys = (key,)


def written(secret: bytes) -> bytes:
    """A key as it stands in its file: one line of text, which can be copied by hand."""
    return f"{_HEAD}{base64.b64encode(secret).decode()}\n".encode()


def parsed(content: bytes) -> bytes:
    """The key of a file. Raises `ValueError` for anything else, without quoting it."""
    try:
        text = content.decode("ascii")
        secret = base64.b64decode(text.removeprefix(_HEAD).strip(), validate=True)
    except (UnicodeDecodeError, binascii.Error):
        raise ValueError("holds no device key") from None
    if not text.startswith(_HEAD) or len(secret) != KEY_BYTES:
        raise ValueError("holds no device key")
    return secret


def wipe(path: Path) -> None:
    """Overwrites a file where it lies and removes it; a flash card may keep a copy elsewhere. Raises `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(bytes(os.fstat(descriptor).st_size))
        file.flush()
        os.fsync(descriptor)
    path.unlink(missing_ok=True)


def _content(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("is not a file")
        return file.read(_MOST_BYTES)
