"""Badges as they are stored: who holds which, in which state, and until when."""

import sqlite3
from datetime import datetime

from device.credentials import format_badge, refuse_random
from device.errors import CredentialError
from device.records import Badge, Credential, Person, RevokedBadge, Validity
from device.store.rows import badge_of, credential_of, key_of, revoked_of, stored_validity
from device.store.session import Row, Session

_BADGE = "format = ? AND facility = ? AND number = ?"
_BADGES = """
    SELECT format, facility, number, person_id, issued_at, revoked_at, suspended_at, generation, name, extended,
        pin_demanded, duress, EXISTS (SELECT 1 FROM pins WHERE pins.person_id = people.id) AS has_pin,
        badges.uid AS uid, badges.changed AS changed,
        badges.valid_from AS valid_from, badges.valid_until AS valid_until,
        people.valid_from AS person_valid_from, people.valid_until AS person_valid_until
    FROM badges NOT INDEXED JOIN people NOT INDEXED ON people.id = person_id
"""
"""The tables' own rows: of a column that an index has too, SQLite would give the index's copy (NOT INDEXED)."""


class Badges:
    """What is done with badges; a part of `People`. Raises plain `sqlite3.Error`, which `Store` translates.

    The row that an index finds has to contain what was looked up, so a bit that flipped in the index finds no one.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def badge(self, credential: Credential) -> Badge | None:
        """The badge as it is stored, or None."""
        row = self._row_of(credential)
        return badge_of(row) if row else None

    def issue(self, credential: Credential, person: Person, at: datetime, *, duress: bool = False) -> None:
        """Gives a badge to a person; with `duress`, the one to present when forced to.

        Raises `CredentialError` for one that was revoked before its holder was removed, and for a random number.
        """
        refuse_random(credential)
        self._session.lock()
        if any(revoked.credential == credential for revoked in self.revoked_badges()):
            raise CredentialError(
                f"Badge {format_badge(credential)} was revoked before its holder was removed.",
                hint=f"Use another badge, or lift the revocation: `lintel badges restore {format_badge(credential)}`.",
            )
        self._session.execute(
            "INSERT INTO badges (format, facility, number, person_id, issued_at, duress) VALUES (?, ?, ?, ?, ?, ?)",
            [*key_of(credential), person.id, at.isoformat(), int(duress)],
        )

    def held(self, credential: Credential) -> Badge:
        """A badge with its holder. Raises `CredentialError` if it has none."""
        badge = self.badge(credential)
        if badge is None:
            raise CredentialError(
                f"Badge {format_badge(credential)} is not assigned to anyone.", hint="See `lintel badges list`."
            )
        return badge

    def revoke(self, credential: Credential, at: datetime) -> None:
        """Revokes a badge, a suspended one too. Raises `CredentialError` if it has no holder."""
        self._session.lock()
        if self.held(credential).revoked_at is None:
            self._mark(credential, revoked_at=at, suspended_at=None)

    def suspend(self, credential: Credential, at: datetime) -> None:
        """Suspends a badge until it is resumed. Raises `CredentialError` if it has no holder or is revoked."""
        self._session.lock()
        badge = self.held(credential)
        _refuse_revoked(badge)
        if badge.suspended_at is None:
            self._mark(credential, revoked_at=None, suspended_at=at)

    def suspend_all(self, at: datetime) -> int:
        """Suspends every badge that is valid; how many."""
        changed = self._session.execute(
            "UPDATE badges SET suspended_at = ? WHERE revoked_at IS NULL AND suspended_at IS NULL", [at.isoformat()]
        )
        return changed.rowcount

    def resume(self, credential: Credential) -> None:
        """Makes a suspended badge valid again. Raises `CredentialError` if it is not suspended; revocation wins."""
        self._session.lock()
        badge = self.held(credential)
        _refuse_revoked(badge)
        if badge.suspended_at is None:
            raise CredentialError(
                f"Badge {format_badge(credential)} is not suspended; it is valid.", hint="See `lintel badges list`."
            )
        self._mark(credential, revoked_at=None, suspended_at=None)

    def limit_badge(self, credential: Credential, valid: Validity) -> None:
        """Says from when until when a badge is valid. Raises `CredentialError` if it has no holder."""
        self._session.lock()
        self.held(credential)
        self._session.execute(
            f"UPDATE badges SET valid_from = ?, valid_until = ? WHERE {_BADGE}",  # noqa: S608 - a constant
            [*stored_validity(valid), *key_of(credential)],
        )

    def _mark(self, credential: Credential, *, revoked_at: datetime | None, suspended_at: datetime | None) -> None:
        marks = [at.isoformat() if at else None for at in (revoked_at, suspended_at)]
        self._session.execute(
            f"UPDATE badges SET revoked_at = ?, suspended_at = ? WHERE {_BADGE}",  # noqa: S608 - a constant
            [*marks, *key_of(credential)],
        )

    def revoked_badges(self) -> tuple[RevokedBadge, ...]:
        """The revoked badges that no longer have a holder."""
        rows = self._session.rows(
            "SELECT format, facility, number, revoked_at, generation FROM revoked_badges NOT INDEXED"
        )
        return tuple(sorted(map(revoked_of, rows), key=lambda badge: key_of(badge.credential)))

    def restore(self, credential: Credential) -> Person | None:
        """Lifts a revocation: the badge is valid again for its holder, who is returned, or can be issued again.

        The badge that is given back is its next generation: the one that was revoked stays so for ever, in whichever
        copy of the database that is known. Raises `CredentialError` if the badge is not revoked.
        """
        self._session.lock()
        badge = self.badge(credential)
        if badge and badge.revoked_at:
            self._mark(credential, revoked_at=None, suspended_at=None)
            self._session.execute(f"UPDATE badges SET generation = generation + 1 WHERE {_BADGE}", key_of(credential))  # noqa: S608 - a constant
            return badge.person
        deleted = self._session.execute(f"DELETE FROM revoked_badges WHERE {_BADGE}", key_of(credential))  # noqa: S608 - a constant
        if not deleted.rowcount:
            suspended, written = badge is not None and badge.suspended_at is not None, format_badge(credential)
            raise CredentialError(
                f"Badge {written} is not revoked{', only suspended' if suspended else ''}.",
                hint=f"Resume it: `lintel badges resume {written}`." if suspended else "See `lintel badges list`.",
            )
        return None

    def _row_of(self, credential: Credential) -> Row | None:
        """The badge's own row. Raises `sqlite3.DataError` if the index leads to another badge's."""
        rows = self._session.rows(
            f"{_BADGES} WHERE badges.rowid = (SELECT rowid FROM badges WHERE {_BADGE})",  # noqa: S608 - constants
            key_of(credential),
        )
        if any(credential_of(row) != credential for row in rows):
            raise sqlite3.DataError("the index of the badges is damaged")
        return rows[0] if rows else None

    def _badges_between(self, first: int, last: int) -> list[Badge]:
        """The badges of people of these numbers."""
        rows = self._session.rows(
            f"{_BADGES} WHERE badges.rowid IN "  # noqa: S608 - a constant
            "(SELECT rowid FROM badges WHERE person_id BETWEEN ? AND ?)",
            [first, last],
        )
        return sorted(map(badge_of, rows), key=lambda badge: key_of(badge.credential))


def _refuse_revoked(badge: Badge) -> None:
    if badge.revoked_at:
        written = format_badge(badge.credential)
        raise CredentialError(
            f"Badge {written} was revoked at {badge.revoked_at:%Y-%m-%d %H:%M} UTC.",
            hint=f"If its holder has it back, lift the revocation: `lintel badges restore {written}`.",
        )
