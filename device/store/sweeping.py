"""Data keys whose rows are gone: found without keeping anyone waiting, and destroyed under the lock for writing."""

from device.store.session import Session
from device.store.vault.key_file import Kind


def orphans(session: Session) -> tuple[int, ...]:
    """The numbers that have a key and stand for no person. A transaction under way may be about to add the person."""
    held = session.vault.file.holders()
    people = {row["id"] for row in session.rows("SELECT id FROM people", can_change=False)} if held else set()
    return tuple(sorted(set(held) - people))


def sweep(session: Session, person_id: int) -> None:
    """Destroys a person's keys that seal nothing any more; needs no device key.

    The lock for writing keeps those out who make a key first and its rows then.
    """
    session.lock()
    is_known = bool(session.rows("SELECT 1 FROM people WHERE id = ?", [person_id]))
    rows = session.rows(
        "SELECT DISTINCT generation FROM face_references WHERE person_id = ? AND generation IS NOT NULL", [person_id]
    )
    kept = {(Kind.FACE, int(row["generation"])) for row in rows}
    newest = session.vault.file.newest(person_id, Kind.PERSON) if is_known else None
    if newest:
        kept.add((Kind.PERSON, newest.generation))
    session.vault.file.keep_only(person_id, frozenset(kept))
