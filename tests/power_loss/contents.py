"""What a store holds, as one number: people, badges, references and the audit, however they lie in the file."""

import hashlib
import sqlite3
from contextlib import closing

from device.store.store import Store
from device.store.withdrawn import WithdrawnFile


def contents(store: Store) -> str:
    """The same for stores that say the same; ids that were drawn are left out, as another life draws others."""
    said: list[object] = []
    with store.people() as people, store.audit() as audit, store.clock() as marks:
        for one in people.everyone():
            badges = [(b.credential, b.issued_at, b.revoked_at, b.suspended_at, b.generation) for b in one.badges]
            stated = people.bases.present(one.person)
            said.append((one.person, one.enrolled_at, badges, one.references, one.extended, one.groups, one.valid))
            said.append(stated.grounds if stated else None)
            said += [people.references(one.person, model).tobytes() for model, _ in one.references]
        said += [people.revoked_badges(), tuple(audit), marks.mark()]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def integrity(store: Store) -> str:
    """What SQLite says of the file, "ok" if it is whole."""
    with closing(sqlite3.connect(store.path)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def listed(store: Store) -> int:
    """How many entries the list of what was taken from people and badges has beside the store."""
    return len(WithdrawnFile(store.path).read())
