"""The legal basis of references: what the settings say, and how a person withdraws it."""

from device.administration import named, refuse_changed
from device.ports import Clock
from device.records import BasisKind, Event, Grounds, Person
from device.settings.people import PeopleSettings
from device.store.store import Store

SIMULATED = Grounds(BasisKind.OTHER, text="a simulation, whose people are portraits that come with Lintel")


def default_grounds(settings: PeopleSettings) -> Grounds | None:
    """What the owner has set for all enrollments, None where each has to say."""
    if settings.basis == "ask":
        return None
    return Grounds(BasisKind(settings.basis), settings.basis_text_version, settings.basis_text)


def state_basis(store: Store, clock: Clock, name: str, grounds: Grounds) -> Person:
    """Writes a legal basis down for someone who is enrolled. Raises `CredentialError`, `StoreError`."""
    with store.people() as people:
        person = named(people, name)
    with store.people() as people, store.audit() as audit:
        refuse_changed(people, person)
        if people.bases.give(person, grounds, now := clock.utc()):
            audit.note(Event.BASIS_GIVEN, now, person=person, fault=grounds.words)
    return person


def withdraw(store: Store, clock: Clock, name: str, *, operator: str) -> tuple[Person, int]:
    """Erases all references of a person with the key that sealed them, and ends the legal basis; returns how many.

    Badges, PIN, groups and validity stay: with them the person goes on where a door takes something else than a face.
    Raises `CredentialError`, `StoreError`.
    """
    with store.people() as people:
        person = named(people, name)
    with store.erasing(person), store.people() as people, store.audit() as audit:
        refuse_changed(people, person)
        now, erased = clock.utc(), people.faces.forget(person)
        people.bases.withdraw(person, now, operator)
        people.invitations.take(person)
        audit.note(Event.BASIS_WITHDRAWN, now, person=person, fault=f"{erased} references erased")
    return person, erased
