"""What an operator changes about people and badges without pictures: each change one transaction with its audit row."""

import itertools
import shlex
from datetime import datetime

from device.badge_tags import known_key, tag_of
from device.credentials import format_badge, parse_badge, refuse_random
from device.errors import CredentialError
from device.names import quoted, search_key
from device.ports import Clock
from device.records import (
    ALWAYS_VALID,
    AuditRow,
    Badge,
    Credential,
    Enrolled,
    Event,
    Person,
    Reason,
    Reference,
    RevokedBadge,
    UnknownBadge,
    Validity,
)
from device.store.people import People
from device.store.store import Store

MAX_ALIKE = 3
"""How many names a hint lists at most."""


class Administration:
    """Changes that an operator makes. Each raises `CredentialError` if it cannot be made, and `StoreError`.

    What is returned is how it stands after the change.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def add_badge(
        self, name: str, credential: Credential, valid: Validity = ALWAYS_VALID, *, duress: bool = False
    ) -> Badge:
        """Gives a badge to an enrolled person; the references stay as they are. With `duress` it is the one to present
        when forced to, beside an ordinary one.
        """
        person, now = self._named(name), self._clock.utc()
        with self._store.people() as people, self._store.audit() as audit:
            refuse_changed(people, person)
            issue(people, credential, person, now, duress=duress)
            if valid != ALWAYS_VALID:
                people.limit_badge(credential, valid)
            audit.note(Event.BADGE_ISSUED, now, person=person, badge=format_badge(credential))
            return people.held(credential)

    def held(self, credential: Credential) -> Badge:
        """A badge with its holder."""
        with self._store.people() as people:
            return people.held(credential)

    def replace_badge(self, old: Credential, new: Credential) -> tuple[Badge, Badge]:
        """Revokes the old badge and gives its holder the new one, both or neither.

        An old badge that is revoked has no successor here: it may have one already, which would stay valid.
        """
        with self._store.people() as people, self._store.audit() as audit:
            before, now = people.held(old), self._clock.utc()
            _refuse_replacing(before, new)
            issue(people, new, before.person, now, duress=before.duress)
            people.revoke(old, now)
            audit.note(Event.BADGE_REVOKED, now, person=before.person, badge=format_badge(old))
            audit.note(Event.BADGE_ISSUED, now, person=before.person, badge=format_badge(new))
            return people.held(old), people.held(new)

    def revoke_badge(self, credential: Credential) -> Badge:
        """Denies a badge until its revocation is lifted; harmless when repeated."""
        with self._store.people() as people, self._store.audit() as audit:
            before, now = people.held(credential), self._clock.utc()
            people.revoke(credential, now)
            if before.revoked_at is None:
                audit.note(Event.BADGE_REVOKED, now, person=before.person, badge=format_badge(credential))
            return people.held(credential)

    def suspend_badge(self, credential: Credential) -> Badge:
        """Denies a badge until it is resumed; harmless when repeated."""
        with self._store.people() as people, self._store.audit() as audit:
            before, now = people.held(credential), self._clock.utc()
            people.suspend(credential, now)
            if before.suspended_at is None:
                audit.note(Event.BADGE_SUSPENDED, now, person=before.person, badge=format_badge(credential))
            return people.held(credential)

    def resume_badge(self, credential: Credential) -> Badge:
        """Makes a suspended badge valid again."""
        with self._store.people() as people, self._store.audit() as audit:
            people.resume(credential)
            badge = people.held(credential)
            audit.note(Event.BADGE_RESUMED, self._clock.utc(), person=badge.person, badge=format_badge(credential))
            return badge

    def restore_badge(self, credential: Credential) -> Badge | None:
        """Lifts a revocation: the badge is valid again for its holder, or, if None, can be issued again."""
        with self._store.people() as people, self._store.audit() as audit:
            person = people.restore(credential)
            audit.note(Event.BADGE_RESTORED, self._clock.utc(), person=person, badge=format_badge(credential))
            return people.badge(credential)

    def rename(self, name: str, new_name: str) -> tuple[Person, Person]:
        """Renames a person; badges, references and audit rows stay theirs. Returns the person before and after."""
        person = self._named(name)
        with self._store.people() as people:
            _refuse_name(person, new_name, people.named(new_name))
        with self._store.people() as people, self._store.audit() as audit:
            refuse_changed(people, person)
            renamed = people.rename(person, new_name)
            audit.note(Event.PERSON_RENAMED, self._clock.utc(), person=renamed)
        return person, renamed

    def give_time(self, name: str, *, extended: bool) -> Person:
        """Sets whether the strike is released for longer for this person."""
        event = Event.PERSON_TIME_EXTENDED if extended else Event.PERSON_TIME_USUAL
        person = self._named(name)
        with self._store.people() as people, self._store.audit() as audit:
            refuse_changed(people, person)
            people.give_time(person, extended=extended)
            audit.note(event, self._clock.utc(), person=person)
        return person

    def references(self, name: str) -> tuple[Person, tuple[Reference, ...]]:
        """A person's references, in the order in which they were made."""
        person = self._named(name)
        with self._store.people() as people:
            return person, people.faces.of(person)

    def remove_reference(self, name: str, number: int, *, even_last: bool = False) -> Reference:
        """Erases one reference of a person; the last one that its model has made only with `even_last`."""
        person, _ = self.references(name)
        with self._store.people() as people:
            _removable(people, person, number, even_last=even_last)
        with self._store.erasing(person), self._store.people() as people, self._store.audit() as audit:
            refuse_changed(people, person)
            reference = _removable(people, person, number, even_last=even_last)
            people.faces.remove(reference)
            audit.note(Event.REFERENCE_REMOVED, self._clock.utc(), person=person, fault=f"reference {number}")
        return reference

    def _named(self, name: str) -> Person:
        """All names are looked through before the lock for writing is taken: among 100,000 that takes half a second."""
        with self._store.people() as people:
            return named(people, name)


