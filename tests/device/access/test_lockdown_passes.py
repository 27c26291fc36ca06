"""A lockdown lets in no one but groups that the rules name at a door that allows it, and those not by a badge alone."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from device.door_rules import DoorRules
from device.records import DoorState, DriveFailed, Event, Reason, Transaction
from tests.device.access.test_pins_at_the_door import FakePins, typed
from tests.device.access.world import BADGE, World, probe, put_into

PASSES = """
[[rules]]
name = "staff"
action = "allow"
groups = ["staff", "guards"]
doors = ["main"]
{mode}
[[lockdown_passes]]
name = "guards-pass"
groups = ["Guards"]
doors = ["main"]
"""


def locked_down(world: World, *, group: str = "guards", allowed: bool = True, mode: str = "badge+face") -> World:
    """A door in lockdown, its person in a group, with rules by which guards pass if the settings allow it."""
    door = msgspec.structs.replace(world.settings.doors[0], lockdown_pass=allowed, i_accept_badge_only=mode == "badge")
    settings = msgspec.structs.replace(world.settings, doors=(door,))
    with world.store.people() as people, world.store.rules() as book:
        people.groups.put(people.held(BADGE).person, [group])
        book.apply(PASSES.format(mode=f'mode = "{mode}"'), world.clock.utc())
    doorway = replace(world.doorway, rules=DoorRules(world.store, door), pins=FakePins())
    put_into(world, DoorState.LOCKDOWN)
    return replace(world, doorway=doorway, settings=settings, access=world.access_with(doorway, settings))


def come(world: World, keys: str = "") -> Transaction:
    return typed(world, world.access, keys, BADGE) if keys else world.swipe()


def test_guard_passes_with_badge_and_face_and_the_door_stays_down(world_of: Callable[..., World]) -> None:
    world = locked_down(world_of(probe(1.0)))
    assert come(world).decision.reason is Reason.MATCH
    assert (world.releases, world.door.state) == (1, DoorState.LOCKDOWN)


def test_each_pass_is_an_event_that_names_its_row(world_of: Callable[..., World]) -> None:
    world = locked_down(world_of(probe(1.0)))
    come(world)
    world.log.write_down()
    with world.store.audit() as audit:
        rows = {row.event: row for row in audit}
    assert rows[Event.DOOR_LOCKDOWN_PASSED].fault == f"row {rows[Event.DECISION].id}"


@pytest.mark.parametrize(("group", "allowed"), [("staff", True), ("guards", False), ("staff", False)])
def test_no_one_else_passes(world_of: Callable[..., World], group: str, allowed: bool) -> None:
    world = locked_down(world_of(probe(1.0)), group=group, allowed=allowed)
    assert come(world).decision.reason is Reason.DOOR_LOCKDOWN
    assert world.releases == 0


@pytest.mark.parametrize(
    ("mode", "keys", "reason"),
    [
        ("badge+pin", "2468#", Reason.PIN),
        ("badge+pin", "1111#", Reason.PIN_WRONG),
        ("badge+face+pin", "2468#", Reason.MATCH),
        ("badge", "", Reason.DOOR_LOCKDOWN),
    ],
)
def test_rules_and_factors_apply_and_a_badge_alone_is_not_enough(
    world_of: Callable[..., World], mode: str, keys: str, reason: Reason
) -> None:
    assert come(locked_down(world_of(probe(1.0)), mode=mode), keys).decision.reason is reason


def test_wrong_face_of_a_guard_is_refused(world_of: Callable[..., World]) -> None:
    assert come(locked_down(world_of(probe(0.1)))).decision.reason is Reason.NON_MATCH


def test_fault_lets_no_guard_pass(world_of: Callable[..., World]) -> None:
    world = locked_down(world_of(probe(1.0)))
    world.door.tell(DriveFailed("it does not answer"))
    assert come(world).decision.reason is Reason.DOOR_FAULT
