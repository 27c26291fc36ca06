"""A grant at the way in needs everything to be right, and each thing that is wrong has its reason."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from device.credentials import parse_badge
from device.records import (
    DoorCommand,
    DoorState,
    Outcome,
    Reason,
    Transaction,
)
from device.store.audit import Audit
from tests.device.access.world import (
    BADGE,
    ScriptedCamera,
    World,
    probe,
    put_into,
    swiped,
)
from tests.device.doors import releases
from tests.there import there


def test_the_right_badge_and_the_right_face_open_the_door(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    assert world.swipe().decision.outcome is Outcome.GRANTED
    assert world.releases == 1


def test_the_strike_is_released_for_the_strike_time_and_no_longer(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    world.swipe()
    world.clock.sleep(60.0)
    ((released_at, secured_at),) = releases(world.pins, world.settings.doors[0])
    assert there(secured_at) - released_at == pytest.approx(3.0)


def test_somebody_who_needs_more_time_has_it(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    with world.store.people() as people:
        people.give_time(there(people.badge(BADGE)).person, extended=True)
    world.swipe()
    world.clock.sleep(60.0)
    ((released_at, secured_at),) = releases(world.pins, world.settings.doors[0])
    assert there(secured_at) - released_at == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("state", "reason"), [(DoorState.LOCKDOWN, Reason.DOOR_LOCKDOWN), (DoorState.FAULT, Reason.DOOR_FAULT)]
)
def test_a_door_that_lets_nobody_in_says_so_without_a_look(
    world_of: Callable[..., World], state: DoorState, reason: Reason
) -> None:
    world = world_of(probe(0.95))
    put_into(world, state)
    assert world.swipe().decision.reason is reason
    assert (world.releases, world.camera.given) == (0, [])


@pytest.mark.parametrize(
    ("state", "reason"), [(DoorState.LOCKDOWN, Reason.DOOR_LOCKDOWN), (DoorState.FAULT, Reason.DOOR_FAULT)]
)
def test_a_lockdown_or_a_fault_during_the_look_keeps_the_door_locked(
    world_of: Callable[..., World], state: DoorState, reason: Reason
) -> None:
    world = world_of(probe(0.95))
    world.clock.at(world.clock.monotonic() + 0.15, lambda: put_into(world, state))
    assert world.swipe().decision.reason is reason
    assert (world.releases, world.last_row().outcome) == (0, Outcome.DENIED)


def test_a_lockdown_while_the_grant_is_written_down_is_in_the_audit(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    record = Audit.record

    def locking(audit: Audit, transaction: Transaction) -> int:
        world.door.command(DoorCommand.LOCKDOWN)
        return record(audit, transaction)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Audit, "record", locking)
        told = world.swipe()
    assert (told.decision.reason, world.releases) == (Reason.DOOR_LOCKDOWN, 0)
    with world.store.audit() as audit:
        faults = [row.fault for row in audit]
    assert "The last grant was not carried out: door-lockdown." in faults


def test_every_swipe_says_which_door_and_reader(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    swiped(world.access, world.read(reader="outside"))
    assert (world.last_row().door, world.last_row().reader) == ("main", "outside")


def test_why_a_badge_was_unreadable_is_in_the_audit(world_of: Callable[..., World]) -> None:
    world = world_of()
    swiped(world.access, world.read(None, "outside", "Wrong parity."))
    assert (world.last_row().reason, world.last_row().fault) == (Reason.BADGE_UNREADABLE, "Wrong parity.")


def test_a_face_is_seen_by_the_camera_at_the_reader(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    inside = ScriptedCamera(world.clock)
    doorway = replace(world.doorway, cameras={"inside": inside})
    swiped(world.access_with(doorway), world.read(reader="inside"))
    assert (len(inside.given), world.camera.given) == (3, [])


def test_another_face_is_a_non_match(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.5))
    assert world.swipe().decision.reason is Reason.NON_MATCH
    assert world.releases == 0


@pytest.mark.parametrize(("written", "reason"), [("17:9", Reason.BADGE_UNKNOWN), (None, Reason.BADGE_UNREADABLE)])
def test_a_badge_that_nobody_holds_is_refused_without_a_look(
    world_of: Callable[..., World], written: str | None, reason: Reason
) -> None:
    world = world_of()
    assert world.swipe(parse_badge(written) if written else None).decision.reason is reason
    assert world.camera.given == []


def test_a_revoked_badge_is_refused_without_a_look(world_of: Callable[..., World]) -> None:
    world = world_of()
    with world.store.people() as people:
        people.revoke(BADGE, world.clock.utc())
    assert world.swipe().decision.reason is Reason.BADGE_REVOKED
    assert world.camera.given == []


def test_references_of_another_model_do_not_count(world_of: Callable[..., World]) -> None:
    assert world_of(model="b" * 64).swipe().decision.reason is Reason.NO_REFERENCES


def test_a_relay_that_fails_is_a_denial_and_never_left_released(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    world.pins.broken = True
    assert world.swipe().decision.reason is Reason.DOOR_FAULT
    assert world.releases == 0


@pytest.mark.parametrize("state", ["suspended", "revoked"])
def test_a_badge_that_is_worthless_is_refused_without_a_look(world_of: Callable[..., World], state: str) -> None:
    world = world_of(probe(0.95))
    with world.store.people() as people:
        people.suspend(BADGE, world.clock.utc())
        if state == "revoked":
            people.revoke(BADGE, world.clock.utc())
    assert world.swipe().decision.reason.code == f"badge-{state}"
    assert (world.camera.given, world.releases) == ([], 0)


def test_a_reference_with_a_flipped_bit_opens_nothing(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95), references=np.array([[3e38, 0.0]], np.float32))
    assert world.swipe().decision.reason is Reason.STORE_FAULT
    assert world.releases == 0
