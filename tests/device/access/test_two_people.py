"""Dual custody and visitors at a door in operation."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from device.credentials import parse_badge
from device.records import AuditRow, Event, Reason, Transaction
from device.settings.areas import CustodySettings
from device.settings.tables import Settings
from tests.device.access.world import BADGE, MODEL, REFERENCE, World, probe, swiped, world_in

SECOND, THIRD, ADAS_OTHER = (parse_badge(f"17:{number}") for number in (1002, 1003, 1004))
OTHER_FACE = probe(0.2)
DUAL = CustodySettings(dual=True)


def at_a_door(folder: Path, custody: CustodySettings, *faces: object) -> World:
    """Ada with two badges, Bea and Cem; everyone's face is the reference's, and each badge takes three frames."""
    world = world_in(folder, *(faces or (probe(1.0),)))  # type: ignore[arg-type]
    now = world.clock.utc()
    with world.store.people() as people:
        ada = people.named("Ada")
        assert ada is not None
        people.issue(ADAS_OTHER, ada, now)
        for name, badge in (("Bea", SECOND), ("Cem", THIRD)):
            person = people.add(name, now)
            people.issue(badge, person, now)
            people.add_references(person, np.stack([REFERENCE]), MODEL, now)
    doors = (msgspec.structs.replace(world.settings.doors[0], custody=custody),)
    world.settings = msgspec.structs.replace(world.settings, doors=doors)
    world.access = world.access_with(settings=world.settings)
    return world


def put_in_group(world: World, name: str, group: str) -> None:
    with world.store.people() as people:
        person = people.named(name)
        assert person is not None
        people.groups.put(person, [group])


def rows(world: World) -> list[AuditRow]:
    with world.store.audit() as audit:
        return list(audit)


def come(world: World, badge: object, after_s: float = 1.0) -> Transaction:
    world.clock.sleep(after_s)
    return swiped(world.access, world.read(badge))  # type: ignore[arg-type]


def test_one_person_opens_nothing(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, DUAL)
    assert come(world, BADGE).decision.reason is Reason.SECOND_AWAITED
    assert world.releases == 0


def test_two_people_open_once_and_a_row_names_both(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, DUAL)
    come(world, BADGE)
    assert come(world, SECOND).decision.granted
    assert world.releases == 1
    first, second, pair = rows(world)[-3:]
    assert (first.reason, second.reason) == (Reason.SECOND_AWAITED, Reason.MATCH)
    assert (pair.event, pair.fault) == (Event.TWO_PEOPLE, f"rows {first.id} and {second.id}")


@pytest.mark.parametrize(("after_s", "opens"), [(14.9, True), (15.1, False)])
def test_second_badge_comes_within_fifteen_seconds(tmp_path: Path, after_s: float, opens: bool) -> None:
    world = at_a_door(tmp_path, DUAL)
    come(world, BADGE)
    assert come(world, SECOND, after_s).decision.granted is opens


def test_one_person_with_two_badges_opens_nothing(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, DUAL)
    come(world, BADGE)
    assert come(world, ADAS_OTHER).decision.reason is Reason.SECOND_AWAITED
    assert world.releases == 0


def test_refusal_in_between_takes_nothing_from_the_first(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, DUAL)
    with world.store.people() as people:
        people.revoke(SECOND, world.clock.utc())
    come(world, BADGE)
    assert come(world, SECOND).decision.reason is Reason.BADGE_REVOKED
    assert come(world, THIRD).decision.granted


def test_first_whose_badge_was_revoked_makes_no_pair(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, DUAL)
    come(world, BADGE)
    with world.store.people() as people:
        people.revoke(BADGE, world.clock.utc())
    assert come(world, SECOND).decision.reason is Reason.SECOND_AWAITED
    assert world.releases == 0


def test_after_a_restart_the_first_shows_who_they_are_again(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, DUAL)
    come(world, BADGE)
    world.access = world.access_with(settings=world.settings)
    assert come(world, SECOND).decision.reason is Reason.SECOND_AWAITED


def test_pair_lets_no_third_person_in(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, DUAL)
    come(world, BADGE)
    come(world, SECOND)
    assert come(world, THIRD).decision.reason is Reason.SECOND_AWAITED


def test_person_of_another_face_is_no_second(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, DUAL, *[probe(1.0)] * 3, *[OTHER_FACE] * 100)
    come(world, BADGE)
    assert come(world, SECOND).decision.reason is Reason.NON_MATCH
    assert world.releases == 0


def test_visitor_comes_in_with_a_host_alone(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, CustodySettings(visitors="visitors", hosts="staff"))
    put_in_group(world, "Ada", "visitors")
    put_in_group(world, "Bea", "staff")
    assert come(world, BADGE).decision.reason is Reason.HOST_AWAITED
    assert come(world, THIRD).decision.granted  # not a host: comes in alone, and the visitor does not
    assert come(world, BADGE).decision.reason is Reason.HOST_AWAITED
    assert come(world, SECOND).decision.granted
    assert [row.event for row in rows(world)].count(Event.TWO_PEOPLE) == 1


def test_visitors_are_visitors_however_their_group_is_typed(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, CustodySettings(visitors="visitors"))
    put_in_group(world, "Ada", "Visitors")
    assert come(world, BADGE).decision.reason is Reason.HOST_AWAITED
    assert world.releases == 0


def test_door_without_custody_is_as_it_was(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, CustodySettings())
    assert come(world, BADGE).decision.granted


def test_settings_without_custody_demand_nothing_of_two_people() -> None:
    assert Settings().doors[0].custody == CustodySettings(dual=False, visitors="")
