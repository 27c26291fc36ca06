"""Who comes in under duress is let in as ever: those who may not know of it see the very same bytes."""

from collections.abc import Callable

import msgspec
import pytest

from device.control.audit_rows import AuditRows
from device.control.messages import Row
from device.control.subscriptions import _tells_of_duress, _without_people
from device.credentials import parse_badge
from device.records import BADGE as BADGE_ONLY
from device.records import MODES as MODES_BY_NAME
from device.records import (
    Credential,
    Decision,
    Event,
    Evidence,
    Factor,
    Outcome,
    PadMode,
    PinAnswer,
    Reason,
    Transaction,
)
from tests.device.access.test_pins_at_the_door import FakePins, door_with, typed
from tests.device.access.world import BADGE, World, probe

MODES = ["badge", "badge+face", "badge+pin", "badge+face+pin", "badge+face-or-pin"]
FORCED = parse_badge("17:1009")


def with_duress_badge(world: World) -> World:
    """The holder of BADGE has another one for duress."""
    with world.store.people() as people:
        people.issue(FORCED, people.held(BADGE).person, world.clock.utc(), duress=True)
    return world


def decision_row(world: World) -> Row:
    rows = AuditRows(world.store).after(0, 100).rows
    (row,) = [one for one in rows if one.event == Event.DECISION]
    return row


def seen_by_a_guard(world: World) -> bytes:
    """The rows of one visit, but for their place in the audit."""
    rows = [_without_people(row) for row in AuditRows(world.store).after(0, 100).rows if not _tells_of_duress(row)]
    places = {"id": 0, "at": "", "monotonic_s": None, "boot": None}
    return b"\n".join(msgspec.json.encode(msgspec.structs.replace(row, **places)) for row in rows)


def visit(world: World, mode: str, keys: str, badge: Credential) -> World:
    over = typed(world, door_with(world, mode, FakePins()), keys, badge)
    assert over.decision.outcome is Outcome.GRANTED
    return world


def enrolled_world(world_of: Callable[..., World]) -> World:
    return with_duress_badge(world_of(probe(1.0)))


@pytest.mark.parametrize(("keys", "badge"), [("9753#", BADGE), ("2468#", FORCED), ("9753#", FORCED)])
@pytest.mark.parametrize("mode", MODES)
def test_guard_sees_the_same_bytes(world_of: Callable[..., World], mode: str, keys: str, badge: Credential) -> None:
    """A PIN for duress at a door that takes no PIN is no duress, as nothing was typed there."""
    usual = visit(enrolled_world(world_of), mode, "2468#", BADGE)
    forced = visit(enrolled_world(world_of), mode, keys, badge)
    assert seen_by_a_guard(forced) == seen_by_a_guard(usual)
    assert (forced.releases, forced.door.status()) == (usual.releases, usual.door.status())


@pytest.mark.parametrize(
    ("mode", "keys", "badge", "reason"),
    [
        ("badge+pin", "9753#", BADGE, "duress"),
        ("badge+face+pin", "9753#", BADGE, "duress"),
        ("badge+face", "", FORCED, "duress"),
        ("badge+pin", "2468#", FORCED, "duress"),
        ("badge+pin", "2468#", BADGE, "pin"),
        ("badge+face", "", BADGE, "match"),
    ],
)
def test_auditor_sees_duress(
    world_of: Callable[..., World], mode: str, keys: str, badge: Credential, reason: str
) -> None:
    assert decision_row(visit(enrolled_world(world_of), mode, keys, badge)).reason == reason


@pytest.mark.parametrize("duress", [False, True])
def test_guard_sees_a_way_out_as_a_way_out(world_of: Callable[..., World], duress: bool) -> None:
    world = world_of(probe(1.0))
    out = Decision(Reason.EXIT, Outcome.GRANTED, exit_reader="out", mode=BADGE_ONLY, duress=duress)
    with world.store.people() as people, world.store.audit() as audit:
        audit.record(Transaction(world.clock.utc(), BADGE, people.held(BADGE).person, out, 0.1))
    seen = msgspec.json.decode(seen_by_a_guard(world), type=Row)
    assert (seen.reason, seen.fault) == ("exit", None)


def typed_before_the_turn(world: World, pin: PinAnswer) -> World:
    """A face has matched and was asked for a turn of the head; a PIN was typed instead."""
    seen, mode, is_forced = Evidence(0.95, 0.9, 3, 1), MODES_BY_NAME["badge+face-or-pin"], pin is PinAnswer.DURESS
    granted = Decision(Reason.PIN, Outcome.GRANTED, seen, mode=mode, pad=PadMode.TURN, pin=pin, duress=is_forced)
    with world.store.people() as people, world.store.audit() as audit:
        person = people.held(BADGE).person
        audit.record(Transaction(world.clock.utc(), BADGE, person, granted, 0.1, door=world.door.name))
    return world


def test_guard_sees_a_pin_that_came_before_the_turn_as_one(world_of: Callable[..., World]) -> None:
    usual, forced = (typed_before_the_turn(world_of(probe(1.0)), pin) for pin in (PinAnswer.RIGHT, PinAnswer.DURESS))
    assert seen_by_a_guard(forced) == seen_by_a_guard(usual)


@pytest.mark.parametrize("pin", [PinAnswer.RIGHT, PinAnswer.DURESS])
def test_face_that_made_no_turn_was_never_granted(world_of: Callable[..., World], pin: PinAnswer) -> None:
    """Else the next visit would be spared the turn that was never made."""
    world = typed_before_the_turn(world_of(probe(1.0)), pin)
    with world.store.audit() as audit:
        assert not audit.was_granted(BADGE, world.door.name)


def test_wrong_face_with_a_duress_badge_is_refused_as_ever(world_of: Callable[..., World]) -> None:
    world = with_duress_badge(world_of(probe(0.1)))
    over = typed(world, door_with(world, "badge+face", None), "", FORCED)
    assert (over.decision.reason, decision_row(world).reason) == (Reason.NON_MATCH, "non-match")


def test_duress_clears_failures_as_an_ordinary_grant_does(world_of: Callable[..., World]) -> None:
    world = enrolled_world(world_of)
    with world.store.counters() as counters:
        for _ in range(3):
            counters.decided(BADGE, failed=frozenset({Factor.PIN}))
    visit(world, "badge+pin", "9753#", BADGE)
    with world.store.counters() as counters:
        assert counters.of(BADGE).pin == 0


def test_face_matched_under_duress_is_a_face_matched(world_of: Callable[..., World]) -> None:
    """So the next visit asks for a turn of the head where the one before would have spared it."""
    world = visit(enrolled_world(world_of), "badge+face", "", FORCED)
    with world.store.audit() as audit:
        assert audit.was_granted(FORCED, world.door.name)
