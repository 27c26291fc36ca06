"""Lists on machines with odd clocks, zones and terminals: the same rows, in lines that can be read."""

import io
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.cli.main import cli
from device.commandline import run_command
from device.credentials import parse_badge
from device.letters import width
from device.records import Event
from device.store.store import Store
from tests.device.commands import Lintel
from tests.device.conftest import LINTEL
from tests.device.test_terminal import on_a_terminal

CLOCKS = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2000, 2, 29, 12, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC),
    datetime(2262, 4, 11, 23, 47, 17, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
]
ZONES = [
    "garbage",
    "",
    ":/etc/passwd",
    "UTC+25",
    "Asia/Kathmandu",
    "../../etc",
    "EST5EDT,M13.9.9",
    "\x01",
    "-99",
    "Ünix",
]
NAMES = ["Ada", "山田" * 30, "נועה " * 20, "a" * 1000, "é́" * 50, "👨\u200d👩\u200d👧 " * 12]


class Terminal(io.StringIO):
    """A stream that says of itself that it is a terminal."""

    def isatty(self) -> bool:
        return True


def enroll(state: Path, at: datetime, *names: str) -> None:
    with Store(state) as store, store.people() as known, store.audit() as audit:
        for number, name in enumerate(names, 1):
            person = known.add(name, at)
            known.issue(parse_badge(f"17:{number}"), person, at)
            audit.note(Event.ENROLLED, at, person=person, badge=f"17:{number}")


@pytest.mark.parametrize("at", CLOCKS, ids=str)
def test_time_of_any_clock_is_listed(lintel: Lintel, state: Path, at: datetime) -> None:
    enroll(state, at, "Ada")
    assert f"{at:%m-%d %H:%M:%S} UTC  enrolled" in lintel("audit", "list").out
    assert lintel("audit", "list", "--json").json[0]["at"] == at.isoformat()
    assert lintel("badges", "suspend", "17:1").exit_code == 0


@pytest.mark.parametrize("zone", ZONES, ids=ascii)
def test_zone_of_the_machine_changes_no_time(lintel: Lintel, state: Path, zone: str) -> None:
    enroll(state, CLOCKS[4], "Ada")
    environment = {**os.environ, "LINTEL_STATE_DIR": str(state), "TZ": zone}
    listed = subprocess.run([LINTEL, "audit", "list"], capture_output=True, text=True, check=True, env=environment)
    assert listed.stdout == lintel("audit", "list").out == "    1  2000-02-29 12:00:00 UTC  enrolled  badge 17:1  Ada\n"


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_lines_on_a_narrow_terminal_fit_it_unless_a_word_does_not(
    monkeypatch: pytest.MonkeyPatch, state: Path, columns: int
) -> None:
    monkeypatch.setenv("LINTEL_STATE_DIR", str(state))
    enroll(state, CLOCKS[4], *(name.strip() for name in NAMES))
    lines = on_a_terminal("people", "list", columns=columns)
    long = [line for line in lines if width(line) > columns]
    assert sum(line.count("badge") for line in lines) == 6
    assert all(len(line.split()) == 1 for line in long)


@pytest.mark.parametrize("columns", ["0", "-5", "abc", "1", "2", "99999999999999999999", ""])
def test_width_that_is_none_ends_no_list(monkeypatch: pytest.MonkeyPatch, state: Path, columns: str) -> None:
    enroll(state, CLOCKS[4], "Ada")
    monkeypatch.setenv("COLUMNS", columns)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert run_command(cli, ["people", "list"]) == 0
    assert terminal.getvalue().split() == ["Ada:", "badge", "17:1,", "0", "references"]
