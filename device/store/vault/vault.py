"""Seals and opens what the store keeps of people; knows the keys, and says so when one is missing."""

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from device.errors import KeyMissing, StoreError
from device.store.vault.device_key import DeviceKey, Found, KeyPlaces
from device.store.vault.key_file import Beginning, KeyFile, Kind, Wrapped
from device.store.vault.sealing import (
    DamagedError,
    Secret,
    derived,
    generation_of,
    new_key,
    overwrite,
    seal,
    unseal,
    unwrap_secret,
    wrap,
)

STORE_BYTES = 16
_ROOT = b"lintel/root-secret/1"


@dataclass(frozen=True, slots=True)
class StoreMark:
    """How the database with people says that a key was made for it, which outlasts the loss of the key."""

    read: Callable[[], bytes | None]
    write: Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class _Opened:
    """The device key in use, and what it opens first."""

    key: DeviceKey
    store: bytes
    cipher: AESGCM = field(repr=False)
    root: Secret = field(repr=False)


class Vault:
    """The vault of one store. Thread-safe. Everything raises `KeyMissing` without the key, and `StoreError`.

    Each person has a data key for references and one for all else; the device key wraps both. What is sealed opens
    only for the same person, the same `about` and as long as that key is kept.
    """

    def __init__(self, file: KeyFile, places: KeyPlaces, mark: StoreMark) -> None:
        self.file = file
        self.places = places
        self._mark = mark
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._marked: bytes | None = None

    def seal(self, plain: bytes, *, person_id: int, about: bytes, kind: Kind = Kind.PERSON) -> bytes:
        """Seals a record of a person. Makes the keys that are missing, so write the row in the same transaction.

        A record has 33 bytes more than what is in it.
        """
        opened = self._with_key(making=True)
        wrapped = self.file.newest(person_id, kind) or self._made(opened, person_id, kind, 1)
        cipher = AESGCM(_unwrapped(opened, wrapped))
        bound_to = _bound_to(opened, wrapped, about)
        return seal(cipher, plain, generation=wrapped.generation, bound_to=bound_to)

    def open(self, sealed: bytes, *, person_id: int, about: bytes, kind: Kind = Kind.PERSON) -> bytes:
        """What `seal` was given. Raises `StoreError` for a record that was changed, or sealed for something else."""
        return self.open_all({person_id: [(about, sealed)]}, kind)[person_id][0]

    def open_all(
        self, records: Mapping[int, Iterable[tuple[bytes, bytes]]], kind: Kind = Kind.PERSON
    ) -> dict[int, list[bytes]]:
        """`open` for many people at once: by their numbers, (about, sealed). Their keys are read with one query."""
        if not records:
            return {}
        opened = self._with_key(making=False)
        wrapped = {(one.person_id, one.generation): one for one in self.file.between(min(records), max(records), kind)}
        return {person_id: _all_of(opened, wrapped, person_id, found) for person_id, found in records.items()}

    def secret(self, purpose: str) -> bytes:
        """32 bytes for one purpose, the same after a rotation of the device key. Made with the key if need be."""
        while True:
            opened = self._with_key(making=True)
            with self._lock:
                if any(opened.root):  # not forgotten meanwhile
                    return derived(opened.root, f"lintel/secret/{purpose}")

    def make_ready(self, people: Iterable[int], kind: Kind) -> None:
        """Makes the data keys that these people lack, in one write: for many people at once, before `seal`."""
        wanted = sorted(set(people))
        opened = self._with_key(making=True)
        if wanted:
            held = {one.person_id for one in self.file.between(wanted[0], wanted[-1], kind)}
            lacking = [_new(opened, one, kind, 1) for one in wanted if one not in held]
            self.file.add(lacking)

    def renew(self, person_id: int, kind: Kind) -> None:
        """Gives a person another data key, with which `seal` seals from now on; the one before stays until `sweep`."""
        opened, before = self._with_key(making=True), self.file.newest(person_id, kind)
        self._made(opened, person_id, kind, before.generation + 1 if before else 1)

    def begin(self) -> DeviceKey:
        """The device key, made if there was never one."""
        return self._with_key(making=True).key

    def known_key(self) -> DeviceKey | None:
        """The device key, None if none was ever made."""
        if self.file.beginning() is None and self._mark.read() is None:
            return None
        return self._with_key(making=False).key

    def trouble(self) -> str:
        """Why nothing can be opened, in a sentence; "" if nothing is wrong, also where there is nothing to open."""
        try:
            self.known_key()
        except StoreError as error:
            return error.message
        return ""

    def rotate(self) -> DeviceKey:
        """Wraps all data keys with a new device key, and destroys the old one where it lay in our own folder.

        A crash at any moment leaves the old key or the new one in force; repeat it then.
        """
        with self.places.turn():
            self._rewrap()
            self._finish_rotation()
        return self._with_key(making=False).key

    def forget(self, why: str) -> None:
        """Destroys the device key wherever it is in reach, in this process's memory first. Faces and PINs are denied
        from then on, and `trouble` says why. Raises `KeyMissing` if a file of it could not be destroyed.
        """
        self._drop()
        try:
            self.places.forget(why)
        finally:
            self._drop()  # who was just opening something has it once more

    @property
    def forgotten(self) -> str:
        """Why there is to be no key, in a sentence; "" if there may be one."""
        return self.places.forgotten()

    def finish_forgetting(self) -> None:
        """Destroys what an interrupted `forget` left. Raises `KeyMissing`."""
        if self.places.forgotten():
            self._drop()
            self.places.destroy()

    def restore(self, secret: Secret) -> DeviceKey:
        """Puts the device key in place that opens this store, as it was kept elsewhere. Raises `KeyMissing` for any
        other.
        """
        beginning, key = self.file.beginning(), DeviceKey(secret, "")
        if beginning is None:
            raise KeyMissing("No device key was made yet for this store.", hint="`lintel keys init` makes one.")
        if key.id != beginning.key_id:
            raise KeyMissing(
                f"This is the device key {key.id}, but the store was sealed with {beginning.key_id}.", hint=_BACK
            )
        with self.places.turn():
            return self.places.put(secret)

    def _drop(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, None
            if opened is not None:
                overwrite(opened.key.secret)
                overwrite(opened.root)

    def _rewrap(self) -> None:
        old = self._with_key(making=True)
        self.places.install(old.key)
        new = self.places.prepare()
        cipher = AESGCM(new.secret)

        def again(key: Wrapped) -> bytes:
            return wrap(cipher, _unwrapped(old, key), bound_to=_key_bound_to(old.store, key))

        root = wrap(cipher, old.root, bound_to=_ROOT + old.store)
        self.file.rewrap(again, Beginning(old.store, new.id, root))

    def finish_rotation(self) -> None:
        """Puts the key in force in its place, and takes what the old one opens from the journals."""
        with self.places.turn():
            self._finish_rotation()

    def _finish_rotation(self) -> None:
        self.places.install(self._with_key(making=False).key)
        with self._lock:
            self._opened = None  # it lies in another place now
        self.file.overwrite_journals()

    def close(self) -> None:
        """Closes the file and forgets the key; harmless when repeated."""
        self.file.close()
        self._opened = None

    def _made(self, opened: _Opened, person_id: int, kind: Kind, generation: int) -> Wrapped:
        made = _new(opened, person_id, kind, generation)
        self.file.add([made])
        return made

    def _with_key(self, *, making: bool) -> _Opened:
        beginning = self._begun(making=making)
        with self._lock:
            opened = self._opened
            if opened is None or (opened.key.id, opened.store) != (beginning.key_id, beginning.store):
                opened = self._opened = _opened(beginning, self.places)
        return opened

    def _begun(self, *, making: bool) -> Beginning:
        """What the first key left. Raises `KeyMissing` if it is gone, or is another store's."""
        beginning = self.file.beginning()
        if beginning and self._marked == beginning.store:
            return beginning
        mark = self._mark.read()
        if beginning is None:
            if mark is not None or not making:
                raise _gone(self.file)
            beginning = self.file.begin(self._first)
        if mark is not None and mark != beginning.store:
            raise KeyMissing(
                f"The data keys in {self.file.path} are those of another store.",
                hint=f"Put the {self.file.path.name} there that belongs to this database.",
            )
        if mark is not None:
            self._marked = mark
        elif making:
            self._mark.write(beginning.store)
        return beginning

    def _first(self) -> Beginning:
        """The first of all keys; one that lies ready, by `lintel keys init` or a crash just now, is taken."""
        found = self.places.found()
        if not found.keys and found.objections:
            raise _missing("", found, self.places)
        key = next(iter(found.keys), None) or self.places.make()
        store = os.urandom(STORE_BYTES)
        return Beginning(store, key.id, wrap(AESGCM(key.secret), new_key(), bound_to=_ROOT + store))


def _opened(beginning: Beginning, places: KeyPlaces) -> _Opened:
    found = places.found()
    key = next((key for key in found.keys if key.id == beginning.key_id), None)
    if key is None:
        raise _missing(beginning.key_id, found, places)
    cipher = AESGCM(key.secret)
    try:
        root = unwrap_secret(cipher, beginning.root, bound_to=_ROOT + beginning.store)
    except DamagedError:
        raise StoreError("The first record of the data keys is damaged.", hint=_DAMAGED) from None
    return _Opened(key, beginning.store, cipher, root)


def _new(opened: _Opened, person_id: int, kind: Kind, generation: int) -> Wrapped:
    bare = Wrapped(person_id, kind, generation, b"")
    return replace(bare, content=wrap(opened.cipher, new_key(), bound_to=_key_bound_to(opened.store, bare)))


def _all_of(
    opened: _Opened,
    keys: Mapping[tuple[int, int], Wrapped],
    person_id: int,
    records: Iterable[tuple[bytes, bytes]],
) -> list[bytes]:
    ciphers: dict[int, tuple[Wrapped, AESGCM]] = {}
    plain: list[bytes] = []
    for about, sealed in records:
        try:
            generation = generation_of(sealed)
            if generation not in ciphers:
                wrapped = keys.get((person_id, generation))
                if wrapped is None:
                    raise KeyMissing(f"The data key of person {person_id} is missing.", hint=_RESTORE)
                ciphers[generation] = wrapped, AESGCM(_unwrapped(opened, wrapped))
            wrapped, cipher = ciphers[generation]
            plain.append(unseal(cipher, sealed, bound_to=_bound_to(opened, wrapped, about)))
        except DamagedError:
            raise StoreError(
                f"A sealed record of person {person_id} is damaged, or was put in another's place.", hint=_DAMAGED
            ) from None
    return plain


def _unwrapped(opened: _Opened, key: Wrapped) -> Secret:
    try:
        return unwrap_secret(opened.cipher, key.content, bound_to=_key_bound_to(opened.store, key))
    except DamagedError:
        raise StoreError(f"The data key of person {key.person_id} is damaged.", hint=_DAMAGED) from None


def _key_bound_to(store: bytes, key: Wrapped) -> bytes:
    return b"lintel/key/1" + store + f"/{key.kind}/{key.person_id}/{key.generation}".encode()


def _bound_to(opened: _Opened, key: Wrapped, about: bytes) -> bytes:
    """All but the last is of fixed form, so that no two records share it."""
    return b"lintel/record/1" + opened.store + f"/{key.kind}/{key.person_id}/{key.generation}/".encode() + about


def _gone(file: KeyFile) -> KeyMissing:
    return KeyMissing(f"The data keys are missing: there is no {file.path}, or it is empty.", hint=_RESTORE)


def _missing(key_id: str, found: Found, places: KeyPlaces) -> KeyMissing:
    wanted = f"The device key {key_id}".rstrip()
    if found.objections:
        return KeyMissing(f"{wanted} can't be had: {' '.join(found.objections)}", hint=_STATUS)
    if found.keys:
        others = " and ".join(f"{key.id} at {key.place}" for key in found.keys)
        return KeyMissing(f"{wanted} is missing; found another one: {others}.", hint=_BACK)
    return KeyMissing(f"{wanted} is missing; looked in {places.looked_in}.", hint=_BACK)


_DAMAGED = "Restore a copy of the database and its keys, or remove this person's references and enroll again."
_RESTORE = "Restore both the database and its keys from a backup, or enroll again whom it concerns."
_STATUS = "See `lintel keys status`."
_BACK = "Put the key back from where you keep a copy; `lintel keys status` says where it is looked for."