def named(people: People, name: str) -> Person:
    """The person of this name. Raises `CredentialError` if there is none."""
    person = people.named(name)
    if person is None:
        raise CredentialError(f"No person named {quoted(name)} is enrolled.", hint=_meant(people, name))
    return person


def _meant(people: People, name: str) -> str:
    """Whom an operator may have meant who typed a part of a name."""
    key = search_key(name)
    alike = [known.person.name for known in people.everyone() if key and key in search_key(known.person.name)]
    if 0 < len(alike) <= MAX_ALIKE:
        return f"Write the whole name: {' or '.join(map(quoted, alike))}."
    return "Search by a part of the name: `lintel people find`."


def refuse_changed(people: People, person: Person) -> None:
    """Raises `CredentialError` if the person was renamed or removed since they were looked up, without the lock."""
    if people.names([person.id]).get(person.id) != person.name:
        raise CredentialError(f"{person.name} was renamed or removed just now.", hint="See `lintel people list`.")


def _removable(people: People, person: Person, number: int, *, even_last: bool) -> Reference:
    """The reference of that number. Raises `CredentialError` if there is none, or if no other would be left."""
    reference = people.faces.one(person, number)
    alike = [one for one in people.faces.of(person) if one.model_sha256 == reference.model_sha256]
    if len(alike) == 1 and not even_last:
        raise CredentialError(
            f"Reference {number} is the only one of {person.name} that its model has made: without it, the badges of "
            f"{person.name} open no door.",
            hint="Enroll better pictures first. To remove it nevertheless, add --last.",
        )
    return reference


def _refuse_name(person: Person, name: str, namesake: Person | None) -> None:
    if person.name == name:
        raise CredentialError(f"{name} already has this name.", hint="Nothing to do.")
    if namesake and namesake.id != person.id:
        raise CredentialError(
            f"{namesake.name} is already enrolled, and names must be unique.",
            hint="Choose a name that distinguishes the two.",
        )


def _refuse_replacing(old: Badge, new: Credential) -> None:
    written = format_badge(old.credential)
    if old.credential == new:
        raise CredentialError(
            f"Badge {written} cannot replace itself.", hint="Name the old badge first, then the new one."
        )
    if old.revoked_at:
        add = f"lintel badges add {shlex.quote(old.person.name)} {format_badge(new)}"
        raise CredentialError(
            f"Badge {written} of {old.person.name} has already been revoked.",
            hint=f"See which badges are valid (`lintel people find {written}`), then give the new one: `{add}`.",
        )


