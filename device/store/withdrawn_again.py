"""Takes from a restored store what was taken after its backup, in the same order."""

from collections.abc import Sequence
from datetime import datetime

from device.records import Failures, Person
from device.store.counters import Counters
from device.store.rows import credential_of
from device.store.session import Session
from device.store.store import Store
from device.store.withdrawn import UID_LETTERS, Entry

_UID = f"substr(uid, 1, {UID_LETTERS}) = substr(?, 1, {UID_LETTERS})"


def take_again(store: Store, entries: Sequence[Entry], at: datetime) -> None:
    """Applies the entries; what the store never had is left out. Raises `StoreError`."""
    erased: list[Person] = []
    with store.session() as session:
        session.lock()
        _keep(session, entries)
        for entry in entries:
            if entry.kind == "person":
                erased += _people(session, entry)
            elif entry.kind.startswith("remote"):
                _take_remote(session, entry)
            else:
                _take(session, entry, at)
    for person in erased:
        store.erase(person, at)


def _keep(session: Session, entries: Sequence[Entry]) -> None:
    """The list goes on where it ended, in a series of its own, as another copy of this backup may go on elsewhere."""
    for one in entries:
        session.execute(
            "INSERT OR IGNORE INTO withdrawn (id, series, kind, uid, detail) VALUES (?, ?, ?, ?, ?)",
            [one.id, one.series, one.kind, one.uid, one.detail],
        )
    session.execute(
        "INSERT INTO withdrawn_series (series, key) VALUES (lower(hex(randomblob(8))), randomblob(32))",
    )


def _people(session: Session, entry: Entry) -> list[Person]:
    found = session.rows(f"SELECT id, name FROM people NOT INDEXED WHERE {_UID}", [entry.uid])  # noqa: S608 - constants
    return [Person(int(row["id"]), str(row["name"])) for row in found]


def _take(session: Session, entry: Entry, at: datetime) -> None:
    """An entry of a kind that only a newer version knows denies what it names: it may be a badge."""
    now = at.isoformat()
    match entry.kind:
        case "revoked":
            _revoke(session, entry, now)
        case "badge":
            _remove(session, entry)
        case "generation":
            _update(session, "badges SET generation = max(generation, ?)", entry, "1", entry.detail)
        case "suspended":
            _update(session, "badges SET suspended_at = ?", entry, "revoked_at IS NULL", now)
        case "valid":
            _update(
                session,
                "badges SET revoked_at = NULL, suspended_at = NULL",
                entry,
                "generation <= ?",
                entry.detail,
            )
        case "reference":
            session.execute(f"DELETE FROM face_references WHERE {_UID}", [entry.uid])  # noqa: S608 - constants
        case "pin":
            people = f"SELECT id FROM people WHERE {_UID}"  # noqa: S608 - constants
            session.execute(f"DELETE FROM pins WHERE person_id IN ({people})", [entry.uid])  # noqa: S608 - constants
        case "tried":
            _raise(session, entry)
        case _:
            _update(session, "badges SET suspended_at = ?", entry, "revoked_at IS NULL", now)


def _take_remote(session: Session, entry: Entry) -> None:
    """A client of the network; what only a newer version knows of one revokes it."""
    if entry.kind == "remote-tried":
        _update(session, "remote_clients SET failed = ?", entry, "1", entry.detail)
    else:
        session.execute(f"DELETE FROM remote_clients WHERE {_UID}", [entry.uid])  # noqa: S608 - constants


def _revoke(session: Session, entry: Entry, now: str) -> None:
    """Of this generation and those before it; a badge that was given back is another."""
    _update(
        session,
        "badges SET revoked_at = coalesce(revoked_at, ?), suspended_at = NULL",
        entry,
        "generation <= ?",
        now,
        entry.detail,
    )


def _remove(session: Session, entry: Entry) -> None:
    """A badge that had no holder any more; as in an erasure, one that was revoked stays so."""
    session.execute(
        "INSERT OR REPLACE INTO revoked_badges (format, facility, number, revoked_at, generation) "  # noqa: S608 - constants
        "SELECT format, facility, number, coalesce(revoked_at, suspended_at), generation FROM badges "
        f"WHERE {_UID} AND coalesce(revoked_at, suspended_at) IS NOT NULL",
        [entry.uid],
    )
    session.execute(f"DELETE FROM badges WHERE {_UID}", [entry.uid])  # noqa: S608 - constants


def _update(session: Session, change: str, entry: Entry, where: str, *values: object) -> None:
    """`values` are those of `change`, then the last of `where` if it has one."""
    count = change.count("?")
    session.execute(
        f"UPDATE {change} WHERE {_UID} AND {where}",
        [*values[:count], entry.uid, *values[count:]],
    )


def _raise(session: Session, entry: Entry) -> None:
    face, pin = divmod(entry.detail, 1 << 20)
    rows = session.rows(f"SELECT format, facility, number FROM badges NOT INDEXED WHERE {_UID}", [entry.uid])  # noqa: S608 - constants
    Counters(session).raise_to({credential_of(row): Failures(face, pin, face + pin) for row in rows})
