"""docs/doctor.md has each code of `lintel doctor`, and no other."""

import re
from pathlib import Path

from device.appliance.checks import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()


def test_each_line_of_doctor_is_on_its_page() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE) == [check.code for check in CHECKS]
