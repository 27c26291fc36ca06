"""Anti-passback and occupancy at a door in operation: refused at the way in, in the transaction that writes it down."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from device.clock import Stop
from device.door_log import DoorLog
from device.records import BADGE as BADGE_ALONE
from device.records import (
    AuditRow,
    Commanded,
    Credential,
    Decision,
    DoorCommand,
    DoorInput,
    Event,
    InputChanged,
    Line,
    Outcome,
    Reason,
    Transaction,
)
from device.settings.areas import AreaSettings, CustodySettings
from device.settings.tables import InputSettings, ReaderSettings
from device.virtual.pins import SimulatedPins
from device.whereabouts import Whereabouts
from tests.device.access.world import BADGE, World, probe, swiped, world_in
from tests.device.doors import open_door


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


def test_grant_that_the_door_withdrew_moves_no_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = at_a_lab(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(world.door, "grant", lambda **_: False)
        assert come(world) is Reason.DOOR_INTERLOCKED
    assert come(world) is Reason.MATCH


def with_a_switch(folder: Path) -> World:
    """The same with a position switch, and a controlled reader at the way out."""
    world = at_a_lab(folder)
    door = msgspec.structs.replace(
        world.settings.doors[0],
        inputs=(InputSettings(signal=DoorInput.DPS, pin=27),),
        readers=(ReaderSettings(name="in"), ReaderSettings(name="out", direction="exit")),
        egress="controlled",
        free_exit="handle",
    )
    world.settings = msgspec.structs.replace(world.settings, doors=(door,))
    opened = open_door(world.settings, SimulatedPins(world.clock), world.clock)
    world.doorway = replace(world.doorway, door=opened)
    world.log = DoorLog(opened, world.store, world.clock, Whereabouts(world.settings))
    world.access = world.access_with(settings=world.settings)
    return world


def come_at(world: World, reader: str, badge: Credential = BADGE) -> Reason:
    world.clock.sleep(1.0)
    reason = swiped(world.access, world.read(badge, reader)).decision.reason
    world.log.write_down()
    return reason


def open_it(world: World) -> None:
    world.door.tell(InputChanged(DoorInput.DPS, Line.ACTIVE))
    world.log.write_down()


def close_it(world: World) -> None:
    world.door.tell(InputChanged(DoorInput.DPS, Line.QUIET))
    world.log.write_down()


def test_who_comes_in_through_the_open_door_is_inside(tmp_path: Path) -> None:
    world = with_a_switch(tmp_path)
    world.door.tell(Commanded(DoorCommand.RELEASE))
    open_it(world)
    assert come_at(world, "in") is Reason.MATCH
    close_it(world)
    assert come_at(world, "in") is Reason.PASSED_BACK


def test_who_leaves_by_a_controlled_way_out_may_come_again(tmp_path: Path) -> None:
    world = with_a_switch(tmp_path)
    for reader, reason in (("in", Reason.MATCH), ("out", Reason.BADGE), ("in", Reason.MATCH)):
        assert come_at(world, reader) is reason
        open_it(world)
        close_it(world)


def test_way_out_needs_no_second_person(tmp_path: Path) -> None:
    world = with_a_switch(tmp_path)
    door = msgspec.structs.replace(world.settings.doors[0], custody=CustodySettings(dual=True))
    world.settings = msgspec.structs.replace(world.settings, doors=(door,))
    world.access = world.access_with(settings=world.settings)
    assert come_at(world, "out") is Reason.BADGE
    assert come_at(world, "in") is Reason.SECOND_AWAITED


def test_group_that_bypasses_does_so_however_it_is_typed(tmp_path: Path) -> None:
    world = at_a_lab(tmp_path)
    area = AreaSettings(name="lab", bypass=("Cleaners",))
    world.settings = msgspec.structs.replace(world.settings, areas=(area,))
    world.log = DoorLog(world.door, world.store, world.clock, Whereabouts(world.settings))
    world.access = world.access_with(settings=world.settings)
    with world.store.people() as people:
        held = people.held(BADGE)
        assert held is not None
        people.groups.put(held.person, ["cleaners"])
    assert [come(world), come(world)] == [Reason.MATCH, Reason.MATCH]


def test_grant_without_an_end_takes_no_ones_way_out(tmp_path: Path) -> None:
    """One whose passage is never heard of must not be moved by the next person who leaves."""
    world = with_a_switch(tmp_path)
    areas, now = world.log.whereabouts, world.clock.utc()
    with world.store.people() as people:
        held, other = people.held(BADGE), people.add("Bea", now)
        assert held is not None
    left = Decision(Reason.EXIT, Outcome.GRANTED, exit_reader="out", mode=BADGE_ALONE)
    stuck = Transaction(now, BADGE, other, left, 0.1, door="main", reader="out")
    with world.store.audit() as audit, world.store.places() as places:
        areas.record(audit, places, stuck)
        later = replace(stuck, person=held.person, started_at=now + timedelta(minutes=2))
        areas.record(audit, places, later)
        row = AuditRow(0, later.started_at, Event.DOOR_PASSED, door="main")
        areas.heard(places, row, audit.add(row))
        assert set(places.everyone()) == {held.person.id}
