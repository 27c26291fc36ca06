"""The unit of a network camera: a network and nothing else, and the door's unit with all else and no network."""

import re
import shutil
from functools import partial
from pathlib import Path

from device.settings.cameras import relay_dir
from tests.project.units import NEEDS_SYSTEMD, SYSTEMD, analyze, values_in

UNIT = SYSTEMD / "lintel-rtsp@.service"
DOOR = SYSTEMD / "lintel.service"
LARGEST_EXPOSURE = 2.0
values = partial(values_in, unit=UNIT)


@NEEDS_SYSTEMD
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    unit = tmp_path / "lintel-rtsp@hall.service"
    unit.write_text(UNIT.read_text().replace("/opt/lintel/current/env/bin/python3", "/bin/true"))
    verified = analyze("verify", "--recursive-errors=no", "--man=no", unit)
    assert (verified.returncode, verified.stderr) == (0, "")


@NEEDS_SYSTEMD
def test_the_exposure_is_small(tmp_path: Path) -> None:
    unit = tmp_path / "lintel-rtsp@hall.service"
    shutil.copy(UNIT, unit)
    rated = analyze("security", "--offline=true", f"--threshold={LARGEST_EXPOSURE * 10:.0f}", unit)
    assert (rated.returncode, rated.stderr) == (0, "")


def test_the_door_keeps_no_network() -> None:
    assert values("RestrictAddressFamilies", unit=DOOR) == ["AF_UNIX"]
    assert values("PrivateNetwork", unit=DOOR) == ["yes"]
    assert values("IPAddressDeny", unit=DOOR) == ["any"]


def test_the_relay_has_a_user_of_its_own() -> None:
    assert (values("User"), values("Group")) == (["lintel-rtsp"], ["lintel-rtsp"])
    assert values("User", unit=DOOR) != values("User")
    assert values("SupplementaryGroups") == []


def test_the_relay_is_in_no_group_of_a_device() -> None:
    users = (SYSTEMD / "lintel.sysusers.conf").read_text()
    assert re.findall(r"^u lintel-rtsp ", users, re.MULTILINE) == ["u lintel-rtsp "]
    assert re.findall(r"^m lintel-rtsp .*$", users, re.MULTILINE) == []


def test_the_door_may_connect_to_the_relay() -> None:
    """The folder is closed to others, and the door's user is in its group."""
    assert re.findall(r"^m lintel lintel-rtsp$", (SYSTEMD / "lintel.sysusers.conf").read_text(), re.MULTILINE)
    assert values("RuntimeDirectoryMode") == ["0750"]


def test_the_socket_is_where_the_door_looks() -> None:
    assert values("RuntimeDirectory") == ["lintel-rtsp/%i"]
    assert str(relay_dir("rtsp:hall")) == "/run/lintel-rtsp/hall"


def test_the_relay_reaches_no_device_store_or_key() -> None:
    assert (values("PrivateDevices"), values("DevicePolicy"), values("DeviceAllow")) == (["yes"], ["closed"], [])
    assert values("InaccessiblePaths") == ["-/var/lib/lintel -/run/lintel"]
    assert (values("StateDirectory"), values("ReadWritePaths")) == ([], [])


def test_the_address_is_a_credential_and_nothing_else() -> None:
    assert values("LoadCredential") == ["address:/etc/lintel/rtsp/%i"]
    assert (values("Environment"), values("EnvironmentFile"), values("SetCredential")) == ([], [], [])
    (command,) = values("ExecStart")
    assert command == "/opt/lintel/current/env/bin/python3 -I -u /opt/lintel/current/libexec/lintel/launch.py rtsp %i"


def test_the_internet_is_out_of_reach() -> None:
    assert values("IPAddressDeny") == ["any"]
    (allowed,) = values("IPAddressAllow")
    assert set(allowed.split()) == {
        "localhost",
        "link-local",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
    }


def test_no_memory_of_the_relay_gets_onto_the_disk() -> None:
    assert (values("LimitCORE"), values("MemorySwapMax")) == (["0"], ["0"])


def test_the_relay_costs_the_door_no_memory_or_time() -> None:
    assert (values("MemoryMax"), values("TasksMax")) == (["512M"], ["32"])
    assert int(values("Nice")[0]) > int(values("Nice", unit=DOOR)[0])
    assert int(values("OOMScoreAdjust")[0]) > int(values("OOMScoreAdjust", unit=DOOR)[0])


def test_the_relay_comes_back_and_never_gives_up() -> None:
    assert (values("Restart"), values("StartLimitIntervalSec")) == (["always"], ["0"])


def test_the_watchdog_outlasts_each_time_out_of_the_stream() -> None:
    assert int(values("WatchdogSec")[0]) > 15
