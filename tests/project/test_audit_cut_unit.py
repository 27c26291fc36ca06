"""The units that cut the audit to its time: the settings decide how much, and nothing but the store is written."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
SERVICE, TIMER = UNITS / "lintel-audit-cut.service", UNITS / "lintel-audit-cut.timer"
LARGEST_EXPOSURE = 1.0
NEEDS_SYSTEMD = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def values(name: str) -> list[str]:
    """What the service says under a name, in its order."""
    return re.findall(rf"^{name}=(.*)$", SERVICE.read_text(), re.MULTILINE)


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def test_service_cuts_what_the_settings_say() -> None:
    assert values("ExecStart") == [
        "/opt/lintel/current/env/bin/python3 -I /opt/lintel/current/libexec/lintel/launch.py audit cut"
    ]


def test_service_writes_the_store_only() -> None:
    assert (values("StateDirectory"), values("ProtectSystem")) == (["lintel lintel-keys"], ["strict"])
    assert (values("ReadWritePaths"), values("User"), values("PrivateNetwork")) == ([], ["lintel"], ["yes"])


def test_timer_makes_up_for_a_night_without_power() -> None:
    assert "Persistent=yes\n" in TIMER.read_text()


def test_timer_comes_after_the_nightly_backup() -> None:
    """So that a row that is cut is in a backup that was made before."""
    begins = [re.findall(r"^OnCalendar=.* (\d\d:\d\d)$", unit.read_text(), re.MULTILINE)[0] for unit in (BACKUP, TIMER)]
    assert begins == ["03:30", "04:30"]


BACKUP = UNITS / "lintel-backup.timer"


@NEEDS_SYSTEMD
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for unit in (SERVICE, TIMER):
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/lintel/current/env/bin/python3", "/bin/true"))
    places = [tmp_path / unit.name for unit in (SERVICE, TIMER)]
    verified = analyze("verify", "--recursive-errors=no", "--man=no", *places)
    assert (verified.returncode, verified.stderr) == (0, "")


@NEEDS_SYSTEMD
def test_the_exposure_is_small(tmp_path: Path) -> None:
    unit = tmp_path / SERVICE.name
    shutil.copy(SERVICE, unit)
    rated = analyze("security", "--offline=true", f"--threshold={LARGEST_EXPOSURE * 10:.0f}", unit)
    assert (rated.returncode, rated.stderr) == (0, "")


@NEEDS_SYSTEMD
def test_the_readme_says_how_large_the_exposure_is() -> None:
    (quoted,) = re.findall(r"audit\.md\), exposure (\d\.\d)\)", (UNITS / "README.md").read_text())
    said = analyze("security", "--offline=true", SERVICE).stdout
    assert re.findall(r"exposure level for lintel-audit-cut\.service: (\d\.\d)", said) == [quoted]
