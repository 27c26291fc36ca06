"""What the tables of people and badges hold, read back as records; what is damaged is said, not guessed."""

import sqlite3
from datetime import UTC, datetime

from device.records import Badge, Credential, Person, RevokedBadge, Validity
from device.store.session import Row


def key_of(credential: Credential) -> tuple[str, int, str]:
    """A credential as the tables of badges have it; also their order."""
    return (credential.format, credential.facility, str(credential.number))


def badge_of(row: Row) -> Badge:
    """A badge. Raises `sqlite3.DataError`."""
    revoked, suspended = row["revoked_at"], row["suspended_at"]
    try:
        return Badge(
            credential_of(row),
            Person(int(str(row["person_id"])), str(row["name"])),
            time_of(row["issued_at"]),
            time_of(revoked) if revoked else None,
            time_of(suspended) if suspended else None,
            validity_of(row["valid_from"], row["valid_until"]),
            int(row["generation"]),
            str(row["uid"]),
            int(row["changed"]),
            bool(row["duress"]),
        )
    except (ValueError, TypeError):
        raise sqlite3.DataError(f"a badge of person {row['person_id']} is damaged") from None


def revoked_of(row: Row) -> RevokedBadge:
    """A badge that stays revoked without a holder. Raises `sqlite3.DataError`."""
    return RevokedBadge(credential_of(row), time_of(row["revoked_at"]), int(row["generation"]))


def validity_of(begins: object, ends: object) -> Validity:
    """From when until when. Raises `sqlite3.DataError`."""
    try:
        return Validity(time_of(begins) if begins else None, time_of(ends) if ends else None)
    except ValueError:
        raise sqlite3.DataError(f"not a validity: {begins!r} to {ends!r}") from None


def stored_validity(valid: Validity) -> list[object]:
    """The same for the table: `valid_from`, `valid_until`."""
    return [at.astimezone(UTC).isoformat() if at else None for at in (valid.begins, valid.ends)]


def time_of(written: object) -> datetime:
    """A time. Raises `sqlite3.DataError`."""
    try:
        return datetime.fromisoformat(str(written))
    except ValueError:
        raise sqlite3.DataError(f"not a timestamp: {written!r}") from None


def credential_of(row: Row) -> Credential:
    """What a badge carries. Raises `sqlite3.DataError`."""
    try:
        return Credential(str(row["format"]), int(str(row["facility"])), int(str(row["number"])))
    except ValueError:
        holder = f" of person {row['person_id']}" if "person_id" in row else ""
        raise sqlite3.DataError(f"a badge{holder} is damaged") from None
