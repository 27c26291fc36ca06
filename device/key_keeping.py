"""What an operator does with the device key: made once, looked at, rotated, unlocked; a change has its audit row."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from device.errors import KeyMissing
from device.ports import Clock
from device.records import Event
from device.store.store import Store
from device.store.vault.device_key import DeviceKey, KeyFiles
from device.store.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """Where the key is. `trouble` says in a sentence what is wrong, "" if nothing is."""

    key: str
    """The id of the key in use, "" if there is none."""
    place: str
    kind: str
    """`file`, `credential`, `unlocked` or `locked`; "" if there is none."""
    stops: str
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
            yield self.stops
        if self.trouble:
            yield f"trouble: {self.trouble}"
        yield from self.advice


STOPS = {
    "file": "stops: a copy of the state folder or of the database alone. Not a stolen card, which has both.",
    "credential": "stops: a copy of the state folder; a stolen card only if a TPM seals the credential.",
    "unlocked": "stops: a copied card and a stolen device that was switched off; not one that is running.",
}
LOCKED_ADVICE = "Type the passphrase: `sudo lintel keys unlock`."
MOVE = (
    "To keep it out of the reach of the service's user, hand it in as a credential:",
    "  sudo install -D -m 600 -o root {place} /etc/lintel/lintel.key",
    "  sudo systemctl edit lintel    # [Service] LoadCredential=lintel.key:/etc/lintel/lintel.key",
    "  sudo systemctl restart lintel && sudo shred -u {place}",
)


class KeyKeeping:
    """The key of one state folder. Everything raises `KeyMissing` and `StoreError`."""

    def __init__(self, state: Path, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._files = KeyFiles(state)

    @property
    def is_locked(self) -> bool:
        """Whether a passphrase locks the key in its own folder."""
        return self._files.locked() is not None

    def made(self, store: Store, passphrase: str | None) -> DeviceKey:
        """The first key. Raises `KeyMissing` where one was made before."""
        if store.vault.known_key() is not None or self.is_locked:
            raise KeyMissing(
                "This store has a device key already.", hint="`lintel keys rotate` puts another one in its place."
            )
        vault = self._with(store, passphrase)
        key = vault.begin()
        self._note(store, Event.KEY_MADE, f"device key {key.id}")
        return key

    def status(self, store: Store) -> KeyStatus:
        """How it stands; nothing is made."""
        trouble = store.vault.trouble()
        key = None if trouble else store.vault.known_key()
        kind = self._kind(key)
        advice: tuple[str, ...] = ()
        if key and kind == "file":
            advice = tuple(line.format(place=key.place) for line in MOVE)
        elif trouble and self.is_locked:
            advice = (LOCKED_ADVICE,)
        count = store.vault.file.count()
        place = key.place if key else ""
        return KeyStatus(key.id if key else "", place, kind, STOPS.get(kind, ""), count, advice, trouble)

    def rotated(self, store: Store, passphrase: str | None) -> tuple[DeviceKey, DeviceKey]:
        """The key before and the new one, which a passphrase locks as it locked the one before."""
        vault = self._with(store, passphrase)
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
        elif not self._files.is_own(before.place):
            yield f"{before.place} opens nothing any more: put the new key there, and destroy the old one."
        yield "Copies of the old key open backups from before. Keep a copy of the new one elsewhere."

    def unlocked(self, passphrase: str, folder: Path) -> DeviceKey:
        """Opens the key into a folder in memory."""
        return KeyFiles(self._state, passphrase).unlock(folder)

    def _with(self, store: Store, passphrase: str | None) -> Vault:
        """The store's vault, with keys that a passphrase locks."""
        if passphrase is not None:
            store.vault.places = KeyFiles(self._state, passphrase)
        return store.vault

    def _kind(self, key: DeviceKey | None) -> str:
        if key is None:
            return ""
        if self._files.is_own(key.place):
            return "file"
        return "credential" if Path(key.place).name == "lintel.key" else "unlocked"

    def _note(self, store: Store, event: Event, what: str) -> None:
        with store.audit() as audit:
            audit.note(event, self._clock.utc(), fault=what)
