"""Device keys in files: handed in by systemd or by root at the start, unlocked until power-off, or beside the state."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from device.errors import KeyMissing, StoreError
from device.failures import in_words, named
from device.files import flush_folder, keys_folder, make_private, runtime_dir, write_whole
from device.store.vault.device_key import DeviceKey, Found
from device.store.vault.key_text import content_at, content_of, parsed, wipe, written
from device.store.vault.locks import BY_MACHINE, KeyLock, LockKind, lock_of, locked_line, opened_line
from device.store.vault.sealing import Secret, new_key, overwrite

FILE_NAME = "device.key"
NEXT_NAME = "device.key.next"
"""The key that a rotation is about to put in the place of the other."""
HANDED_NAME = "handed.key"
"""What root opened at the start of the service, which takes it and removes the file."""
FORGOTTEN_NAME = "forgotten"
"""Why there is to be no key, until it is unlocked or restored."""
CREDENTIAL = "lintel.key"
"""What the key is called as a credential: `LoadCredential=lintel.key:/etc/lintel/lintel.key`."""
DESCRIPTOR = "LINTEL_KEY_FD"
"""Names the open file from which a command's process has the key that the service took."""
_FOLDER_HINT = (
    "Make the folder for the service's user, mode 0700, or let the unit do so: `StateDirectory=lintel lintel-keys`."
)
_RESTORE_HINT = "Close the housing, and put the key back from its recovery line: `sudo lintel keys restore`."
_LOCKED = {
    LockKind.PASSPHRASE: "is locked by a passphrase that was not typed since the start: `lintel keys unlock`",
    LockKind.OTP: "is locked by the Pi's fuses, which root opens at the start of the service; without the service: "
    "`sudo lintel keys exec -- lintel ...`",
    LockKind.TPM: "is sealed by the TPM, which root opens at the start of the service; without the service: "
    "`sudo lintel keys exec -- lintel ...`",
}


