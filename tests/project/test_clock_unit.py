"""The unit that leaves chrony's word on the clock where the service looks for it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from device.time_source import CHRONY

UNIT = Path(__file__).parents[2] / "systemd" / "lintel-clock.service"


def test_unit_leaves_its_word_where_the_service_looks() -> None:
    assert f"ExecStart=/usr/bin/touch {CHRONY}\n" in UNIT.read_text()


def test_unit_waits_for_chrony() -> None:
    assert re.findall(r"^(?:Requires|After)=(.*)$", UNIT.read_text(), re.MULTILINE) == ["chrony-wait.service"] * 2


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("chrony-wait.service", "basic.target"))
    command = ["systemd-analyze", "verify", "--recursive-errors=no", "--man=no", str(unit)]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
