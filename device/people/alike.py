"""A PIN that people of whom another looks alike have to type besides the face."""

from collections.abc import Sequence

from device.administration import named, refuse_changed
from device.ports import Clock
from device.records import Event, Person
from device.store.store import Store


def demand_pin(store: Store, clock: Clock, names: Sequence[str], *, demanded: bool) -> tuple[Person, ...]:
    """Marks these people, or lifts it, all or none, with a row for each that changes.

    Raises `CredentialError`, `StoreError`.
    """
    with store.people() as people:
        found = [named(people, name) for name in names]
    with store.people() as people, store.audit() as audit:
        for person in found:
            refuse_changed(people, person)
            if people.demands_pin(person) != demanded:
                people.demand_pin(person, demanded=demanded)
                said = "demanded" if demanded else "lifted"
                audit.note(Event.PERSON_PIN_DEMANDED, clock.utc(), person=person, fault=said)
    return tuple(found)


def without_pin(store: Store, those: Sequence[Person]) -> tuple[Person, ...]:
    """Who of them has none, and so is refused until an operator gives one."""
    with store.people() as people:
        return tuple(person for person in those if not people.has_pin(person))
