"""The units of the nightly look at the store: they run the command as it is, and write nothing but the store."""

import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests.project.units import SYSTEMD, values_in

SERVICE, TIMER = SYSTEMD / "lintel-verify.service", SYSTEMD / "lintel-verify.timer"
values = partial(values_in, unit=SERVICE)


def test_service_looks_at_the_store() -> None:
    (command,) = values("ExecStart")
    assert command.endswith("launch.py store check")


def test_service_writes_the_store_only() -> None:
    assert (values("StateDirectory"), values("ProtectSystem")) == (["lintel lintel-keys"], ["strict"])
    assert (values("ReadWritePaths"), values("User"), values("PrivateNetwork")) == ([], ["lintel"], ["yes"])


def test_timer_makes_up_for_a_night_without_power() -> None:
    assert "Persistent=yes\n" in TIMER.read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for unit in (SERVICE, TIMER):
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    places = [str(tmp_path / unit.name) for unit in (SERVICE, TIMER)]
    command = ["systemd-analyze", "verify", "--recursive-errors=no", "--man=no", *places]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
