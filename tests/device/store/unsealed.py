"""Looks at a store's references as they lie on the disk, and puts others there, with or without the vault."""

import sqlite3
from contextlib import closing
from pathlib import Path

from device.records import Person
from device.store.references import about
from device.store.store import Store
from device.store.vault.key_file import Kind

MODEL = "ab" * 32


def sealed_reference(store: Store, number: int = 1) -> bytes:
    """A reference's bytes in the file."""
    with closing(sqlite3.connect(store.path)) as other:
        (found,) = other.execute("SELECT embedding FROM face_references WHERE id = ?", [number]).fetchone()
    return bytes(found)


def put_sealed(store: Store, person: Person, number: int, plain: bytes) -> None:
    """Has a reference hold these bytes, sealed as they should be."""
    sealed = store.vault.seal(plain, person_id=person.id, about=about(MODEL), kind=Kind.FACE)
    put(store, number, sealed)


def put(store: Store, number: int, sealed: bytes) -> None:
    """Has a reference's row hold these bytes."""
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("UPDATE face_references SET embedding = ? WHERE id = ?", [sealed, number])
        other.commit()


def raw_bytes(folder: Path) -> bytes:
    """Everything in a folder, journals too."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
