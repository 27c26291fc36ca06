"""The units of the nightly backup: they run the command as it is, and may write two folders only."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
SERVICE, TIMER = UNITS / "lintel-backup.service", UNITS / "lintel-backup.timer"


def test_service_saves_for_a_recipient() -> None:
    assert "launch.py backup save /var/backups/lintel --recipient" in SERVICE.read_text()


def test_service_writes_the_store_and_the_backups_only() -> None:
    said = dict(re.findall(r"^(ReadWritePaths|StateDirectory|ProtectSystem)=(.*)$", SERVICE.read_text(), re.MULTILINE))
    wanted = {
        "StateDirectory": "lintel lintel-keys",
        "ProtectSystem": "strict",
        "ReadWritePaths": "/var/backups/lintel",
    }
    assert said == wanted


def test_timer_makes_up_for_a_night_without_power() -> None:
    assert "Persistent=yes\n" in TIMER.read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for unit in (SERVICE, TIMER):
        (tmp_path / unit.name).write_text(unit.read_text())
    places = [str(tmp_path / unit.name) for unit in (SERVICE, TIMER)]
    command = ["systemd-analyze", "verify", "--recursive-errors=no", "--man=no", *places]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
