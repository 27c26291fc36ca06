"""The commands of the pages about incidents and privacy are carried out, in their order, on a store with a person."""

import re
import shlex
from pathlib import Path

import pytest

from device.control.roles import Way, command_of
from tests.device.commands import Ended, Lintel

ROOT = Path(__file__).parents[3]
ASKS = {"people remove", "people withdraw", "badges revoke", "badges replace", "badges reset", "restore"}
NEEDS_MORE = {"explain", "keys restore", "keys exec", "keys unlock", "audit acknowledge", "link token add", "keys init"}
"""A decision's row, a line that is typed, a break in the chain: each has tests of its own."""


def lines_of(page: str) -> list[list[str]]:
    """What follows `lintel` in a page's shell blocks, without what is piped or redirected."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            words = words[: next((at for at, word in enumerate(words) if word in ("|", ">")), len(words))]
            if words[:1] == ["sudo"]:
                words = words[1:]
            if words[:1] == ["lintel"]:
                found.append(words[1:])
    return found


def carried_out(page: str) -> list[list[str]]:
    """Those that a store alone is enough for."""
    kept = []
    for words in lines_of(page):
        named = command_of(words)
        if named and named[1].way is Way.SERVICE and named[0] not in NEEDS_MORE and named[0] != "doctor":
            kept.append(words)
    return kept


@pytest.mark.parametrize("page", ["incidents.md", "privacy.md"])
def test_each_command_ends_well(page: str, lintel: Lintel, enrolled: Ended, tmp_path: Path) -> None:
    assert enrolled.exit_code == 0
    said = {"Ada Lovelace": "Eileen Collins", "17:4242": "17:1001", "17:4243": "17:1003"}
    ends = []
    for words in carried_out(page):
        if words[:2] == ["badges", "replace"]:  # the page revokes, or replaces
            lintel("badges", "restore", "17:1001")
        typed = "y\n" if " ".join(words[:2]) in ASKS else ""
        ended = lintel(*(said.get(word, word) for word in words), typed=typed)
        ends.append((words, ended.exit_code, ended.err[-200:]))
    assert [end for end in ends if end[1] != 0] == []
    assert tmp_path.exists()


def test_there_are_commands_to_carry_out() -> None:
    assert len(carried_out("incidents.md")) >= 10
    assert len(carried_out("privacy.md")) >= 1
