"""Groups and validity: what rules go by. Each change is one transaction with its audit row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from device.administration import named, refuse_changed
from device.credentials import format_badge
from device.errors import CredentialError
from device.names import quoted
from device.ports import Clock
from device.records import Badge, Credential, Enrolled, Event, Person, Validity
from device.store.groups import group_name
from device.store.people import People
from device.store.store import Store


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator sets of a validity: a limit that is not given stays as it is."""

    begins: datetime | None = None
    ends: datetime | None = None
    sets_begin: bool = True
    sets_end: bool = True

    def on(self, before: Validity) -> Validity:
        """The validity after the change. Raises `CredentialError` if it ends before it begins."""
        begins = self.begins if self.sets_begin else before.begins
        ends = self.ends if self.sets_end else before.ends
        if begins and ends and ends <= begins:
            raise CredentialError(
                f"It would end ({ends:%Y-%m-%d %H:%M %Z}) before it begins ({begins:%Y-%m-%d %H:%M %Z}).",
                hint="Set both: --from and --until; `none` takes a limit away.",
            )
        return Validity(begins, ends)


class Rights:
    """Changes to what rules go by. Each raises `CredentialError` if it cannot be made, and `StoreError`.

    What is returned is how it stands after the change.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def regroup(self, name: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Enrolled:
        """Puts a person into groups and takes them out of others, all or none."""
        both = {group_name(one) for one in add} & {group_name(one) for one in remove}
        if both:
            raise CredentialError(
                f"Group {quoted(min(both))} is both to add and to remove.", hint="Name each group once."
            )
        with self._store.people() as people:
            person = named(people, name)
        with self._store.people() as people, self._store.audit() as audit:
            refuse_changed(people, person)
            before = people.groups.of(person)
            people.groups.take(person, remove)
            people.groups.put(person, add)
            after = people.groups.of(person)
            changes = [*(f"+{one}" for one in sorted(after - before)), *(f"-{one}" for one in sorted(before - after))]
            if changes:
                audit.note(Event.PERSON_GROUPS, self._clock.utc(), person=person, fault=", ".join(changes))
            return _enrolled(people, person)

    def limit_person(self, name: str, limits: Limits) -> Enrolled:
        """Sets from when until when a person may come in."""
        with self._store.people() as people:
            person = named(people, name)
        with self._store.people() as people, self._store.audit() as audit:
            refuse_changed(people, person)
            valid = limits.on(_enrolled(people, person).valid)
            people.limit(person, valid)
            audit.note(Event.PERSON_VALIDITY, self._clock.utc(), person=person, fault=written(valid))
            return _enrolled(people, person)

    def limit_badge(self, credential: Credential, limits: Limits) -> Badge:
        """Sets from when until when a badge is valid."""
        with self._store.people() as people, self._store.audit() as audit:
            before, badge = people.held(credential), format_badge(credential)
            valid = limits.on(before.valid)
            people.limit_badge(credential, valid)
            audit.note(Event.BADGE_VALIDITY, self._clock.utc(), person=before.person, badge=badge, fault=written(valid))
            return people.held(credential)


def written(valid: Validity) -> str:
    """A validity in words, in UTC: "from ... until ..."."""
    parts = (
        ("from", valid.begins),
        ("until", valid.ends),
    )
    return " ".join(f"{word} {_in_utc(at)}" for word, at in parts if at) or "always"


def _in_utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _enrolled(people: People, person: Person) -> Enrolled:
    enrolled = people.enrolled(person)
    if enrolled is None:
        raise CredentialError(f"{person.name} was removed just now.", hint="See `lintel people list`.")
    return enrolled
