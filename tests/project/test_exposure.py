"""What each unit leaves open, as systemd rates it: little, each with its reason beside it."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "systemd"
CORE = 0.8
WIDER = dict.fromkeys(
    ("lintel-link.service", "lintel-rtsp@.service", "lintel-turn.service", "lintel-watch.service"), 2.0
)
"""Any other unit but the door's is a timer's, and leaves no more open than the door."""
PLACES = {unit.name: unit for place in (SYSTEMD, ROOT / "packaging" / "units") for unit in place.glob("*.service")}
UNITS = sorted(PLACES)
pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@cache
def rated(unit: str) -> str:
    """systemd's table, with its sum; an instance of a template has a name."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(PLACES[unit])]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def exposure(unit: str) -> float:
    (found,) = re.findall(r"Overall exposure level for \S+: (\d+\.\d)", rated(unit))
    return float(found)


def left_open(unit: str) -> set[str]:
    """Directives that systemd marks as open."""
    return set(re.findall(r"^✗ ([A-Za-z]+)=", rated(unit), re.MULTILINE))


@pytest.mark.parametrize("unit", UNITS)
def test_unit_leaves_little_open(unit: str) -> None:
    assert exposure(unit) <= WIDER.get(unit, CORE)


@pytest.mark.parametrize("unit", UNITS)
def test_each_relaxed_directive_has_its_reason_beside_it(unit: str) -> None:
    comments = " ".join(re.findall(r"^# (.*)$", PLACES[unit].read_text(), re.MULTILINE))
    assert {name for name in left_open(unit) if f"{name}=" not in comments} == set()


def test_units_of_timers_are_those_that_are_rated_so() -> None:
    timers = {unit.stem for unit in SYSTEMD.glob("*.timer")}
    assert timers == {"lintel-audit-cut", "lintel-backup", "lintel-retention", "lintel-verify"}
    assert {Path(unit).stem for unit in UNITS} - timers == {
        "lintel",
        "lintel-clock",
        "lintel-link",
        "lintel-rtsp@",
        "lintel-turn",
        "lintel-watch",
    }
