"""The unit of `lintel watch --web`: this machine's loopback, the control socket, and nothing else of the door."""

import re
from functools import partial
from pathlib import Path

from tests.project.units import NEEDS_SYSTEMD, SYSTEMD, analyze, values_in

UNIT = SYSTEMD / "lintel-watch.service"
DOOR = SYSTEMD / "lintel.service"
values = partial(values_in, unit=UNIT)


@NEEDS_SYSTEMD
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"=/opt/lintel/\S*python3", "=/bin/true", UNIT.read_text()))
    verified = analyze("verify", "--recursive-errors=no", "--man=no", unit)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_it_serves_the_page_and_nothing_else() -> None:
    (command,) = values("ExecStart")
    assert " watch --web --no-browser --port 8480 --token-file /var/lib/lintel-watch/token" in command


def test_it_reaches_this_machine_alone() -> None:
    assert (values("IPAddressDeny"), values("IPAddressAllow")) == (["any"], ["localhost"])
    assert (values("SocketBindDeny"), values("SocketBindAllow")) == (["any"], ["ipv4:tcp:8480"])


def test_it_has_a_user_of_its_own() -> None:
    assert (values("User"), values("Group")) == (["lintel-watch"], ["lintel-watch"])
    assert (values("SupplementaryGroups"), values("DynamicUser")) == ([], [])


def test_its_user_is_in_the_sockets_group_alone() -> None:
    users = (SYSTEMD / "lintel.sysusers.conf").read_text()
    assert re.findall(r"^m lintel-watch (.*)$", users, re.MULTILINE) == ["lintel"]


def test_it_reaches_no_device_store_key_or_settings() -> None:
    assert (values("PrivateDevices"), values("DevicePolicy"), values("DeviceAllow")) == (["yes"], ["closed"], [])
    (hidden,) = values("InaccessiblePaths")
    assert {"-/var/lib/lintel", "-/var/lib/lintel-keys", "-/etc/lintel"} <= set(hidden.split())
    assert (values("StateDirectory"), values("ReadWritePaths")) == (["lintel-watch"], [])


def test_it_may_become_no_one_else() -> None:
    assert (values("CapabilityBoundingSet"), values("NoNewPrivileges")) == ([""], ["yes"])


def test_it_costs_the_door_no_memory_or_time() -> None:
    assert (values("MemoryMax"), values("MemorySwapMax"), values("LimitCORE")) == (["160M"], ["0"], ["0"])
    assert int(values("Nice")[0]) > int(values("Nice", unit=DOOR)[0])
    assert int(values("OOMScoreAdjust")[0]) > int(values("OOMScoreAdjust", unit=DOOR)[0])
