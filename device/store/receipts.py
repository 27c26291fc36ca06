"""Counts what an erasure is about to delete, for its receipt."""

from datetime import datetime

from device.records import Person, Receipt
from device.store.session import Session


def receipt_of(session: Session, person: Person, at: datetime, by: str) -> Receipt:
    """The receipt for a person who is still there, without the number of the audit's row."""
    session.lock()
    uids = session.rows("SELECT uid FROM people WHERE id = ?", [person.id])

    def count(table: str) -> int:
        (row,) = session.rows(f"SELECT count(*) AS n FROM {table} WHERE person_id = ?", [person.id])  # noqa: S608 - constants
        return int(row["n"])

    return Receipt(
        uid=str(uids[0]["uid"]) if uids else "",
        at=at,
        by=by,
        row=0,
        badges=count("badges"),
        references=count("face_references"),
        had_pin=count("pins") > 0,
        keys=session.vault.file.count(person.id),
    )
