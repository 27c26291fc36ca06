"""The service's unit: systemd finds nothing wrong with it, it exposes little, and it secures the door on every way."""

import re
import sys
from functools import partial
from pathlib import Path

import msgspec.inspect
import pytest

from device.door.controller import LIMITS
from device.looking import GLANCE_S
from device.service import POLL_S
from device.settings.tables import AccessSettings, DoorSettings
from device.store.waiting import LOCK_TIMEOUT_S
from tests.project.units import NEEDS_SYSTEMD, analyze, values_in

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "lintel.service"
SYSUSERS = ROOT / "systemd" / "lintel.sysusers.conf"
LAUNCH = "/opt/lintel/current/libexec/lintel/launch.py"
SECURE = "/usr/libexec/lintel/secure"
LARGEST_EXPOSURE = 2.0
SLOW_MACHINE_S = 15.0
"""For what a slow card and a busy processor add to a swipe."""
values = partial(values_in, unit=UNIT)


def seconds(name: str) -> int:
    (value,) = values(name)
    return int(value)


def largest(settings: type, name: str) -> float:
    """The upper limit of a setting, out of the table of settings."""
    info = msgspec.inspect.type_info(settings)
    assert isinstance(info, msgspec.inspect.StructType)
    (kind,) = (field.type for field in info.fields if field.name == name)
    assert isinstance(kind, msgspec.inspect.Metadata)
    assert isinstance(kind.type, msgspec.inspect.FloatType)
    assert kind.type.le is not None
    return kind.type.le


@NEEDS_SYSTEMD
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(
        UNIT.read_text().replace("/opt/lintel/current/env/bin/python3", "/bin/true").replace(SECURE, "/bin/true")
    )
    verified = analyze("verify", "--recursive-errors=no", "--man=no", unit)
    assert (verified.returncode, verified.stderr) == (0, "")


@NEEDS_SYSTEMD
def test_the_exposure_is_small() -> None:
    rated = analyze("security", "--offline=true", f"--threshold={LARGEST_EXPOSURE * 10:.0f}", UNIT)
    assert (rated.returncode, rated.stderr) == (0, "")


@NEEDS_SYSTEMD
def test_the_readme_says_how_large_the_exposure_is() -> None:
    """Other versions of systemd rate a little differently."""
    (quoted,) = re.findall(r"`systemd-analyze security .*?`, is (\d\.\d) ", (ROOT / "README.md").read_text())
    (measured,) = re.findall(
        r"exposure level for lintel\.service: (\d\.\d)", analyze("security", "--offline=true", UNIT).stdout
    )
    assert abs(float(measured) - float(quoted)) < 0.25


def test_the_door_is_secured_before_the_start() -> None:
    assert values("ExecStartPre")[0] == SECURE


def test_root_opens_a_locked_key_and_no_start_fails_without_it() -> None:
    """Nor does it wait for Python where the key is of another kind."""
    _, opened = values("ExecStartPre")
    places = "/var/lib/lintel-keys/device.key /var/lib/lintel-keys/device.key.next"
    looked = f"timeout --kill-after=1 5 head -qc 64 {places} 2>/dev/null | grep -aqE"
    assert opened.startswith(f"-+/bin/sh -c '{looked}")
    assert opened.endswith(
        f"|| exit 0; exec timeout --kill-after=1 25 /opt/lintel/current/env/bin/python3 -I {LAUNCH} keys open'"
    )


def test_the_door_is_secured_after_every_stop() -> None:
    (command,) = values("ExecStopPost")
    assert command.endswith(f" {SECURE}")


def test_driven_outputs_are_known_until_the_service_is_stopped() -> None:
    assert (values("RuntimeDirectory"), values("RuntimeDirectoryPreserve")) == (["lintel"], ["restart"])


def test_securing_the_door_ends_before_systemd_would_kill_it() -> None:
    (command,) = values("ExecStopPost")
    limit = re.match(r"/usr/bin/timeout --kill-after=(\d+) (\d+) ", command)
    assert limit is not None
    assert int(limit[1]) + int(limit[2]) < seconds("TimeoutStopSec")


