"""The unit of the link: a network, the control socket, and nothing else of the door."""

import re
import shutil
from functools import partial
from pathlib import Path

from tests.project.units import NEEDS_SYSTEMD, SYSTEMD, analyze, values_in

UNIT = SYSTEMD / "lintel-link.service"
DOOR = SYSTEMD / "lintel.service"
LARGEST_EXPOSURE = 2.0
values = partial(values_in, unit=UNIT)


@NEEDS_SYSTEMD
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/lintel/current/env/bin/python3", "/bin/true"))
    verified = analyze("verify", "--recursive-errors=no", "--man=no", unit)
    assert (verified.returncode, verified.stderr) == (0, "")


@NEEDS_SYSTEMD
def test_the_exposure_is_small(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    shutil.copy(UNIT, unit)
    rated = analyze("security", "--offline=true", f"--threshold={LARGEST_EXPOSURE * 10:.0f}", unit)
    assert (rated.returncode, rated.stderr) == (0, "")


def test_it_runs_the_link_and_nothing_else() -> None:
    assert values("ExecStart") == [
        "/opt/lintel/current/env/bin/python3 -I -u /opt/lintel/current/libexec/lintel/launch.py link run"
    ]


def test_settings_that_are_wrong_start_it_no_second_time() -> None:
    """Else it would say the same every two seconds for ever; docs/link.md says that it stops."""
    assert values("RestartPreventExitStatus") == ["3"]


def test_the_door_keeps_no_network() -> None:
    assert (values("RestrictAddressFamilies", unit=DOOR), values("PrivateNetwork", unit=DOOR)) == (["AF_UNIX"], ["yes"])


def test_the_link_has_a_user_of_its_own() -> None:
    assert (values("User"), values("Group")) == (["lintel-link"], ["lintel-link"])
    assert (values("SupplementaryGroups"), values("DynamicUser")) == ([], [])


def test_its_user_is_in_the_sockets_group_alone() -> None:
    users = (SYSTEMD / "lintel.sysusers.conf").read_text()
    assert re.findall(r"^m lintel-link (.*)$", users, re.MULTILINE) == ["lintel"]


def test_the_link_reaches_no_device_store_or_key() -> None:
    assert (values("PrivateDevices"), values("DevicePolicy"), values("DeviceAllow")) == (["yes"], ["closed"], [])
    (hidden,) = values("InaccessiblePaths")
    assert {"-/var/lib/lintel", "-/var/lib/lintel-keys"} <= set(hidden.split())
    assert (values("StateDirectory"), values("ReadWritePaths")) == (["lintel-link"], [])


def test_its_secrets_stand_in_no_variable_or_argument() -> None:
    assert (values("Environment"), values("EnvironmentFile"), values("SetCredential")) == ([], [], [])


def test_the_internet_is_out_of_reach_by_default() -> None:
    assert values("IPAddressDeny") == ["any"]


def test_the_link_costs_the_door_no_memory_or_time() -> None:
    assert (values("MemoryMax"), values("MemorySwapMax"), values("LimitCORE")) == (["256M"], ["0"], ["0"])
    assert int(values("Nice")[0]) > int(values("Nice", unit=DOOR)[0])
    assert int(values("OOMScoreAdjust")[0]) > int(values("OOMScoreAdjust", unit=DOOR)[0])


def test_the_watchdog_outlasts_a_call_and_the_links_own() -> None:
    """A call may last 60 s; after 120 s without a sign of a thread the process is not alive."""
    assert int(values("WatchdogSec")[0]) > 120


def test_the_link_comes_back_and_never_gives_up() -> None:
    assert (values("Restart"), values("StartLimitIntervalSec")) == (["always"], ["0"])
