"""The units that cut the audit to its time: the settings decide how much, and nothing but the store is written."""

import re
import shutil
from functools import partial
from pathlib import Path

from tests.project.units import NEEDS_SYSTEMD, SYSTEMD, analyze, values_in

SERVICE, TIMER = SYSTEMD / "lintel-audit-cut.service", SYSTEMD / "lintel-audit-cut.timer"
LARGEST_EXPOSURE = 1.0
values = partial(values_in, unit=SERVICE)


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


BACKUP = SYSTEMD / "lintel-backup.timer"


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
    (quoted,) = re.findall(r"audit\.md\), exposure (\d\.\d)\)", (SYSTEMD / "README.md").read_text())
    said = analyze("security", "--offline=true", SERVICE).stdout
    assert re.findall(r"exposure level for lintel-audit-cut\.service: (\d\.\d)", said) == [quoted]
