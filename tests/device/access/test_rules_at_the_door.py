"""A person at a door with rules: let in and refused by them, and by what they say when the grant is written."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from device.carry_out import _leads, _with_violation
from device.clock import Stop
from device.door_rules import DoorRules
from device.door_times import DoorTimes
from device.policy.clock_state import ClockReading
from device.records import (
    BADGE,
    BADGE_AND_FACE,
    BADGE_AND_PIN,
    AuditRow,
    ClockState,
    Decision,
    Event,
    Outcome,
    PinAnswer,
    Reason,
    Ruling,
    Transaction,
)
from tests.device.access.world import World, swiped

TEXT = """
zone = "UTC"
[[schedules]]
name = "morning"
windows = ["daily 08:00-12:00"]
[[rules]]
name = "staff"
action = "allow"
groups = ["staff"]
doors = ["main"]
schedule = "morning"
"""
GRANTED = Decision(Reason.PIN, Outcome.GRANTED, mode=BADGE_AND_PIN, pin=PinAnswer.RIGHT)
FIRST_IN = '[[releases]]\nname = "open"\nall_doors = true\nschedule = "morning"\nfirst_in = "staff"\n'
LOCK = '[[locks]]\nname = "shut"\nall_doors = true\nschedule = "morning"\nbypass = ["guards"]\n'


def ruled(world: World, text: str, group: str = "staff") -> World:
    """The world, which begins at 8:00, with rules at its door, and its person in a group."""
    with world.store.people() as people, world.store.rules() as book:
        (ada,) = people.everyone()
        people.groups.put(ada.person, [group])
        book.apply(text, world.clock.utc())
    doorway = replace(world.doorway, rules=DoorRules(world.store, world.settings.doors[0]))
    return replace(world, doorway=doorway, access=world.access_with(doorway))


def test_a_rule_lets_in_and_is_in_the_transaction(world_of: Callable[..., World]) -> None:
    done = ruled(world_of(), TEXT).swipe()
    assert done.decision.granted
    assert done.ruling == Ruling(BADGE_AND_FACE, None, "staff", "morning")


@pytest.mark.parametrize(
    ("text", "group", "reason"),
    [
        (TEXT, "guests", Reason.NOT_ALLOWED),
        (TEXT.replace("08:00-12:00", "12:00-18:00"), "staff", Reason.OUTSIDE_SCHEDULE),
        (TEXT.replace("allow", "deny"), "staff", Reason.RULE_DENIES),
        (TEXT + LOCK, "staff", Reason.DOOR_SCHEDULED_LOCK),
    ],
)
def test_a_refusal_by_rule_takes_no_picture(
    world_of: Callable[..., World], text: str, group: str, reason: Reason
) -> None:
    world = ruled(world_of(), text, group)
    done = world.swipe()
    assert (done.decision.reason, world.camera.given, world.releases) == (reason, [], 0)


def test_the_bypass_group_passes_a_scheduled_lock(world_of: Callable[..., World]) -> None:
    text = TEXT.replace('["staff"]', '["staff", "guards"]') + LOCK
    assert ruled(world_of(), text, "guards").swipe().decision.granted


def test_a_right_taken_away_while_they_stand_there_is_gone(world_of: Callable[..., World]) -> None:
    world = ruled(world_of(), TEXT)
    assert world.access.present(badge := world.read(), Stop()) is None
    with world.store.rules() as book:
        book.apply(TEXT.replace("staff", "crew"), world.clock.utc())
    over = next(iter(world.access.advance(Stop(), 10)), None)
    while over is None:
        over = next(iter(world.access.advance(Stop(), 0.25)), None)
    assert badge.credential is not None
    assert (over.decision.reason, world.releases) == (Reason.NOT_ALLOWED, 0)


def test_what_counts_is_when_the_badge_came(world_of: Callable[..., World]) -> None:
    """The window ends while the face is looked at."""
    world = ruled(world_of(), TEXT)
    world.clock.sleep(4 * 3600 - 0.1)
    assert world.swipe().decision.granted
    world.clock.sleep(60)
    assert world.swipe().decision.reason is Reason.OUTSIDE_SCHEDULE


def test_rules_that_cannot_be_read_let_no_one_in(world_of: Callable[..., World]) -> None:
    world = ruled(world_of(), TEXT)
    with world.store.people() as people:
        people._session.execute("UPDATE rule_sets SET text = 'x'")
    assert world.swipe().decision.reason is Reason.STORE_FAULT


def leader(**decided: object) -> Transaction:
    """A grant of a member of the group."""
    shown = replace(GRANTED, **decided)  # type: ignore[arg-type]
    return Transaction(
        datetime(2026, 1, 1, tzinfo=UTC), None, None, shown, 1.0, ruling=Ruling(BADGE_AND_PIN, leads=True)
    )


def test_who_is_under_duress_leads_no_one() -> None:
    assert [_leads(leader()), _leads(leader(duress=True))] == [True, False]


def test_who_shows_less_than_is_demanded_leads_no_one() -> None:
    less = leader(mode=BADGE, pin=None, reason=Reason.BADGE, badge_only=True)
    assert not _leads(less)


def test_who_should_be_elsewhere_leads_no_one(world_of: Callable[..., World]) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with world_of().store.audit() as audit:
        row = audit.add(AuditRow(0, at, Event.DECISION))
        before = _with_violation(leader(), audit, row)
        audit.add(AuditRow(0, at, Event.ANTIPASSBACK_VIOLATED, fault=f"row {row}"))
        assert [_leads(before), _leads(_with_violation(leader(), audit, row))] == [True, False]


def led(world: World) -> bool:
    """Whether a schedule holds the door released once the grant's own time is over."""
    times = DoorTimes((world.door,), world.store, world.clock)
    times.ask(ClockReading(ClockState.TRUSTED, world.clock.utc()))
    assert swiped(world.access, world.read()).decision.granted
    world.clock.sleep(10)
    return world.door.is_scheduled


@pytest.mark.parametrize(("group", "expected"), [("staff", True), ("boss", False)])
def test_the_first_of_the_group_releases_the_door(world_of: Callable[..., World], group: str, expected: bool) -> None:
    """The door has no position switch, so that the grant counts."""
    text = TEXT.replace('["staff"]', '["staff", "boss"]') + FIRST_IN
    assert led(ruled(world_of(), text, group)) is expected
