"""Anti-passback and occupancy at a door in operation: refused at the way in, in the transaction that writes it down."""

from pathlib import Path

import msgspec

from device.clock import Stop
from device.door_log import DoorLog
from device.records import Credential, Event, Reason
from device.settings.areas import AreaSettings
from device.whereabouts import Whereabouts
from tests.device.access.world import BADGE, World, probe, swiped, world_in


def at_a_lab(folder: Path, kind: str = "hard") -> World:
    """A door without a position switch: a grant is a passage."""
    world = world_in(folder, probe(1.0))
    door = msgspec.structs.replace(world.settings.doors[0], leads_to="lab", antipassback=kind)
    world.settings = msgspec.structs.replace(world.settings, doors=(door,), areas=(AreaSettings(name="lab"),))
    world.log = DoorLog(world.door, world.store, world.clock, Whereabouts(world.settings))
    world.access = world.access_with(settings=world.settings)
    return world


def come(world: World, badge: Credential = BADGE) -> Reason:
    world.clock.sleep(5.0)
    return swiped(world.access, world.read(badge)).decision.reason


def test_badge_passed_back_is_refused_without_a_look_at_a_face(tmp_path: Path) -> None:
    world = at_a_lab(tmp_path)
    assert come(world) is Reason.MATCH
    seen = world.analyzer.seen
    assert come(world) is Reason.PASSED_BACK
    assert (world.releases, world.analyzer.seen) == (1, seen)


def test_soft_door_lets_them_in_and_reports_it(tmp_path: Path) -> None:
    world = at_a_lab(tmp_path, "soft")
    assert [come(world), come(world)] == [Reason.MATCH, Reason.MATCH]
    row = world.last_row()
    assert (row.event, row.fault) == (Event.ANTIPASSBACK_VIOLATED, f"row {row.id - 1}")


def test_person_counts_as_inside_for_twelve_hours(tmp_path: Path) -> None:
    world = at_a_lab(tmp_path)
    come(world)
    world.clock.sleep(12 * 3600)
    assert come(world) is Reason.MATCH


def test_grant_is_judged_again_as_it_is_written_down(tmp_path: Path) -> None:
    """Two readers, one badge: the second grant is judged again under the lock for writing."""
    world = at_a_lab(tmp_path)
    other = world.access_with(settings=world.settings)
    assert other.present(world.read(), Stop()) is None
    assert come(world) is Reason.MATCH
    over = None
    while over is None:
        over = next(iter(other.advance(Stop(), 0.25)), None)
    assert over.decision.reason is Reason.PASSED_BACK
    assert world.releases == 1
