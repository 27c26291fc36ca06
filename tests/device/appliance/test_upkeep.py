"""What wears out, as `lintel doctor` sees it: battery clock, flash, file system, sandbox."""

import shutil
from pathlib import Path

import pytest

from device.appliance import upkeep
from device.appliance.page import Light
from tests.device.appliance.test_hardware import MODEL, put, seen

GREEN, AMBER, RED = Light.GREEN, Light.AMBER, Light.RED
RTC = "sys/class/rtc/rtc0/since_epoch"
LIFE, ERRORS = "sys/class/block/mmcblk0/device/life_time", "sys/fs/ext4/mmcblk0p2/errors_count"
UNIT = Path(__file__).parents[3] / "systemd" / "lintel.service"


@pytest.mark.parametrize(
    ("files", "light"),
    [
        ({}, GREEN),
        ({MODEL: "Raspberry Pi 4\0"}, AMBER),
        ({MODEL: "Raspberry Pi 5\0", RTC: "12\n"}, AMBER),
        ({MODEL: "Raspberry Pi 5\0", RTC: "1796083200\n"}, GREEN),
    ],
)
def test_pi_without_a_battery_clock_is_amber(tmp_path: Path, files: dict[str, str], light: Light) -> None:
    put(tmp_path, files)
    assert [line.light for line in seen(tmp_path, "rtc")] == [light]


@pytest.mark.parametrize(
    ("files", "light"),
    [
        ({}, GREEN),
        ({LIFE: "0x01 0x02\n", ERRORS: "0\n"}, GREEN),
        ({LIFE: "0x08 0x01\n"}, AMBER),
        ({LIFE: "0x01 0x0b\n"}, RED),
        ({ERRORS: "3\n"}, RED),
    ],
)
def test_worn_flash_and_counted_errors_show(tmp_path: Path, files: dict[str, str], light: Light) -> None:
    put(tmp_path, files)
    assert [line.light for line in seen(tmp_path, "wear")] == [light]


@pytest.mark.parametrize(
    ("rating", "light"), [("", GREEN), ("0.2", GREEN), ("0.8", GREEN), ("0.9", AMBER), ("9.6", AMBER)]
)
def test_unit_that_was_opened_is_amber(rating: str, light: Light) -> None:
    assert upkeep.sandbox_line(rating).light is light


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_installed_unit_is_rated(tmp_path: Path) -> None:
    put(tmp_path, {"usr/lib/systemd/system/lintel.service": UNIT.read_text()})
    (line,) = seen(tmp_path, "sandbox")
    assert (line.light, "0.8" in line.what) == (GREEN, True)