def test_the_watchdog_outlasts_the_longest_swipe() -> None:
    """To look a badge up, to write the decision down and to count what was dropped, each with a locked database."""
    swipe = largest(AccessSettings, "face_timeout_s") + GLANCE_S + largest(DoorSettings, "strike_time_s")
    waiting = 3 * LOCK_TIMEOUT_S + 2 * POLL_S
    assert seconds("WatchdogSec") >= swipe + waiting + SLOW_MACHINE_S


def test_the_strike_time_of_the_settings_is_that_of_the_door() -> None:
    assert largest(DoorSettings, "strike_time_s") == LIMITS["strike_time_s"][1]


def test_the_service_comes_back_and_never_gives_up() -> None:
    assert (values("Restart"), values("StartLimitIntervalSec")) == (["always"], ["0"])
    assert values("StartLimitBurst") == []


def test_no_command_is_found_by_a_name_that_another_package_may_have() -> None:
    (command,) = values("ExecStart")
    isolated = re.search(r"^/opt/lintel/current/env/bin/python3 -I -u -X faulthandler (\S+) run$", command)
    assert isolated is not None
    assert isolated[1] == LAUNCH


def test_what_secures_the_door_needs_no_environment() -> None:
    """Debian's own Python in isolated mode, and only modules that come with it."""
    first, *lines = (ROOT / "systemd" / "secure.py").read_text().splitlines()
    imported = {re.split(r"[ .]", line)[1] for line in lines if line.startswith(("import ", "from "))}
    assert first == "#!/usr/bin/python3 -I"
    assert imported <= sys.stdlib_module_names


def test_no_variable_is_set_that_isolated_mode_ignores() -> None:
    assert [value for value in values("Environment") if "PYTHON" in value] == []


def test_operators_can_be_told_apart() -> None:
    """Under PrivateUsers= the kernel translates the uid of whoever connects, every one into the same."""
    assert values("PrivateUsers") == []


@pytest.mark.parametrize("device", ["char-gpiochip rw", "char-video4linux rw", "char-input r", "char-spi rw"])
def test_camera_pins_and_readers_are_in_reach(device: str) -> None:
    assert device in values("DeviceAllow")


@pytest.mark.parametrize("module", ["videodev", "spidev"])
def test_classes_of_devices_are_known_before_the_unit(module: str) -> None:
    """systemd drops a `DeviceAllow=` of a class that /proc/devices does not name yet, until the next start."""
    for order in ("Wants", "After"):
        assert f"modprobe@{module}.service" in " ".join(values(order)).split()


def test_no_other_device_is_in_reach() -> None:
    assert values("DevicePolicy") == ["closed"]


@pytest.mark.parametrize("name", ["PrivateDevices", "ProcSubset"])
def test_the_sandbox_hides_nothing_that_lintel_reads(name: str) -> None:
    assert values(name) == []


def test_threads_may_choose_their_processors() -> None:
    assert [line for line in values("SystemCallFilter") if "resources" in line] == []


def test_the_state_is_for_the_service_alone() -> None:
    assert (values("StateDirectoryMode"), values("UMask")) == (["0700"], ["0077"])
    assert " ".join(values("StateDirectory")) == "lintel lintel-keys"


def test_the_service_has_no_network() -> None:
    assert (values("PrivateNetwork"), values("RestrictAddressFamilies")) == (["yes"], ["AF_UNIX"])


def test_no_memory_of_the_process_gets_onto_the_disk() -> None:
    assert values("LimitCORE") == ["0"]


def test_the_service_has_a_user_in_the_groups_of_its_devices() -> None:
    assert values("User") == ["lintel"]
    groups = re.findall(r"^m lintel (\w+)$", SYSUSERS.read_text(), re.MULTILINE)
    assert groups == ["dialout", "gpio", "input", "spi", "video"]
