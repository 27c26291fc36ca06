"""What would have to change for a refused badge: a time, a group, a rule, a date."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from device.policy.rules import Asked, ruling
from device.policy.rules_advice import next_other, would_help
from device.policy.rules_text import rules_in
from device.records import ClockState, Person, Validity

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
TEXT = """
zone = "UTC"
[[schedules]]
name = "day"
windows = ["Mon-Fri 08:00-18:00"]
[[schedules]]
name = "lunch"
windows = ["daily 12:00-13:00"]
[[rules]]
name = "staff"
action = "allow"
groups = ["staff"]
all_doors = true
schedule = "day"
[[rules]]
name = "guards"
action = "allow"
groups = ["guards"]
all_doors = true
[[rules]]
name = "lunch"
action = "deny"
groups = ["staff"]
all_doors = true
schedule = "lunch"
"""
RULES = rules_in(TEXT)


def asked(hour: float, *groups: str) -> Asked:
    return Asked("main", Person(1, "Ada"), MONDAY + timedelta(hours=hour), frozenset(groups))


def test_the_end_of_a_grant_is_found() -> None:
    found = next_other(RULES, asked(9, "staff"))
    assert found is not None
    assert (found[0], found[1].rule) == (MONDAY + timedelta(hours=12), "lunch")


def test_what_never_changes_has_no_next() -> None:
    assert next_other(RULES, asked(9, "guards")) is None


@pytest.mark.parametrize(
    ("hour", "groups", "expected"),
    [
        (
            7,
            ("staff",),
            [
                "another time: from Mon 2026-06-01 08:00 UTC, by the rule 'staff'",
                "a group: Ada in 'guards', by the rule 'guards'",
            ],
        ),
        (
            12.5,
            ("staff",),
            [
                "another time: from Mon 2026-06-01 13:00 UTC, by the rule 'staff'",
                "the rule 'lunch': it would have to leave Ada out, or this door, or this time",
            ],
        ),
        (9, (), ["a group: Ada in 'staff', by the rule 'staff'", "a group: Ada in 'guards', by the rule 'guards'"]),
        (9, ("staff",), []),
    ],
)
def test_what_would_help_is_named(hour: float, groups: tuple[str, ...], expected: list[str]) -> None:
    assert list(would_help(RULES, asked(hour, *groups))) == expected


def test_each_time_that_is_offered_lets_in() -> None:
    for hour in range(0, 168, 3):
        question = asked(hour, "staff")
        if ruling(RULES, question).mode is None:
            found = next_other(RULES, question)
            assert found is not None
            assert ruling(RULES, replace(question, at=found[0])) == found[1]


def test_dates_of_a_badge_are_named() -> None:
    expired = replace(asked(9, "staff"), badge_valid=Validity(ends=MONDAY))
    assert would_help(RULES, expired) == ("the dates of the badge or of its holder",)
    early = replace(asked(9, "staff"), valid=Validity(begins=MONDAY + timedelta(hours=15)))
    assert would_help(RULES, early)[0] == "another time: from Mon 2026-06-01 15:00 UTC, by the rule 'staff'"


def test_the_clock_is_named() -> None:
    doubtful = replace(asked(9, "staff"), clock=ClockState.UNTRUSTED)
    assert "the clock: set it, or accept it with `lintel clock accept`" in would_help(RULES, doubtful)


@pytest.mark.parametrize(
    ("bypass", "expected"),
    [
        ("[]", "the lock 'shut': the door would have to not be locked at this time"),
        ('["guards"]', "the lock 'shut': Ada would have to be in guards"),
    ],
)
def test_a_lock_and_its_bypass_are_named(bypass: str, expected: str) -> None:
    shut = f'[[locks]]\nname = "shut"\nall_doors = true\nschedule = "always"\nbypass = {bypass}\n'
    assert would_help(rules_in(TEXT + shut), asked(9, "staff")) == (expected,)
