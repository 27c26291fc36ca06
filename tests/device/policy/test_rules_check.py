"""What is found in rules: each finding once, where it is, and none where all is well."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from device.policy.rules_check import Finding, Site, SiteDoor, SitePerson, Weight, findings
from device.policy.rules_text import rules_in
from device.records import BADGE, BADGE_AND_PIN, MODES, Person

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MAIN = SiteDoor("main")
ADA = SitePerson(Person(1, "Ada"), frozenset({"staff"}))
TIMES = """
zone = "UTC"
[[holidays]]
name = "h"
dates = ["05-01"]
[[schedules]]
name = "day"
windows = ["Mon-Fri 08:00-18:00"]
holidays = { h = [] }
"""
STAFF = '[[rules]]\nname = "staff"\naction = "allow"\ngroups = ["staff"]\nall_doors = true\nschedule = "day"\n'
ALL = '[[rules]]\nname = "all"\naction = "allow"\neveryone = true\nall_doors = true\n'
DENY = ALL.replace("allow", "deny").replace('"all"', '"closed"')
RELEASE = '[[releases]]\nname = "r"\nall_doors = true\n'
LOCK = '[[locks]]\nname = "l"\nall_doors = true\nschedule = "day"'


def found(text: str, site: Site | None = None) -> list[Finding]:
    return list(findings(rules_in(TIMES + text), site or Site((MAIN,), (ADA,)), NOW))


def words(text: str, site: Site | None = None) -> list[str]:
    return [f"{one.weight} {one.about}: {one.what}" for one in found(text, site)]


def test_nothing_is_found_where_all_is_well() -> None:
    assert words(STAFF) == []


PASS = '[[lockdown_passes]]\nname = "p"\nall_doors = true\ngroups = ["staff"]\n'


def test_pass_counts_for_nothing_where_the_door_does_not_allow_it() -> None:
    said = "warning p: it lets no one pass at door 'main', whose settings don't allow it"
    assert words(STAFF + PASS) == [said]
    assert words(STAFF + PASS, Site((replace(MAIN, lockdown_pass=True),), (ADA,))) == []


def test_without_rules_the_doors_own_settings_are_looked_at() -> None:
    door = replace(MAIN, mode=BADGE)
    (one,) = findings(None, Site((door,)), NOW)
    assert (one.about, one.what) == (
        "main",
        "its own setting lets people in with a badge alone, and so anyone who has found one",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["warning main: no rule lets anyone in", "note day: no rule uses this schedule"]),
        (
            STAFF.replace("all_doors = true", 'doors = ["back"]'),
            "error staff: it is about the door 'back', which doesn't exist",
        ),
        (STAFF.replace('["staff"]', '["crew"]'), "warning staff: no one is in the group 'crew'"),
        (STAFF.replace('["staff"]', '["crew"]'), "warning main: no one who is enrolled may come in"),
        (STAFF + 'people = ["Bob"]', "warning staff: no one named 'Bob' is enrolled"),
        (ALL, "warning main: the rule 'all' lets everyone who has a badge in, at all times"),
        (STAFF + DENY, "warning staff: the rule 'closed' always denies what it allows"),
        (STAFF + DENY, "warning closed: it denies everyone at all doors at all times"),
        (STAFF + ALL, "warning staff: it adds nothing: the rule 'all' allows the same and more"),
        (
            STAFF + STAFF.replace('"staff"\na', '"again"\na'),
            "warning again: it adds nothing: the rule 'staff' allows the same and more",
        ),
        (
            STAFF + 'mode = "badge"',
            "error main: the rule 'staff' lets people in with a badge alone, and so anyone who has found one",
        ),
        (
            STAFF + 'mode = "badge+pin"',
            "error main: the rule 'staff' demands a PIN, and no reader of this door has a keypad",
        ),
        (STAFF + RELEASE + 'schedule = "always"', "warning r: its doors are open to everybody at all times"),
        (STAFF + RELEASE + 'schedule = "day"\n' + LOCK, "warning r: the lock 'l' always holds while this release does"),
        (
            '[[schedules]]\nname = "never"\n' + ALL + 'schedule = "never"',
            "warning never: this schedule has no time left at which it holds",
        ),
    ],
)
def test_each_fault_is_found(text: str, expected: str | list[str]) -> None:
    said = words(text)
    assert said == expected if isinstance(expected, list) else expected in said


def test_two_equal_rules_are_one_too_many_not_two() -> None:
    again = STAFF.replace('"staff"\na', '"again"\na')
    assert [one.about for one in found(STAFF + again)] == ["again"]


def test_two_lists_with_one_date_are_noted() -> None:
    other = '[[holidays]]\nname = "i"\ndates = ["2027-05-01"]\n'
    text = other + STAFF
    said = findings(rules_in(TIMES.replace("h = []", "h = [], i = []") + text), Site((MAIN,), (ADA,)), NOW)
    assert [one.what for one in said] == ["a date is in 'h' and in 'i'; the windows of 'h' count"]


@pytest.mark.parametrize(("mode", "count"), [("badge+pin", 1), ("badge+face-or-pin", 1), ("badge+face+pin", 0)])
def test_a_pin_in_the_clear_is_found_where_it_is_the_only_proof(mode: str, count: int) -> None:
    door = SiteDoor("main", MODES[mode], has_keypad=True, has_clear_keypad=True)
    assert [one.what for one in findings(None, Site((door,)), NOW) if "in the clear" in one.what] == [
        "its own setting takes a PIN as the only proof beside the badge, and Wiegand sends both in the clear"
    ] * count


def test_a_badge_alone_that_the_settings_accept_is_a_warning() -> None:
    door = SiteDoor("main", accepts_badge_only=True)
    said = findings(rules_in(TIMES + STAFF + 'mode = "badge"'), Site((door,), (ADA,)), NOW)
    assert [one.weight for one in said if "badge alone" in one.what] == [Weight.WARNING]


def test_a_controlled_way_out_needs_another_free_one() -> None:
    door = SiteDoor("main", is_way_out_controlled=True)
    assert [one.weight for one in findings(None, Site((door,)), NOW)] == [Weight.ERROR]
    assert findings(None, Site((replace(door, free_exit="handle"),)), NOW) == ()


def test_a_door_without_a_way_in_needs_no_rule() -> None:
    assert [one.about for one in found("", Site((SiteDoor("main", has_way_in=False),)))] == ["day"]


def test_people_without_face_data_and_without_another_way_are_named() -> None:
    site = Site((MAIN,), (replace(ADA, has_face=False),))
    assert words(STAFF, site) == [
        "warning main: Ada may come in and can't: no face data, and this door demands a face of them"
    ]
    choice = Site((replace(MAIN, has_keypad=True),), (replace(ADA, has_face=False, has_pin=True),))
    assert words(STAFF + 'mode = "badge+face-or-pin"', choice) == []


def test_a_pin_in_the_faces_place_is_another_way() -> None:
    site = Site((replace(MAIN, takes_pin_for_face=True),), (replace(ADA, has_face=False, has_pin=True),))
    assert words(STAFF, site) == []


def test_a_release_at_a_mantrap_is_warned_about() -> None:
    site = Site((MAIN,), (ADA,), is_mantrap=True)
    said = words(STAFF + RELEASE + 'schedule = "day"\n', site)
    assert said == ["warning r: while its window releases one door of the mantrap, no other one lets anyone in"]


def test_people_without_a_pin_are_named() -> None:
    site = Site((replace(MAIN, mode=BADGE_AND_PIN, has_keypad=True),), (ADA,))
    assert words(STAFF, site) == ["warning main: Ada may come in and can't: no PIN, and this door demands one of them"]


def test_of_many_people_five_are_named() -> None:
    people = tuple(replace(ADA, person=Person(number, f"P{number}"), has_face=False) for number in range(9))
    assert "P0, P1, P2, P3, P4 and 4 others may come in" in words(STAFF, Site((MAIN,), people))[0]


def test_errors_come_first() -> None:
    said = found(ALL + 'mode = "badge+pin"')
    assert [one.weight for one in said] == sorted((one.weight for one in said), key=list(Weight).index)
