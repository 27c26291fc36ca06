"""Keeps where people are: what grants and doors say of passages, in the transaction that writes it down."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from device.policy.areas import OUTSIDE, Antipassback, Area, Asked, Forgetting, Passing, Place, Way, known_area, passing
from device.policy.rules import group_keys
from device.records import AuditRow, DoorInput, Event, Person, Transaction
from device.settings.areas import AreaSettings
from device.settings.tables import DoorSettings, Settings
from device.store.audit import Audit
from device.store.places import EVERYWHERE, Places

_BOTH_SIDES = frozenset({Event.DOOR_RELEASED, Event.DOOR_SECURED, Event.DOOR_FORCED, Event.DOOR_FOUND_OPEN})
"""After these anyone may have passed in either direction. Who came with a badge while the door was free may have left
without one, so that the end of a release counts too.
"""
_SWITCH = f"input {DoorInput.DPS}"
"""While the switch can't be heard, no one knows who has gone through: the way out is free all the same."""
_EVACUATION_ENDED = ("evacuation", "the fire input is inactive at the start")
_OUT = frozenset({Event.DOOR_EXIT_REQUESTED})
"""After these those on the inner side may have left."""
PASSES_S = timedelta(seconds=60)
"""No door waits longer for someone who was granted: what came of an earlier grant will not be heard."""
_ROW = re.compile(r"row (\d+)")


@dataclass(frozen=True, slots=True)
class KnownArea:
    """Who is in an area, by the person's number, with the time in UTC since when."""

    name: str
    people: Mapping[int, datetime]


@dataclass(frozen=True, slots=True)
class Comer:
    """A person at a reader of a door, `at` in UTC."""

    door: str
    person: Person
    groups: frozenset[str]
    at: datetime
    is_exit: bool = False


@dataclass(frozen=True, slots=True)
class _DoorWays:
    entry: Way
    has_switch: bool
    """Whether the door says what came of a grant."""


