"""A vault for tests, and a store with PINs under it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from device.errors import KeyMissing
from device.store.pins import Cost, Pins
from device.store.store import Store

QUICK = Cost(memory_kib=8, passes=1)
"""Says nothing about the real cost, and takes no time."""


@dataclass
class KeptVault:
    """Seals with one key, bound to the person and to what it is about; can be locked."""

    key: bytes = b"k" * 32
    is_locked: bool = False
    secrets: dict[str, bytes] = field(default_factory=dict)

    def seal(self, plain: bytes, *, person_id: int, about: bytes) -> bytes:
        return AESGCM(self._opened()).encrypt(b"n" * 12, plain, b"%d %b" % (person_id, about))

    def open(self, sealed: bytes, *, person_id: int, about: bytes) -> bytes:
        return AESGCM(self._opened()).decrypt(b"n" * 12, sealed, b"%d %b" % (person_id, about))

    def secret(self, purpose: str) -> bytes:
        self._opened()
        return self.secrets.get(purpose, purpose.encode().ljust(32, b"."))

    def _opened(self) -> bytes:
        if self.is_locked:
            raise KeyMissing("The key is missing.", hint="See `lintel keys status`.")
        return self.key


@dataclass(frozen=True)
class PinsIn:
    """The PINs in a store, sealed by a vault for tests."""

    store: Store
    vault: KeptVault = field(default_factory=KeptVault)

    @contextlib.contextmanager
    def pins(self) -> Iterator[Pins]:
        with self.store._session() as session:
            yield Pins(session, self.vault)
