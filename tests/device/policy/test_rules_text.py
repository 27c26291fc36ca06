"""The owner's text: what it may say, and what is refused with its place."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.rules import Action, Release, Rule, ScheduledLock, Who
from device.policy.rules_text import people_in, rules_in, sha256_of
from device.policy.schedules import Holidays, Window
from device.records import BADGE_AND_PIN

WHOLE = """
zone = "Europe/Berlin"

[[holidays]]
name = "public"
dates = ["12-25", "2026-04-03", "02-29"]

[[schedules]]
name = "office"
windows = ["Mon-Fri 08:00-18:00", "Sat 22:00-02:00"]
holidays = { public = ["10:00-14:00"] }

[[schedules]]
name = "far"
zone = "Australia/Lord_Howe"
windows = ["daily 00:00-24:00", "Sat-Mon,Wed 00:30-01:00"]

[[door_groups]]
name = "labs"
doors = ["lab-1", "lab-2"]

[[rules]]
name = "staff"
action = "allow"
groups = ["staff"]
people = ["Ada Lovelace"]
doors = ["main", "labs"]
schedule = "office"
mode = "badge+pin"

[[rules]]
name = "closed"
action = "deny"
everyone = true
all_doors = true

[[releases]]
name = "open"
doors = ["main"]
schedule = "office"
first_in = "staff"
early_s = 900

