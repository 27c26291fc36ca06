"""The device key, which wraps all others: 32 bytes, and the seam to where they are kept."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from device.store.vault.sealing import Secret, derived, new_key, overwrite


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """The key, and where it was found."""

    secret: Secret = field(repr=False)
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

    def put(self, secret: Secret) -> DeviceKey:
        """A key that was kept elsewhere, in the place of whatever is there. Raises `KeyMissing`."""

    def forgotten(self) -> str:
        """Why `found` is to give none, in a sentence; "" if nothing was forgotten."""

    def destroy(self) -> None:
        """Destroys the keys that are there although they were forgotten. Raises `KeyMissing`."""

    def forget(self, why: str) -> None:
        """Destroys every key that it can reach; from then on `found` gives none, and says why. Raises `KeyMissing`."""


class KeyInMemory:
    """A key that is gone with the process: for simulations."""

    looked_in = "memory"

    def __init__(self) -> None:
        self._keys: tuple[DeviceKey, ...] = ()
        self._why = ""

    def found(self) -> Found:
        """The key, once it was made."""
        return Found(self._keys, (self._why,) if self._why else ())

    def forgotten(self) -> str:
        """As it was said."""
        return self._why

    def destroy(self) -> None:
        """There is nothing left."""

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

    def put(self, secret: Secret) -> DeviceKey:
        """Takes it."""
        self._keys, self._why = (DeviceKey(secret, "memory"),), ""
        return self._keys[0]

    def forget(self, why: str) -> None:
        """Nothing brings it back."""
        for key in self._keys:
            overwrite(key.secret)
        self._keys, self._why = (), why
