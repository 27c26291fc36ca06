"""What rules say of a badge: who, where, when, with what, and why not; and what an untrusted clock makes of it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from device.policy.rules import (
    Action,
    Asked,
    ClockRule,
    Release,
    Rule,
    Rules,
    ScheduledLock,
    Who,
    is_about,
    leads,
    lock_on,
    ruling,
)
from device.policy.schedules import Schedule, Window
from device.records import (
    BADGE,
    BADGE_AND_FACE,
    BADGE_AND_FACE_OR_PIN,
    BADGE_AND_PIN,
    BADGE_FACE_AND_PIN,
    ClockState,
    Person,
    Reason,
    Ruling,
    Validity,
)
from tests.device.policy.years import ZONES, Times, Zone, all_minutes, is_painted, painted, some_minutes

ADA = Person(7, "Ada Lovelace")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""A Monday."""
EVENING = datetime(2026, 6, 1, 20, tzinfo=UTC)
STAFF, EVERYONE = Who(groups=frozenset({"staff"})), Who(everyone=True)
MAIN = frozenset({"main"})
DAY = Schedule("day", ZoneInfo("UTC"), ((Window(480, 1080),),) * 7)
NIGHT = Schedule("night", ZoneInfo("UTC"), ((Window(1080, 1920),),) * 7)


def rules(*of: Rule, locks: tuple[ScheduledLock, ...] = (), releases: tuple[Release, ...] = ()) -> Rules:
    return Rules(of, {"day": DAY, "night": NIGHT}, releases, locks)


def asked(at: datetime = NOON, *groups: str) -> Asked:
    return Asked("main", ADA, at, frozenset(groups or {"staff"}))


ALLOW = Rule("staff by day", Action.ALLOW, STAFF, MAIN, "day")
DENY = Rule("nobody at night", Action.DENY, EVERYONE, None, "night")


def test_without_rules_the_doors_own_mode_counts_always() -> None:
    assert ruling(None, replace(asked(), mode=BADGE_AND_PIN)) == Ruling(BADGE_AND_PIN)


def test_what_no_rule_allows_is_not_allowed() -> None:
    assert ruling(rules(), asked()) == Ruling(reason=Reason.NOT_ALLOWED)


def test_a_rule_allows_inside_its_schedule_and_is_named() -> None:
    assert ruling(rules(ALLOW), asked()) == Ruling(BADGE_AND_FACE, None, "staff by day", "day")


def test_outside_the_schedule_names_rule_and_schedule() -> None:
    expected = Ruling(reason=Reason.OUTSIDE_SCHEDULE, rule="staff by day", schedule="day")
    assert ruling(rules(ALLOW), asked(EVENING)) == expected


def test_a_rule_of_another_door_does_not_allow() -> None:
    other = replace(ALLOW, doors=frozenset({"back"}))
    assert ruling(rules(other), asked()).reason is Reason.NOT_ALLOWED


def test_a_rule_of_another_group_does_not_allow() -> None:
    assert ruling(rules(ALLOW), asked(NOON, "guests")).reason is Reason.NOT_ALLOWED


def test_deny_beats_allow_and_is_named() -> None:
    always = replace(ALLOW, schedule="always")
    expected = Ruling(reason=Reason.RULE_DENIES, rule="nobody at night", schedule="night")
    assert ruling(rules(always, DENY), asked(EVENING)) == expected


def test_a_rule_for_one_person_is_for_that_name() -> None:
    alone = Rule("ada", Action.ALLOW, Who(people=frozenset({"Ada Lovelace"})), None, mode=BADGE_AND_PIN)
    assert ruling(rules(alone), asked()).mode == BADGE_AND_PIN
    assert ruling(rules(alone), replace(asked(), person=Person(8, "Bob"))).reason is Reason.NOT_ALLOWED


def test_a_renamed_person_keeps_rules_and_a_new_one_gets_none() -> None:
    alone = Rule("ada", Action.ALLOW, Who(people=frozenset({"Ada Lovelace"})), None)
    known = replace(rules(alone), person_ids={"Ada Lovelace": 7})
    assert ruling(known, replace(asked(), person=Person(7, "Ada King"))).mode == BADGE_AND_FACE
    assert ruling(known, replace(asked(), person=Person(8, "Ada Lovelace"))).reason is Reason.NOT_ALLOWED


