"""What Lintel runs on and keeps, as `lintel doctor` judges it."""

import pytest

from device.appliance import software
from device.appliance.page import Light
from device.records import PadMode
from device.settings.tables import CameraSettings, DoorSettings, Settings

GREEN, AMBER, RED = Light.GREEN, Light.AMBER, Light.RED
MIB = 1024**2


@pytest.mark.parametrize(
    ("version", "is_pi", "light"),
    [("12", True, GREEN), ("13", True, GREEN), ("11", True, AMBER), ("", True, AMBER), ("39", False, GREEN)],
)
def test_a_pi_needs_a_known_system(version: str, is_pi: bool, light: Light) -> None:
    assert software.system_line("Some Linux", version, is_pi=is_pi).light is light


@pytest.mark.parametrize(
    ("package", "version", "light"),
    [
        ("0.1.0+deb12", "12", GREEN),
        ("0.1.0+deb13", "13", GREEN),
        ("0.1.0+deb12", "13", AMBER),
        ("0.1.0+deb12", "", GREEN),
        ("0.1.0", "13", GREEN),
        ("", "13", GREEN),
    ],
)
def test_another_release_of_debian_wants_its_own_package(package: str, version: str, light: Light) -> None:
    system = software.system_line("Debian", version, is_pi=False)
    assert software.package_line(system, package, version).light is light


@pytest.mark.parametrize(
    ("mode", "asks", "light"),
    [
        (PadMode.TURN, True, GREEN),
        (PadMode.TURN_IN_DOUBT, True, GREEN),
        (PadMode.TURN, False, RED),
        (PadMode.PASSIVE, True, AMBER),
        (PadMode.OFF, False, AMBER),
    ],
)
def test_a_turn_that_no_wire_asks_for_is_red(mode: PadMode, asks: bool, light: Light) -> None:
    assert software.pad_line("main", mode, asks=asks).light is light


def test_a_trouble_of_attack_detection_is_amber() -> None:
    assert software.pad_line("main", PadMode.TURN, asks=True, trouble="It needs more: so.").light is AMBER


@pytest.mark.parametrize(("found", "light"), [("", GREEN), (None, GREEN), ("row 3 missing", RED)])
def test_a_damaged_database_is_red(found: str | None, light: Light) -> None:
    assert software.database_line(5 * MIB, found).light is light


@pytest.mark.parametrize(("free", "light"), [(199 * MIB, RED), (1023 * MIB, AMBER), (1024 * MIB, GREEN)])
def test_a_disk_that_is_nearly_full_is_red(free: int, light: Light) -> None:
    assert software.disk_line(free, 32 * 1024 * MIB).light is light


@pytest.mark.parametrize(
    ("settings", "light"),
    [
        (Settings(), AMBER),
        (Settings(cameras=(CameraSettings(source="csi:0"),)), AMBER),
        (Settings(doors=(DoorSettings(pin=4),)), GREEN),
    ],
)
def test_doors_as_delivered_are_amber(settings: Settings, light: Light) -> None:
    assert software.defaults_line(settings).light is light