def issue(people: People, credential: Credential, person: Person, at: datetime, *, duress: bool = False) -> None:
    """Issues a badge that has no holder and no past one. Raises `CredentialError` for any other."""
    refuse_random(credential)
    badge, written = people.badge(credential), format_badge(credential)
    if badge is None:
        people.issue(credential, person, at, duress=duress)
    elif badge.revoked_at:
        raise CredentialError(
            f"Badge {written}, last held by {badge.person.name}, has been revoked.",
            hint=f"Use another badge. If {badge.person.name} has it back: `lintel badges restore {written}`.",
        )
    elif badge.person.id != person.id:
        raise CredentialError(
            f"Badge {written} belongs to {badge.person.name}.",
            hint="Use another badge. `lintel badges list` shows who holds which.",
        )
    else:
        raise CredentialError(
            f"{person.name} already holds badge {written}{' (suspended)' if badge.suspended_at else ''}.",
            hint=f"Resume it: `lintel badges resume {written}`." if badge.suspended_at else "Nothing to do.",
        )


def find(store: Store, text: str) -> tuple[Enrolled, ...]:
    """Who has `text` in the name, whatever its case and accents, or holds the badge written so, by name.

    Digits alone are also the number of a badge of any format, as it is printed on a card; a tag is that of the journal.
    Raises `StoreError`.
    """
    with store.people() as people:
        everyone = people.everyone()
    asked, key, part = _parsed(text), known_key(store.path.parent), search_key(text)

    def is_meant(held: Credential) -> bool:
        by_number = asked is not None and asked.format == "number" and held.number == asked.number
        return held == asked or by_number or (key is not None and tag_of(held, key) == text.strip())

    return tuple(
        enrolled
        for enrolled in everyone
        if (part and part in search_key(enrolled.person.name))
        or any(is_meant(badge.credential) for badge in enrolled.badges)
    )


def unknown_badges(store: Store, since: datetime) -> tuple[UnknownBadge, ...]:
    """The badges without a holder that doors have refused since then, in UTC, the one presented last first.

    Left out are those that have a holder by now, or stay revoked. Raises `StoreError`.
    """
    found: dict[str, list[AuditRow]] = {}
    with store.audit() as audit:
        for row in itertools.takewhile(lambda row: row.at >= since, audit.newest_first()):
            if row.badge and row.reason is Reason.BADGE_UNKNOWN and row.event is Event.DECISION:
                found.setdefault(row.badge, []).append(row)
    with store.people() as people:
        held, left = people.badges(), people.revoked_badges()
    taken = {badge.credential for badge in held} | {badge.credential for badge in left}
    read = ((_parsed(written), rows) for written, rows in found.items())
    return tuple(
        UnknownBadge(rows[0].id, credential, len(rows), rows[0].at, rows[0].door or "", rows[0].reader or "")
        for credential, rows in read
        if credential is not None and credential not in taken
    )


def refused_badge(store: Store, number: int) -> Credential:
    """The unknown badge of the audit row of that number. Raises `CredentialError` if the row is another, `StoreError`.

    It has to be a row: the place in a list would be another's as soon as one more badge is presented.
    """
    with store.audit() as audit:
        row = next(iter(audit.after(number - 1, 1)), None)
    if row is None or row.id != number or row.reason is not Reason.BADGE_UNKNOWN or not row.badge:
        raise CredentialError(
            f"Row {number} of the audit is not about an unknown badge.", hint="See `lintel badges unknown`."
        )
    return parse_badge(row.badge)


def revoked_without_holder(store: Store, text: str) -> RevokedBadge | None:
    """The badge written so, if it stays revoked after its holder was removed. Raises `StoreError`."""
    with store.people() as people:
        left = people.revoked_badges()
    return next((badge for badge in left if badge.credential == _parsed(text)), None)


def _parsed(text: str) -> Credential | None:
    try:
        return parse_badge(text)
    except CredentialError:
        return None
