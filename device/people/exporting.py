"""All that is kept of one person, for the person who asks; and everyone as a list."""

import base64
from dataclasses import dataclass, field

from device.administration import named
from device.credentials import format_badge
from device.errors import CredentialError
from device.people.lists import write_list
from device.policy.areas import Place
from device.ports import Clock
from device.records import AuditRow, Basis, Enrolled, Event, Failures, Reference
from device.store.store import Store


@dataclass(frozen=True, slots=True)
class Kept:
    """All that is kept of a person. PINs can't be read back: only whether there is one."""

    enrolled: Enrolled
    bases: tuple[Basis, ...]
    references: tuple[Reference, ...]
    has_pin: bool
    attempts: dict[str, Failures]
    """By badge."""
    place: Place | None
    audit: tuple[AuditRow, ...]
    embeddings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By the model's hash, float32 in little endian as Base64; only where they were asked for."""


def all_of(store: Store, clock: Clock, name: str, *, with_embeddings: bool) -> Kept:
    """All that is kept of a person; that it was given out is a row of the audit too.

    Raises `CredentialError` for an unknown name, `StoreError`.
    """
    with store.people() as people:
        person = named(people, name)
    with store.audit() as audit:
        audit.note(Event.PERSON_EXPORTED, clock.utc(), person=person)
        rows = tuple(row for row in audit if row.person_id == person.id)
    with store.people() as people, store.counters() as counters, store.places() as places:
        enrolled = people.enrolled(person)
        if enrolled is None:
            raise CredentialError(f"{person.name} was removed just now.", hint="See `lintel people list`.")
        models = [model for model, _ in enrolled.references] if with_embeddings else []
        return Kept(
            enrolled,
            people.bases.of(person),
            people.faces.of(person),
            people.has_pin(person),
            {format_badge(one.credential): counters.of(one.credential) for one in enrolled.badges},
            places.of(person),
            rows,
            {
                model: tuple(_written(vector.astype("<f4").tobytes()) for vector in people.references(person, model))
                for model in models
            },
        )


def everyone_as_list(store: Store) -> str:
    """Everyone as CSV that `lintel people import` takes. Raises `StoreError`."""
    with store.people() as people:
        everyone = people.everyone()
        bases = people.bases.all_present()
    return write_list((one, bases.get(one.person.id)) for one in everyone)


def _written(vector: bytes) -> str:
    return base64.b64encode(vector).decode()