class Whereabouts:
    """The areas of all doors. It holds no state of its own: all that it knows is in the store."""

    def __init__(self, settings: Settings) -> None:
        self._ways = {door.name: _ways(door) for door in settings.doors}
        self._exits = frozenset(one.name for door in settings.doors for one in door.readers if one.direction == "exit")
        self._areas = {one.name: _area(one) for one in settings.areas}
        self._forgetting = {one.name: _forgetting(one) for one in settings.areas}

    def leads(self, door: str) -> bool:
        """Whether a door leads from one area to another, so that places have to be asked at all."""
        way = self._way(door, is_exit=False)
        return way is not None and way.starts != way.leads

    def passing(self, places: Places, comer: Comer) -> Passing:
        """What the areas say of a person at a reader; nothing at a door that leads nowhere."""
        way = self._way(comer.door, is_exit=comer.is_exit)
        if way is None or way.starts == way.leads:
            return Passing()
        where = self._where(places, comer.person, comer.at)
        area = self._areas.get(way.leads)
        others = 0
        if area is not None and area.most is not None and not comer.is_exit:
            others = len([one for one in self._known_in(places, way.leads, comer.at) if one != comer.person.id])
        return passing(way, Asked(where, others, group_keys(comer.groups)), area)

    def record(self, audit: Audit, places: Places, transaction: Transaction, first: Transaction | None = None) -> int:
        """Commits the row of a transaction, as `Audit.record`, with what it says of where the person is.

        `first` is what another one has shown who passes together with this person.
        """
        row = audit.record(transaction)
        together = () if first is None else (replace(first, started_at=transaction.started_at),)
        for number, one in zip((row, _beside(row)), (transaction, *together), strict=False):
            if self._granted(places, one, number) and one.person is not None:
                at, door, reader = one.started_at, one.door, one.reader
                who, detail = one.person.id, f"row {row}"
                event = Event.ANTIPASSBACK_VIOLATED
                audit.add(AuditRow(0, at, event, None, who, fault=detail, door=door, reader=reader or None))
        return row

    def has_room(self, places: Places, second: Transaction, first: Transaction) -> bool:
        """Whether the second of two people has room where their door leads once the first is there."""
        way = self._way(second.door, is_exit=self._leads_out(second))
        area = None if way is None or way.is_exit or way.starts == way.leads else self._areas.get(way.leads)
        if area is None or area.most is None or area.bypass & group_keys(second.groups):
            return True
        both = {one.person.id for one in (first, second) if one.person is not None}
        others = set(self._known_in(places, area.name, second.started_at)) - both
        return len(others) + 1 < area.most

    def heard(self, places: Places, row: AuditRow, number: int) -> None:
        """What a row of that number, which was just written, says of those who may have passed."""
        ways = self._ways.get(row.door or "")
        if ways is None or ways.entry.starts == ways.entry.leads:
            return
        match row.event:
            case Event.SERVICE_STARTED:
                self._begun(places, row.door or "")
            case Event.DOOR_PASSED | Event.DOOR_NOT_ENTERED:
                self._came_of(places, row, number)
            case Event.DOOR_EVACUATION:
                places.doubt([EVERYWHERE], number)
            case Event.DOOR_CLEARED if row.fault in _EVACUATION_ENDED:
                places.doubt([EVERYWHERE], number)
            case Event.DOOR_FAULT | Event.DOOR_MENDED if _SWITCH in (row.fault or ""):
                places.doubt([ways.entry.starts, ways.entry.leads], number)
            case _ if row.event in _BOTH_SIDES:
                places.doubt([ways.entry.starts, ways.entry.leads], number)
            case _ if row.event in _OUT:
                places.doubt([ways.entry.leads], number)

    def known(self, places: Places, now: datetime) -> tuple[KnownArea, ...]:
        """Who is known to be outside, and in each area in the order of the settings."""
        found: dict[str, dict[int, datetime]] = {OUTSIDE: {}, **{name: {} for name in self._areas}}
        doubts = {name: places.doubted_from(name) for name in found}
        for person_id, place in places.everyone().items():
            if place.area in found and self._known(place, doubts[place.area], now) is not None:
                found[place.area][person_id] = place.at
        return tuple(KnownArea(name, people) for name, people in found.items())

    def _granted(self, places: Places, transaction: Transaction, row: int) -> bool:
        """A person was let in or out, as that audit row says: they have passed once the door was opened, or at once
        where no switch says so. Whether they should have been elsewhere.
        """
        person, is_exit = transaction.person, self._leads_out(transaction)
        way = self._way(transaction.door, is_exit=is_exit)
        if not transaction.decision.granted or person is None or way is None or way.starts == way.leads:
            return False
        comer = Comer(transaction.door, person, transaction.groups, transaction.started_at, is_exit)
        violates = self.passing(places, comer).violates
        if self._ways[transaction.door].has_switch:
            places.give_up(transaction.door, transaction.started_at - PASSES_S)
            places.expect(transaction.door, person.id, row, leads=way.leads)
        else:
            places.put(person.id, Place(way.leads, transaction.started_at, abs(row)))
        return violates

    def _leads_out(self, transaction: Transaction) -> bool:
        """Whether it is one at the way out, also where that is controlled and badges are ruled as at the way in."""
        return bool(transaction.decision.exit_reader) or transaction.reader in self._exits

    def _way(self, door: str, *, is_exit: bool) -> Way | None:
        ways = self._ways.get(door)
        if ways is None:
            return None
        return ways.entry.back if is_exit else ways.entry

    def _where(self, places: Places, person: Person, now: datetime) -> str | None:
        place = places.of(person)
        return None if place is None else self._known(place, places.doubted_from(place.area), now)

    def _known_in(self, places: Places, area: str, now: datetime) -> Sequence[int]:
        doubted = places.doubted_from(area)
        return [one for one, place in places.in_area(area).items() if self._known(place, doubted, now) is not None]

    def _known(self, place: Place, doubted_from: int, now: datetime) -> str | None:
        forgetting = self._forgetting.get(place.area, Forgetting())
        return known_area(place, doubted_from=doubted_from, forgetting=forgetting, now=now)

    def _begun(self, places: Places, door: str) -> None:
        """What came of grants just before the end is unknown, and so is where those people are."""
        while (awaited := places.came_of(door, 0)) is not None:
            places.forget(awaited.person_id)

    def _came_of(self, places: Places, row: AuditRow, number: int) -> None:
        named, door = _ROW.search(row.fault or ""), row.door or ""
        numbers = (int(named[1]), _beside(int(named[1]))) if named else (0,)
        for one in numbers:
            awaited = places.came_of(door, one, leads=None if one else self._ways[door].entry.starts)
            if awaited is not None and row.event is Event.DOOR_PASSED:
                places.put(awaited.person_id, Place(awaited.leads, row.at, number))


def _beside(row: int) -> int:
    """Where the passage of the first of two people is kept beside that of the second, of that row."""
    return -row


def _ways(door: DoorSettings) -> _DoorWays:
    entry = Way(door.leads_from, door.leads_to, Antipassback(door.antipassback))
    return _DoorWays(entry, any(wire.signal is DoorInput.DPS for wire in door.inputs))


def _area(one: AreaSettings) -> Area:
    return Area(one.name, one.most, group_keys(one.bypass))


def _forgetting(one: AreaSettings) -> Forgetting:
    amnesty = time.fromisoformat(one.amnesty) if one.amnesty else None
    return Forgetting(timedelta(hours=one.reset_after_h), amnesty, ZoneInfo(one.zone) if one.zone else None)


NOWHERE = Whereabouts(Settings())
"""Of doors that lead nowhere."""
