"""Two people who pass together: both are where they went, and one of them may be forced."""

from pathlib import Path

import msgspec

from device.credentials import parse_badge
from device.door_log import DoorLog
from device.records import Reason
from device.settings.areas import AreaSettings
from device.whereabouts import Whereabouts
from tests.device.access.test_two_people import ADAS_OTHER, DUAL, SECOND, at_a_door, come, rows
from tests.device.access.world import BADGE, World

SPARE = parse_badge("17:1009")


def at_a_vault(folder: Path, *, most: int | None = None) -> World:
    """A door without a position switch that leads to a vault, where two have to come."""
    world = at_a_door(folder, DUAL)
    door = msgspec.structs.replace(world.settings.doors[0], leads_to="vault", antipassback="hard")
    world.settings = msgspec.structs.replace(
        world.settings, doors=(door,), areas=(AreaSettings(name="vault", most=most),)
    )
    world.log = DoorLog(world.door, world.store, world.clock, Whereabouts(world.settings))
    world.access = world.access_with(settings=world.settings)
    return world


def test_both_of_a_pair_are_inside(tmp_path: Path) -> None:
    world = at_a_vault(tmp_path)
    come(world, BADGE)
    assert come(world, SECOND).decision.granted
    with world.store.places() as places:
        assert {place.area for place in places.everyone().values()} == {"vault"}
        assert len(places.everyone()) == 2


def test_badge_of_the_first_can_not_be_passed_back(tmp_path: Path) -> None:
    world = at_a_vault(tmp_path)
    come(world, BADGE)
    come(world, SECOND)
    assert come(world, BADGE).decision.reason is Reason.PASSED_BACK
    assert come(world, ADAS_OTHER).decision.reason is Reason.PASSED_BACK


def test_pair_needs_room_for_both(tmp_path: Path) -> None:
    world = at_a_vault(tmp_path, most=1)
    come(world, BADGE)
    assert come(world, SECOND).decision.reason is Reason.AREA_FULL
    assert world.releases == 0


def test_duress_of_the_first_is_that_of_the_pair(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, DUAL)
    with world.store.people() as people:
        ada = people.named("Ada")
        assert ada is not None
        people.issue(SPARE, ada, world.clock.utc(), duress=True)
    come(world, SPARE)
    assert come(world, SECOND).decision.reason is Reason.MATCH
    assert Reason.DURESS in [row.reason for row in rows(world)]


def test_pair_has_the_time_that_one_of_them_needs(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, DUAL)
    with world.store.people() as people:
        ada = people.named("Ada")
        assert ada is not None
        people.give_time(ada, extended=True)
    come(world, BADGE)
    assert come(world, SECOND).extended
