"""Invitations: a person gives new references at a door, once, within 14 days, and without an operator."""

from datetime import timedelta

from device.administration import named, refuse_changed
from device.errors import CredentialError
from device.ports import Clock
from device.records import Event, Invitation, Person
from device.store.people import People
from device.store.store import Store
from device.vision.close_match import close_rule
from device.vision.manifest import DecisionRule

LASTS = timedelta(days=14)


class Inviting:
    """Gives and takes invitations. Everything raises `CredentialError` if it can't be done, and `StoreError`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def invite(self, name: str, model_sha256: str, rule: DecisionRule, *, by: str) -> tuple[Person, Invitation]:
        """Invites a person whose references of an operator can be matched closely at a door, in the place of an earlier
        invitation. Raises `ModelError` for a network that was not measured for that.
        """
        close_rule(rule)
        with self._store.people() as people:
            person = named(people, name)
        now = self._clock.utc()
        invitation = Invitation(now, now + LASTS, by)
        with self._store.people() as people, self._store.audit() as audit:
            refuse_changed(people, person)
            _refuse_unfit(people, person, model_sha256)
            people.invitations.give(person, invitation)
            audit.note(Event.PERSON_INVITED, now, person=person, fault=f"until {invitation.ends_at:%Y-%m-%d %H:%M} UTC")
        return person, invitation

    def cancel(self, name: str) -> tuple[Person, bool]:
        """Takes an invitation back; says whether there was one."""
        with self._store.people() as people:
            person = named(people, name)
        with self._store.people() as people, self._store.audit() as audit:
            refuse_changed(people, person)
            was_there = people.invitations.take(person)
            if was_there:
                audit.note(Event.PERSON_INVITED, self._clock.utc(), person=person, fault="taken back")
        return person, was_there


def _originals(people: People, person: Person, model_sha256: str) -> int:
    return sum(one.model_sha256 == model_sha256 and not one.origin.invited for one in people.faces.of(person))


def _refuse_unfit(people: People, person: Person, model_sha256: str) -> None:
    """Raises `CredentialError` for what a door would refuse too."""
    if people.bases.present(person) is None:
        raise CredentialError(
            f"There is no legal basis for face data of {person.name}.",
            hint="State it first: `lintel people basis NAME --basis consent`.",
        )
    if not _originals(people, person, model_sha256):
        raise CredentialError(
            f"{person.name} has no reference of the present model that an operator enrolled, with which a door could "
            "compare new ones.",
            hint="Enroll again before an operator: `lintel enroll --help`.",
        )
    if not people.has_pin(person):
        raise CredentialError(
            f"{person.name} has no PIN, which new references at a door take besides badge and face.",
            hint="Give one: `lintel people pin NAME`.",
        )