def test_either_of_two_rules_is_enough() -> None:
    face, pin = replace(ALLOW, name="face"), replace(ALLOW, name="pin", mode=BADGE_AND_PIN, schedule="always")
    assert ruling(rules(face, pin), asked()) == Ruling(BADGE_AND_FACE_OR_PIN, None, "face, pin", "day, always")
    assert ruling(rules(face, pin), asked(EVENING)).mode == BADGE_AND_PIN


def test_the_weaker_of_two_rules_is_named_alone() -> None:
    both = replace(ALLOW, name="both", mode=BADGE_FACE_AND_PIN)
    assert ruling(rules(both, ALLOW), asked()).rule == "staff by day"


def test_a_demand_adds_its_mode_and_is_named() -> None:
    pin = Rule("pin at night", Action.DEMAND, EVERYONE, None, "night", BADGE_AND_PIN)
    always = replace(ALLOW, schedule="always")
    assert ruling(rules(always, pin), asked()) == Ruling(BADGE_AND_FACE, None, "staff by day", "always")
    expected = Ruling(BADGE_FACE_AND_PIN, None, "staff by day, pin at night", "always, night")
    assert ruling(rules(always, pin), asked(EVENING)) == expected


def test_a_demand_alone_allows_no_one() -> None:
    pin = Rule("pin", Action.DEMAND, EVERYONE, None, mode=BADGE_AND_PIN)
    assert ruling(rules(pin), asked()).reason is Reason.NOT_ALLOWED


def test_a_scheduled_lock_keeps_all_out_but_its_bypass_group() -> None:
    lock = ScheduledLock("night lock", None, "night", frozenset({"guards"}))
    ours = rules(replace(ALLOW, schedule="always"), locks=(lock,))
    expected = Ruling(reason=Reason.DOOR_SCHEDULED_LOCK, rule="night lock", schedule="night")
    assert ruling(ours, asked(EVENING)) == expected
    assert ruling(ours, asked(EVENING, "staff", "guards")).mode == BADGE_AND_FACE
    assert ruling(ours, asked(EVENING, "guards")).reason is Reason.NOT_ALLOWED
    assert ruling(ours, asked(NOON)).mode == BADGE_AND_FACE


def test_a_lock_is_found_by_any_reading() -> None:
    lock = ScheduledLock("night lock", MAIN, "night")
    assert lock_on(rules(locks=(lock,)), "main", (NOON, EVENING)) == lock
    assert lock_on(rules(locks=(lock,)), "main", (NOON,)) is None
    assert lock_on(rules(locks=(lock,)), "back", (EVENING,)) is None


@pytest.mark.parametrize("which", ["valid", "badge_valid"])
def test_validity_is_judged_when_the_badge_comes(which: str) -> None:
    week = Validity(NOON, NOON + timedelta(days=7))
    reasons = [
        ruling(
            None, replace(asked(at), valid=week) if which == "valid" else replace(asked(at), badge_valid=week)
        ).reason
        for at in (NOON - timedelta(microseconds=1), NOON, NOON + timedelta(days=7))
    ]
    assert reasons == [Reason.NOT_YET_VALID, None, Reason.EXPIRED]


@pytest.mark.parametrize("clock", ClockState)
@pytest.mark.parametrize("clock_rule", ClockRule)
def test_the_way_out_is_free_whatever_the_rules_say(clock: ClockState, clock_rule: ClockRule) -> None:
    lock = ScheduledLock("always locked", None, "always")
    strict = rules(replace(DENY, schedule="always"), locks=(lock,))
    expired = replace(asked(), is_way_out=True, valid=Validity(ends=NOON), clock=clock, clock_rule=clock_rule)
    assert ruling(strict, expired) == Ruling(BADGE)


def untrusted(clock_rule: ClockRule, at: datetime = NOON, marked: datetime | None = NOON) -> Asked:
    return replace(asked(at), clock=ClockState.UNTRUSTED, clock_rule=clock_rule, marked=marked)


@pytest.mark.parametrize("clock_rule", ClockRule)
def test_a_right_at_all_times_needs_no_clock(clock_rule: ClockRule) -> None:
    assert ruling(rules(replace(ALLOW, schedule="always")), untrusted(clock_rule)).mode == BADGE_AND_FACE
    assert ruling(None, untrusted(clock_rule)).mode == BADGE_AND_FACE