[[locks]]
name = "shut"
all_doors = true
schedule = "far"
bypass = ["guards"]
"""
ZONE = 'zone = "UTC"\n'
SCHEDULE = ZONE + '[[schedules]]\nname = "s"\n'
RULE = '[[rules]]\nname = "r"\n'
ALLOW = RULE + 'action = "allow"\neveryone = true\nall_doors = true\n'
RELEASE = '[[releases]]\nname = "r"\nall_doors = true\nschedule = "always"\n'
HOLIDAYS = '[[holidays]]\nname = "h"\n'


def test_each_table_becomes_its_value() -> None:
    rules = rules_in(WHOLE)
    doors = frozenset({"main", "lab-1", "lab-2"})
    who = Who(groups=frozenset({"staff"}), people=frozenset({"Ada Lovelace"}))
    assert rules.rules == (
        Rule("staff", Action.ALLOW, who, doors, "office", BADGE_AND_PIN),
        Rule("closed", Action.DENY, Who(everyone=True), None),
    )
    assert rules.releases == (Release("open", frozenset({"main"}), "office", "staff", 900),)
    assert rules.locks == (ScheduledLock("shut", None, "far", frozenset({"guards"})),)


def test_windows_holidays_and_zones_are_read() -> None:
    office, far = (rules_in(WHOLE).schedules[name] for name in ("office", "far"))
    assert (office.zone, far.zone) == (ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"))
    assert office.week == ((Window(480, 1080),),) * 5 + ((Window(1320, 1560),), ())
    assert [len(day) for day in far.week] == [2, 1, 2, 1, 1, 2, 2]
    public = Holidays("public", frozenset({(12, 25), (2, 29)}), frozenset({date(2026, 4, 3)}))
    assert office.holidays == ((public, (Window(600, 840),)),)


def test_an_empty_text_allows_no_one() -> None:
    assert rules_in("").rules == ()


def test_people_named_are_known_by_their_number() -> None:
    assert people_in(rules_in(WHOLE)) == frozenset({"Ada Lovelace"})
    assert rules_in(WHOLE, {"Ada Lovelace": 3}).person_ids == {"Ada Lovelace": 3}


def test_the_hash_is_that_of_the_bytes() -> None:
    assert sha256_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zone = 7", "Expected `str | null`, got `int` - at `zone`"),
        ("[[rule]]\n", "Object contains unknown field `rule`"),
        (ALLOW + "doors_ = 1\n", "unknown field `doors_` - at `rules[0]`"),
        ("[[rules]]\n", "missing required field `name` - at `rules[0]`"),
        (SCHEDULE + 'windows = ["Mon-Fri 8:00-18:00"]', "has no times"),
        (SCHEDULE + 'windows = ["Mon 08:00-25:00"]', "a time that no clock shows"),
        (SCHEDULE + 'windows = ["Mon 08:60-09:00"]', "a time that no clock shows"),
        (SCHEDULE + 'windows = ["Mon 24:00-09:00"]', "a time that no clock shows"),
        (SCHEDULE + 'windows = ["Mon 08:00-08:00"]', "ends when it begins"),
        (SCHEDULE + 'windows = ["Mo 08:00-09:00"]', "names no days, expected as `Mon-Fri 08:00-18:00`"),
        (SCHEDULE + 'windows = ["08:00-09:00"]', "names no days"),
        (SCHEDULE + 'windows = [""]', "has no times"),
        (SCHEDULE + f"windows = {['Mon 08:00-09:00'] * 21}", "at most 20 windows - at `schedules[0]`"),
        (SCHEDULE + "holidays = { x = [] }", "there is no [[holidays]] - at `schedules[0].holidays`"),
        (SCHEDULE + "holidays = { x = [] }\n" + HOLIDAYS + "dates = []", "expected one of h"),
        (SCHEDULE + SCHEDULE.removeprefix(ZONE), "2 schedules are called 's'"),
        (SCHEDULE.replace('"s"', '"always"'), "2 schedules are called 'always', it is there without being written"),
        ('[[schedules]]\nname = "s"\n', "has no time zone, write `zone` above it or in it - at `schedules[0]`"),
        (SCHEDULE + 'zone = "Mars/Olympus"', "unknown time zone 'Mars/Olympus'"),
        ('zone = "../../etc/passwd"', "unknown time zone"),
        ('zone = ""', "unknown time zone"),
        (HOLIDAYS + 'dates = ["02-30"]', "'02-30' is not a date"),
        (HOLIDAYS + 'dates = ["2026-02-29"]', "'2026-02-29' is not a date"),
        (HOLIDAYS + 'dates = ["Easter"]', "- at `holidays[0].dates[0]`"),
        (RULE + 'action = "allow"\nall_doors = true', "the rule is about no one - at `rules[0]`"),
        (RULE + 'action = "allow"\neveryone = true', "expected either `doors` or `all_doors = true` - at `rules[0]`"),
        (ALLOW + 'doors = ["main"]', "expected either `doors` or `all_doors = true`"),
        (ALLOW + 'groups = ["staff"]', "expected either `everyone = true`, or"),
        (ALLOW + 'schedule = "moon"', "unknown schedule 'moon', expected one of always - at `rules[0].schedule`"),
        (ALLOW + 'mode = "face"', "Invalid enum value 'face' - at `rules[0].mode`"),
        (ALLOW.replace("allow", "deny") + 'mode = "badge"', "a rule that denies has no mode - at `rules[0].mode`"),
        (ALLOW.replace("allow", "demand"), "a rule that demands needs a mode - at `rules[0]`"),
        (ALLOW.replace("allow", "permit"), "Invalid enum value 'permit'"),
        (ALLOW.replace('"r"', '"R r"'), "matching regex"),
        (ALLOW + ALLOW, "2 rules, releases, locks or passes are called 'r'"),
        (ALLOW + RELEASE, "2 rules, releases, locks or passes are called 'r'"),
        (RELEASE + "early_s = 60", "only a release with `first_in`"),
        (RELEASE + 'first_in = "g"\nearly_s = 99999', "Expected `float` <= 14400"),
        ('[[door_groups]]\nname = "a"\ndoors = ["a"]', "'a' is a group of doors and a door in one"),
        ("x" * 1_000_001, "longer than 1000000 bytes"),
        ("[" * 5000, ""),
        ("\ud800", ""),
        ("zone = \x00", ""),
    ],
)  # fmt: skip
def test_wrong_text_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        rules_in(text)
    assert said in str(refused.value)


def is_read_or_refused(text: str) -> bool:
    try:
        return bool(rules_in(text))
    except ValueError as error:
        return bool(str(error))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    wholes = (text, SCHEDULE + f"windows = [{text!r}]", HOLIDAYS + f"dates = [{text!r}]")
    assert [whole for whole in wholes if not is_read_or_refused(whole)] == []


def test_a_window_over_midnight_ends_on_the_next_day() -> None:
    late = rules_in(SCHEDULE + 'windows = ["Sun 23:00-01:00"]').schedules["s"]
    assert late.holds(datetime(2026, 6, 8, 0, 59, tzinfo=UTC))
    assert not late.holds(datetime(2026, 6, 8, 1, tzinfo=UTC))
