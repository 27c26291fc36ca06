"""What an operator does with the device key: make, see, rotate, open, restore; a change has its audit row."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from device.errors import KeyMissing
from device.ports import Clock
from device.records import Event
from device.store.store import Store
from device.store.vault.device_key import DeviceKey
from device.store.vault.key_files import CREDENTIAL, KeyFiles
from device.store.vault.key_text import parsed, written
from device.store.vault.locked_key import PassphraseLock
from device.store.vault.locks import BY_MACHINE, KeyLock, LockKind
from device.store.vault.machine import machine_lock
from device.store.vault.sealing import Secret
from device.store.vault.stops import STOPS, KeyStore, Stops, store_of
from device.store.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """Where the key is. `trouble` says in a sentence what is wrong, "" if nothing is."""

    key: str
    """The id of the key in use, "" if there is none."""
    place: str
    kind: str
    """As `KeyStore`; "" if there is none."""
    stops: Stops | None
    """What this place stops, and what it does not."""
    data_keys: int
    """How many data keys it wraps."""
    advice: tuple[str, ...]
    trouble: str

    def lines(self) -> Iterator[str]:
        """For a person."""
        if not self.key and not self.trouble:
            yield "No device key was made yet; the first enrollment makes one."
        if self.key:
            yield f"device key: {self.key}, {self.kind}, {self.place}"
            yield f"wraps {self.data_keys} data key{'s' * (self.data_keys != 1)}"
        if self.stops:
            yield "against a thief of"
            yield from (f"  {line}" for line in self.stops.lines())
        if self.trouble:
            yield f"trouble: {self.trouble}"
        yield from self.advice


UNLOCK = "Type the passphrase: `sudo lintel keys unlock`."
RESTORE = "Put the key back from its recovery line: `sudo lintel keys restore`."
MOVE = (
    "To keep it where a stolen card does not have it, in a TPM or the Pi's fuses, which burns empty ones for good:",
    "  sudo lintel keys recovery | sudo lintel keys restore --store tpm",
    "  sudo lintel keys recovery | sudo lintel keys restore --store otp --yes",
    "Or hand it in as a credential, out of the reach of the service's user:",
    "  sudo install -D -m 600 -o root {place} /etc/lintel/lintel.key",
    "  sudo systemctl edit lintel    # [Service] LoadCredential=lintel.key:/etc/lintel/lintel.key",
    "  sudo systemctl restart lintel && sudo shred -u {place}",
)


def new_lock(store: KeyStore, passphrase: str | None) -> KeyLock | None:
    """What locks keys of a store from now on."""
    if store is KeyStore.PASSPHRASE:
        return PassphraseLock(passphrase or "")
    return None if store is KeyStore.FILE else machine_lock(LockKind(store.value))


class KeyKeeping:
    """The key of one state folder. Everything raises `KeyMissing` and `StoreError`."""

    def __init__(self, state: Path, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._files = KeyFiles(state)

    @property
    def is_locked(self) -> bool:
        """Whether a passphrase locks the key in its own folder."""
        return self._files.lock_kind() is LockKind.PASSPHRASE

    @property
    def is_of_machine(self) -> bool:
        """Whether root opens the key at the start, with the fuses or the TPM."""
        return self._files.lock_kind() in BY_MACHINE

    def made(self, store: Store, lock: KeyLock | None) -> DeviceKey:
        """The first key. Raises `KeyMissing` where one was made before."""
        if store.vault.known_key() is not None or self._files.lock_kind():
            raise KeyMissing(
                "This store has a device key already.",
                hint="`lintel keys rotate` puts another one in its place, `lintel keys restore --store` moves it.",
            )
        key = self._with(store, lock).begin()
        self._note(store, Event.KEY_MADE, f"device key {key.id}")
        return key

    def status(self, store: Store) -> KeyStatus:
        """How it stands; nothing is made."""
        vault = store.vault
        trouble = vault.trouble()
        if trouble and self.is_of_machine:  # root may open it here; the service's user only has what it was handed
            vault = self._with(store, machine_lock(self._files.lock_kind()))
            trouble = vault.trouble()
        key = None if trouble else vault.known_key()
        kind = self._kind(key)
        place = key.place if key else ""
        advice = self._advice(kind, place) if key else self._cures(trouble)
        return KeyStatus(
            key.id if key else "", place, kind or "", STOPS[kind] if kind else None, vault.file.count(), advice, trouble
        )

    def rotated(self, store: Store, passphrase: str | None) -> tuple[DeviceKey, DeviceKey]:
        """The key before and the new one, which is locked as the one before was."""
        vault = self._with(store, self._own_lock(passphrase))
        before = vault.known_key()
        if before is None:
            raise KeyMissing("No device key was made yet.", hint="`lintel keys init` makes one.")
        made = vault.rotate()
        self._note(store, Event.KEY_ROTATED, f"device key {made.id} in place of {before.id}")
        return before, made

    def after_rotation(self, before: DeviceKey) -> Iterator[str]:
        """What is left to do for an operator."""
        if self.is_locked:
            yield "Unlock the new key for the running service: `sudo lintel keys unlock`."
        elif self.is_of_machine:
            yield "Hand the new key to the running service: `sudo lintel keys open`."
        elif not self._files.is_own(before.place):
            yield f"{before.place} opens nothing any more: put the new key there, and destroy the old one."
        yield "Copies of the old key open backups from before. Keep a copy of the new one elsewhere."

    def opened(self, folder: Path, passphrase: str | None = None) -> DeviceKey:
        """Opens the locked key into a folder in memory."""
        return KeyFiles(self._state, self._own_lock(passphrase)).open_into(folder)

    def recovery(self, store: Store, passphrase: str | None) -> str:
        """The line of text that opens the store on any machine: to be printed, and kept elsewhere."""
        key = self._with(store, self._own_lock(passphrase)).known_key()
        if key is None:
            raise KeyMissing("No device key was made yet.", hint="`lintel keys init` makes one.")
        return written(key.secret).decode().strip()

    def restored(self, store: Store, line: str, lock: KeyLock | None) -> DeviceKey:
        """Puts the key of a recovery line in place, under that lock."""
        try:
            secret = parsed(Secret(line.strip().encode()))
        except ValueError:
            raise KeyMissing(
                "That is not a recovery line.", hint="Type all of it: `lintel-device-key-1 ` and 44 letters."
            ) from None
        key = self._with(store, lock).restore(secret)
        self._note(store, Event.KEY_RESTORED, f"device key {key.id}, {store_of(lock.kind if lock else None)}")
        return key

    def _own_lock(self, passphrase: str | None) -> KeyLock | None:
        """What locks the present key."""
        return machine_lock(self._files.lock_kind()) if passphrase is None else PassphraseLock(passphrase)

    def _with(self, store: Store, lock: KeyLock | None) -> Vault:
        """The store's vault, with keys of that lock."""
        if lock is not None:
            store.vault.places = KeyFiles(self._state, lock)
        return store.vault

    def _kind(self, key: DeviceKey | None) -> KeyStore | None:
        """Of the key in use; of one that can't be opened, what locks it."""
        if key is not None and Path(key.place).name == CREDENTIAL:
            return KeyStore.CREDENTIAL
        lock = self._files.lock_kind()
        return store_of(lock) if lock or key is not None else None

    def _advice(self, kind: KeyStore | None, place: str) -> tuple[str, ...]:
        return tuple(line.format(place=place) for line in MOVE) if kind is KeyStore.FILE else ()

    def _cures(self, trouble: str) -> tuple[str, ...]:
        """What to do about a trouble."""
        if not trouble:
            return ()
        return (UNLOCK,) if self.is_locked else (RESTORE,)

    def _note(self, store: Store, event: Event, what: str) -> None:
        with store.audit() as audit:
            audit.note(event, self._clock.utc(), fault=what)
