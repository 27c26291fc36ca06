"""Two people who pass together: both are where they went, and one of them may be forced."""

from pathlib import Path

import msgspec
import pytest

from device.credentials import parse_badge
from device.door_log import DoorLog
from device.records import AlarmKind, Outcome, Reason
from device.settings.areas import AreaSettings, CustodySettings
from device.whereabouts import Whereabouts
from tests.device.access.test_duress_unseen import seen_by_a_guard
from tests.device.access.test_two_people import ADAS_OTHER, DUAL, SECOND, at_a_door, come, put_in_group, rows
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


def forced_with(world: World) -> World:
    """Ada has a badge for duress besides."""
    with world.store.people() as people:
        ada = people.named("Ada")
        assert ada is not None
        people.issue(SPARE, ada, world.clock.utc(), duress=True)
    return world


def alarms(world: World) -> list[AlarmKind]:
    with world.store.alarms() as open_ones:
        return [alarm.kind for alarm in open_ones.open_ones()]


def test_duress_of_the_first_raises_its_alarm_without_a_second(tmp_path: Path) -> None:
    """At once: whether a second comes must not decide whether help does."""
    world = forced_with(at_a_door(tmp_path, DUAL))
    assert come(world, SPARE).decision.reason is Reason.SECOND_AWAITED
    assert (alarms(world), world.releases) == ([AlarmKind.DURESS], 0)


VISITORS = CustodySettings(visitors="visitors")


@pytest.mark.parametrize(("custody", "reason"), [(DUAL, Reason.SECOND_AWAITED), (VISITORS, Reason.HOST_AWAITED)])
def test_guard_sees_one_who_waits_under_duress_as_any(tmp_path: Path, custody: CustodySettings, reason: Reason) -> None:
    seen = []
    for folder, badge in ((tmp_path / "usual", BADGE), (tmp_path / "forced", SPARE)):
        world = forced_with(at_a_door(folder, custody))
        put_in_group(world, "Ada", "visitors")
        assert come(world, badge).decision.reason is reason
        seen.append(seen_by_a_guard(world))
    assert seen[0] == seen[1]


def test_pair_without_room_still_raises_the_alarm(tmp_path: Path) -> None:
    world = forced_with(at_a_vault(tmp_path, most=1))
    come(world, SECOND)
    assert come(world, SPARE).decision.reason is Reason.AREA_FULL
    assert alarms(world) == [AlarmKind.DURESS]
    assert b"duress" not in seen_by_a_guard(world)


def test_one_who_waited_under_duress_has_not_matched_a_face(tmp_path: Path) -> None:
    """Nor has one who waited of their own will: else the next visit would be asked for another turn."""
    world = forced_with(at_a_door(tmp_path, DUAL))
    come(world, SPARE)
    with world.store.audit() as audit:
        assert not audit.was_granted(SPARE, world.door.name)


def test_duress_of_the_first_is_that_of_the_pair(tmp_path: Path) -> None:
    world = forced_with(at_a_door(tmp_path, DUAL))
    come(world, SPARE)
    assert come(world, SECOND).decision.reason is Reason.MATCH
    assert Reason.DURESS in [row.reason for row in rows(world) if row.outcome is Outcome.GRANTED]


def test_pair_has_the_time_that_one_of_them_needs(tmp_path: Path) -> None:
    world = at_a_door(tmp_path, DUAL)
    with world.store.people() as people:
        ada = people.named("Ada")
        assert ada is not None
        people.give_time(ada, extended=True)
    come(world, BADGE)
    assert come(world, SECOND).extended
