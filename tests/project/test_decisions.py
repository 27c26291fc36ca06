"""DECISIONS.md is read from the top of each entry: date, status and the decision in one short sentence."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "DECISIONS.md").read_text(encoding="utf-8")
ENTRIES = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
STATUS = re.compile(r"\*\*(?:In force\.\*\*|Superseded(?: in part)?\*\* by \"[^\"]+\"[^.]*\.) ")
TITLES = [entry.partition("\n")[0].partition(" ")[2] for entry in ENTRIES]


def test_each_entry_has_a_date_and_a_status() -> None:
    parts = [entry.partition("\n\n") for entry in ENTRIES]
    assert [heading for heading, _, _ in parts if not re.fullmatch(r"20\d\d-\d\d-\d\d \S.*", heading)] == []
    assert [heading for heading, _, body in parts if not STATUS.match(body)] == []


def test_each_decision_is_one_short_sentence() -> None:
    bodies = [STATUS.sub("", entry.partition("\n\n")[2], count=1) for entry in ENTRIES]
    decisions = [re.split(r"(?<=[.:;])\s", body, maxsplit=1)[0] for body in bodies]
    assert [decision for decision in decisions if not 3 <= len(decision.split()) < 30] == []


def test_what_superseded_an_entry_is_an_entry() -> None:
    named = re.findall(r"^\*\*Superseded(?: in part)?\*\* by \"([^\"]+)\"", PAGE, re.MULTILINE)
    assert len(named) >= 5
    assert [name for name in named if not any(title.startswith(name) for title in TITLES)] == []


def test_all_entries_are_looked_at() -> None:
    assert len(ENTRIES) >= 79
