"""docs/evidence/quality.md says the limits that the code has, and no condition in it exceeds what was asked for."""

import re
from pathlib import Path

import pytest

from convert.measuring.degradations import CONDITIONS
from device.settings.tables import VisionSettings
from device.vision.quality.limits import Limit, limits
from device.vision.quality.sentences import NAMES

PAGE = (Path(__file__).parents[2] / "docs" / "evidence" / "quality.md").read_text(encoding="utf-8")
ROWS = {cells[1].strip(): cells for line in PAGE.splitlines() if len(cells := line.split("|")) == 8}
WEAK = {"hand"}
"""Beyond 3e-4, and the page says so."""


@pytest.mark.parametrize("limit", limits(VisionSettings()), ids=lambda limit: f"{limit.measure} {limit.reason.code}")
def test_the_page_has_each_limit(limit: Limit) -> None:
    (row,) = [
        line
        for line in PAGE.splitlines()
        if line.startswith(f"| {NAMES[limit.measure][0]} |") and limit.reason.code in line
    ]
    ends = [limit.probe.least, limit.probe.most, limit.reference.least, limit.reference.most]
    assert [end for end in ends if abs(end) < 1e6 and f"{end:g}" not in row] == []


def test_the_page_has_each_condition() -> None:
    assert CONDITIONS.keys() - ROWS.keys() == set()


@pytest.mark.parametrize("name", sorted(CONDITIONS.keys() - WEAK))
def test_no_condition_exceeds_3e_4(name: str) -> None:
    found = re.match(r" (\S+) \[.*\], ([\d,]+) / ([\d,]+) ", ROWS[name][3])
    assert found is not None
    rate, matches, pairs = found.groups()
    assert float(rate) <= 3e-4
    assert int(pairs.replace(",", "")) >= 100_000
    assert float(rate) == pytest.approx(int(matches) / int(pairs.replace(",", "")), abs=1e-5)
