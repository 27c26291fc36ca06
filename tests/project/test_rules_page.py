"""docs/rules.md: each set of rules on it is read, and each row below it is what they say."""

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from device.policy.demands import name_of
from device.policy.rules import Asked, ruling
from device.policy.rules_check import Site, SiteDoor, SitePerson, Weight, findings
from device.policy.rules_text import rules_in
from device.records import Person

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```\n\n\| who \|.*?\n\|[-|]+\n(.*?)\n\n", PAGE, re.DOTALL)
ROWS = [(text, row) for text, table in EXAMPLES for row in table.splitlines()]
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(("text", "row"), ROWS, ids=[row for _, row in ROWS])
def test_row_is_what_the_rules_say(text: str, row: str) -> None:
    who, when, answer = (cell.strip() for cell in row.strip("|").split("|"))
    at = datetime.strptime(when, "%a %Y-%m-%d %H:%M").replace(tzinfo=BERLIN)
    assert at.strftime("%a") == when[:3]
    ruled = ruling(rules_in(text), Asked("main", Person(1, "Ada"), at, frozenset(who.split(", "))))
    said = ruled.reason.code if ruled.reason is not None else name_of(ruled.mode) if ruled.mode is not None else ""
    assert ", ".join(filter(None, [said, ruled.rule])) == answer


@pytest.mark.parametrize("text", [text for text, _ in EXAMPLES])
def test_examples_have_no_faults(text: str) -> None:
    groups = frozenset({"staff", "cleaners"})
    doors = tuple(SiteDoor(name, has_keypad=True) for name in ("main", "ramp"))
    site = Site(doors, (SitePerson(Person(1, "Ada"), groups, has_pin=True),))
    found = findings(rules_in(text), site, datetime(2026, 11, 30, tzinfo=BERLIN))
    assert [one for one in found if one.weight is Weight.ERROR] == []


def test_all_examples_and_all_rows_were_found() -> None:
    assert (len(EXAMPLES), len(ROWS)) == (3, 14)
