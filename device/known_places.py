"""What operators ask of the doors' knowledge of places: who is where, and forgetting it."""

from dataclasses import dataclass, replace
from datetime import datetime

from device.administration import named
from device.policy.areas import OUTSIDE
from device.ports import Clock
from device.records import Event
from device.settings.tables import Settings
from device.store.places import EVERYWHERE
from device.store.store import Store
from device.whereabouts import Whereabouts


@dataclass(frozen=True, slots=True)
class PersonThere:
    """A person and since when, in UTC, they are where they are, as far as the doors know."""

    name: str | None
    """None for those who see no names."""
    since: datetime


@dataclass(frozen=True, slots=True)
class WhoIsWhere:
    """Who is known to be in an area, `outside` for none, by their time; and how many people's place is unknown."""

    areas: tuple[tuple[str, tuple[PersonThere, ...]], ...]
    unknown: int


class KnownPlaces:
    """The last known places of people. Each method raises `StoreError`."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._whereabouts = Whereabouts(settings)
        self._store = store
        self._clock = clock

    def who(self, *, with_names: bool = True) -> WhoIsWhere:
        """Who is where, in the order of the settings; outside comes first."""
        with self._store.people() as people, self._store.places() as places:
            known = self._whereabouts.known(places, self._clock.utc())
            names = people.names(person for area in known for person in area.people)
            unknown = places.of_how_many() - sum(len(area.people) for area in known)
        areas = []
        for area in known:
            there = [PersonThere(names[one], at) for one, at in area.people.items() if one in names]
            there.sort(key=lambda one: (one.since, one.name or ""))
            shown = there if with_names else [replace(one, name=None) for one in there]
            areas.append((area.name or "outside", tuple(shown)))
        return WhoIsWhere(tuple(areas), unknown)

    def forget(self, name: str) -> bool:
        """A person's place is unknown from now on; whether one was kept. Raises `CredentialError`."""
        now = self._clock.utc()
        with self._store.people() as people, self._store.places() as places, self._store.audit() as audit:
            person = named(people, name)
            was_kept = places.forget(person.id)
            audit.note(Event.PLACES_FORGOTTEN, now, person=person)
        return was_kept

    def forget_all(self) -> None:
        """Everyone's place is unknown from now on."""
        with self._store.places() as places, self._store.audit() as audit:
            row = audit.note(Event.PLACES_FORGOTTEN, self._clock.utc(), fault="everyone")
            places.doubt([EVERYWHERE, OUTSIDE], row)