class KeyFiles:
    """Keys in files, looked for in a fixed order."""

    def __init__(self, state: Path, lock: KeyLock | None = None, *, takes: bool = False) -> None:
        """With a `lock`, keys are made locked by it, and those that it locks are opened. With `takes` a key that root
        handed in is taken into this process's memory, and its file removed.
        """
        self.folder = keys_folder(state)
        self._lock = lock
        self._takes = takes
        self._taken: DeviceKey | None = None
        self._unwritten = ""

    @property
    def looked_in(self) -> str:
        """The places, in words."""
        return ", ".join(str(path) for path in self._paths() if path.name not in (NEXT_NAME, HANDED_NAME))

    def is_own(self, place: str) -> bool:
        """Whether a key's place is in the folder beside the state folder."""
        return Path(place).parent == self.folder

    def found(self) -> Found:
        """All keys that can be read now; nothing is made."""
        if why := self.forgotten():
            return Found((), (why,))
        keys = [key for key in (self._from_service(), self._take()) if key is not None]
        objections: list[str] = []
        for path in self._paths():
            try:
                keys.append(DeviceKey(self._secret(content_of(path)), str(path)))
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
        return self._written(FILE_NAME, new_key())

    def prepare(self) -> DeviceKey:
        """A new key beside the present one; what an interrupted rotation left there is replaced."""
        with contextlib.suppress(FileNotFoundError):
            wipe(self.folder / NEXT_NAME)
        return self._written(NEXT_NAME, new_key())

    def install(self, key: DeviceKey) -> None:
        """Overwrites the old key's bytes, then gives the new one its name; nothing for a key that was not prepared."""
        try:
            prepared = self._secret(content_of(self.folder / NEXT_NAME))
        except (OSError, ValueError):
            return
        if prepared == key.secret:
            self._move_next()

    def put(self, secret: Secret) -> DeviceKey:
        """A key that was kept elsewhere, in the place of whatever is there; ends that it is forgotten.

        Raises `KeyMissing`.
        """
        with contextlib.suppress(FileNotFoundError):
            wipe(self.folder / NEXT_NAME)
        key = self._written(NEXT_NAME, secret)
        self._move_next()
        self._remember()
        return DeviceKey(key.secret, str(self.folder / FILE_NAME))

    @property
    def is_moving(self) -> bool:
        """Whether a key lies beside the present one that is to take its place, or did so when the power went."""
        return not self.forgotten() and os.path.lexists(self.folder / NEXT_NAME)

    def lock_kind(self) -> LockKind | None:
        """What locks the key in our own folder, None if nothing does, or there is none."""
        for path in (self.folder / FILE_NAME, self.folder / NEXT_NAME):
            with contextlib.suppress(OSError, ValueError):
                if kind := lock_of(content_of(path)):
                    return kind
        return None

    def open_into(self, folder: Path) -> DeviceKey:
        """Puts the key that the lock opens into a folder that is gone with the power, for the service to find: there
        until the service stops if it was typed, until the service takes it if root can open it again.

        A key that was forgotten is brought back by its passphrase; fuses or a TPM open it no more, also where a crash
        left its file. Raises `KeyMissing` then, if there is none, or if the lock is another one.
        """
        if self._lock is None or self.lock_kind() is not self._lock.kind:
            raise KeyMissing(f"There is no locked key in {self.folder}.", hint="See `lintel keys status`.")
        by_machine = self._lock.kind in BY_MACHINE
        if by_machine and (why := self.forgotten()):  # root opens it at each start: that must not bring it back
            raise KeyMissing(why, hint=_RESTORE_HINT)
        place = folder / (HANDED_NAME if by_machine else FILE_NAME)
        with named(KeyMissing, f"Cannot open the key in {self.folder}", hint="Run it with sudo."):
            secret = opened_line(self._lock, bytes(content_of(self.folder / FILE_NAME)))
            write_whole(place, written(secret), durable=False, mode=0o400 if by_machine else 0o600)
            self._remember()
        return DeviceKey(secret, str(place))

    def forgotten(self) -> str:
        """Why there is to be no key, in a sentence; "" if there may be one."""
        if self._unwritten:
            return self._unwritten
        try:
            said = content_of(self.folder / FORGOTTEN_NAME).decode(errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return ""
        except (OSError, ValueError):
            said = ""
        return f"{said or 'The device key was forgotten'}."

    def forget(self, why: str) -> None:
        """Writes down why first, so that a crash in between ends in the same; then destroys what it can reach.

        A credential that systemd hands in lies where only root can remove it, and is not looked at any more. The file
        that a passphrase locks stays: a thief has to know the words. Raises `KeyMissing`, with the key overwritten in
        memory all the same.
        """
        self._unwritten = f"{why}."
        if self._taken is not None:
            overwrite(self._taken.secret)
            self._taken = None
        with named(KeyMissing, f"Cannot write into {self.folder}", hint=_FOLDER_HINT):
            write_whole(self.folder / FORGOTTEN_NAME, why.encode() + b"\n", durable=True, mode=0o600)
        self.destroy()
        self._unwritten = ""

    def destroy(self) -> None:
        """Destroys the keys that are there although they were forgotten: all it can. Raises `KeyMissing`."""
        failed: list[KeyMissing] = []
        for path in self._paths():
            gone = contextlib.suppress(FileNotFoundError, ValueError)
            try:
                with named(KeyMissing, f"Cannot destroy {path}", hint="Destroy it by hand."), gone:
                    self._destroy(path)
            except KeyMissing as error:
                failed.append(error)
        if failed:
            raise failed[0]

    def _destroy(self, path: Path) -> None:
        if path.name == HANDED_NAME:
            path.unlink()  # in memory, and not even its owner may write it
        elif path.name != CREDENTIAL and lock_of(content_of(path)) is not LockKind.PASSPHRASE:
            wipe(path)

    def handed(self) -> int | None:
        """A descriptor to hand the taken key on to a process that is about to be started, which is to close it."""
        if self._taken is None:
            return None
        descriptor = os.memfd_create("lintel-key")
        os.write(descriptor, written(self._taken.secret))
        return descriptor

    def _from_service(self) -> DeviceKey | None:
        """What the service that started this process handed on."""
        number = os.environ.get(DESCRIPTOR, "")
        if not number.isdecimal():
            return None
        try:
            return DeviceKey(parsed(content_at(int(number))), "the service")
        except (OSError, ValueError):
            return None

    def _take(self) -> DeviceKey | None:
        """What root handed in, from this process's memory once it was taken; never twice the same buffer."""
        runtime = runtime_dir()
        if self._takes and runtime is not None:
            with contextlib.suppress(OSError, ValueError):
                secret = parsed(content_of(runtime / HANDED_NAME))
                wiped = self._taken
                self._taken = DeviceKey(secret, str(runtime / HANDED_NAME))
                if wiped is not None:
                    overwrite(wiped.secret)
                (runtime / HANDED_NAME).unlink()
        return None if self._taken is None else DeviceKey(Secret(self._taken.secret), self._taken.place)

    def _remember(self) -> None:
        (self.folder / FORGOTTEN_NAME).unlink(missing_ok=True)

    def _secret(self, content: Secret) -> Secret:
        kind = lock_of(content)
        try:
            if kind is None:
                return parsed(content)
            if self._lock is None or self._lock.kind is not kind:
                raise ValueError(_LOCKED[kind])
            return opened_line(self._lock, bytes(content))
        finally:
            overwrite(content)

    def _written(self, name: str, secret: Secret) -> DeviceKey:
        path = self.folder / name
        with named(KeyMissing, f"Cannot make the device key {path}", hint=_FOLDER_HINT):
            make_private(self.folder)
            if os.path.lexists(path):
                raise FileExistsError(17, "there is a file of that name, which is not a key")
            content = written(secret) if self._lock is None else locked_line(self._lock, secret)
            write_whole(path, content, durable=True, mode=0o600)
            flush_folder(self.folder.parent)
        return DeviceKey(secret, str(path))

    def _move_next(self) -> None:
        path = self.folder / FILE_NAME
        with named(KeyMissing, f"Cannot put the new device key at {path}", hint=_FOLDER_HINT):
            with contextlib.suppress(FileNotFoundError):
                wipe(path)
            (self.folder / NEXT_NAME).rename(path)
            flush_folder(self.folder)

    def _paths(self) -> Iterator[Path]:
        handed = os.environ.get("CREDENTIALS_DIRECTORY", "")
        if Path(handed).is_absolute():
            yield Path(handed) / CREDENTIAL
        if runtime := runtime_dir():
            yield runtime / HANDED_NAME
            yield runtime / FILE_NAME
        yield self.folder / FILE_NAME
        yield self.folder / NEXT_NAME