def test_an_untrusted_clock_denies_a_right_for_certain_times() -> None:
    expected = Ruling(reason=Reason.CLOCK_UNTRUSTED, rule="staff by day", schedule="day")
    assert ruling(rules(ALLOW), untrusted(ClockRule.DENY)) == expected


def test_an_untrusted_clock_can_demand_the_pin_besides() -> None:
    assert ruling(rules(ALLOW), untrusted(ClockRule.PIN)).mode == BADGE_FACE_AND_PIN
    pin = rules(replace(ALLOW, mode=BADGE_AND_FACE_OR_PIN))
    assert ruling(pin, untrusted(ClockRule.PIN)).mode == BADGE_AND_PIN


@pytest.mark.parametrize("clock_rule", [ClockRule.PIN, ClockRule.IGNORE])
@pytest.mark.parametrize(("at", "marked"), [(NOON, EVENING), (EVENING, NOON)])
def test_the_stricter_of_both_readings_counts(clock_rule: ClockRule, at: datetime, marked: datetime) -> None:
    assert ruling(rules(ALLOW), untrusted(clock_rule, at, marked)).mode is None
    denied = rules(replace(ALLOW, schedule="always"), DENY)
    assert ruling(denied, untrusted(clock_rule, at, marked)).mode is None


def test_ignoring_the_clock_leaves_the_mode() -> None:
    assert ruling(rules(ALLOW), untrusted(ClockRule.IGNORE)).mode == BADGE_AND_FACE
    assert ruling(rules(ALLOW), untrusted(ClockRule.IGNORE, marked=None)).mode == BADGE_AND_FACE


def test_a_validity_by_one_reading_alone_does_not_count() -> None:
    until = replace(untrusted(ClockRule.IGNORE, NOON, EVENING), valid=Validity(ends=EVENING))
    assert ruling(None, until).reason is Reason.CLOCK_UNTRUSTED


def test_out_of_schedule_by_the_clock_itself_says_so() -> None:
    assert ruling(rules(ALLOW), untrusted(ClockRule.DENY, EVENING)).reason is Reason.OUTSIDE_SCHEDULE


def test_a_held_clock_counts() -> None:
    assert ruling(rules(ALLOW), replace(asked(), clock=ClockState.HELD)).mode == BADGE_AND_FACE


def test_first_in_waits_for_its_group_at_its_doors() -> None:
    ours = rules(releases=(Release("open", MAIN, "day", "staff"), Release("plain", None, "day")))
    found = [leads(ours, door, frozenset({group})) for door in ("main", "back") for group in ("staff", "guests")]
    assert found == [True, False, False, False]


def test_a_rule_without_doors_is_about_all() -> None:
    assert is_about(DENY, "any")


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="'moon'"):
        rules(replace(ALLOW, schedule="moon"))


_ALLOWED: tuple[Times, ...] = (((420, 1140),),) * 5 + (((1320, 1500),), ((0, 180),))
_DENIED: tuple[Times, ...] = (((720, 750),),) * 6 + (((90, 150), (1380, 1560)),)


def _disagreeing(zone: Zone, minutes: Iterable[datetime]) -> list[datetime]:
    """The minutes in which ruling and oracle differ: an allow rule with midnight windows, and a deny rule."""
    named = [
        Schedule(name, ZoneInfo(zone.name), tuple(tuple(Window(*window) for window in day) for day in week))
        for name, week in (("allowed", _ALLOWED), ("denied", _DENIED))
    ]
    ours = Rules(
        (replace(ALLOW, schedule="allowed"), replace(DENY, schedule="denied")), {one.name: one for one in named}
    )
    allowed, denied = painted(_ALLOWED, {}), painted(_DENIED, {})
    return [
        at
        for at in minutes
        for wall in [zone.wall(at)]
        if (ruling(ours, asked(at)).mode is not None)
        is not (is_painted(allowed, wall) and not is_painted(denied, wall))
    ]


@pytest.mark.slow(small="test_minutes_around_the_changes_agree_with_deny_rules")
@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name)
def test_each_minute_agrees_with_deny_rules(zone: Zone) -> None:
    assert _disagreeing(zone, all_minutes()) == []


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name)
def test_minutes_around_the_changes_agree_with_deny_rules(zone: Zone) -> None:
    assert _disagreeing(zone, some_minutes(zone)) == []
