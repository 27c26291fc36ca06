"""Board, power and parts as `lintel doctor` sees them, with files in place of a Pi's own."""

from pathlib import Path

import pytest

from device.appliance import hardware
from device.appliance.checks import examined
from device.appliance.machine import Machine
from device.appliance.page import Light, Line
from device.probing import Found
from device.records import DoorState, DoorStatus, Outputs
from device.settings.tables import DoorSettings, Settings
from device.virtual.clock import SimulatedClock

GREEN, AMBER, RED = Light.GREEN, Light.AMBER, Light.RED
MODEL = "proc/device-tree/model"
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
VOLTS = "sys/class/hwmon/hwmon2/in0_lcrit_alarm"
HEAT = "sys/class/thermal/thermal_zone0/temp"
CONFIG = "boot/firmware/config.txt"
MAGNET = Settings(doors=(DoorSettings(fail_safe=True),))


def seen(root: Path, code: str, settings: Settings = MAGNET, doors: tuple[DoorStatus, ...] | None = None) -> list[Line]:
    lines = examined(Machine(settings, None, SimulatedClock(), doors, root=root))
    return [line for line in lines if line.code == code]


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize(
    ("files", "light"),
    [
        ({}, GREEN),
        ({THROTTLED: "0\n"}, GREEN),
        ({THROTTLED: "50000\n"}, AMBER),
        ({THROTTLED: "50005\n"}, RED),
        ({VOLTS: "0\n"}, GREEN),
        ({VOLTS: "1\n"}, RED),
        ({THROTTLED: "not a number\n"}, AMBER),
    ],
)
def test_under_voltage_is_told_by_its_bits(tmp_path: Path, files: dict[str, str], light: Light) -> None:
    put(tmp_path, files)
    assert [line.light for line in seen(tmp_path, "power")] == [light]


@pytest.mark.parametrize(("heat", "light"), [("48312", GREEN), ("75000", AMBER), ("85000", RED)])
def test_a_hot_processor_is_red(tmp_path: Path, heat: str, light: Light) -> None:
    put(tmp_path, {HEAT: heat})
    assert [line.light for line in seen(tmp_path, "temperature")] == [light]


def test_what_a_machine_lacks_is_not_on_it(tmp_path: Path) -> None:
    codes = ("power", "temperature", "strict-gpiod")
    assert {line.what for code in codes for line in seen(tmp_path, code)} == {"not on this machine"}


@pytest.mark.parametrize(
    ("config", "light"),
    [
        ("dtparam=strict_gpiod\n", GREEN),
        ("dtparam=audio=on,strict_gpiod\n", GREEN),
        ("dtparam=audio=on # dtparam=strict_gpiod\n", AMBER),
        ("dtparam=strict_gpiod\ndtparam=strict_gpiod=off\n", AMBER),
        ("[pi3]\ndtparam=strict_gpiod\n", AMBER),
        ("", AMBER),
    ],
)
def test_a_magnet_needs_strict_gpiod(tmp_path: Path, config: str, light: Light) -> None:
    put(tmp_path, {MODEL: "Raspberry Pi 4 Model B\0", CONFIG: config})
    assert [line.light for line in seen(tmp_path, "strict-gpiod")] == [light]


def test_a_strike_needs_no_strict_gpiod(tmp_path: Path) -> None:
    put(tmp_path, {MODEL: "Raspberry Pi 4 Model B\0"})
    assert [line.light for line in seen(tmp_path, "strict-gpiod", Settings())] == [GREEN]


@pytest.mark.parametrize(("is_pi", "light"), [(True, RED), (False, AMBER)])
def test_a_missing_part_is_red_on_a_pi_alone(is_pi: bool, light: Light) -> None:
    found = Found("camera hall", "0", "No camera at /dev/video0.", "Check the cable.")
    assert hardware.part_line(found, is_pi=is_pi) == Line(
        "camera", light, "No camera at /dev/video0", "Check the cable.", "hall"
    )


def status(age: float | None) -> DoorStatus:
    return DoorStatus("main", DoorState.LOCKED, 0.0, (), Outputs(), chip="pinctrl-rp1", frame_age_s=age)


@pytest.mark.parametrize(("age", "lights"), [(None, []), (0.1, [GREEN]), (2.5, [RED])])
def test_an_old_frame_is_red(tmp_path: Path, age: float | None, lights: list[Light]) -> None:
    assert [line.light for line in seen(tmp_path, "camera", doors=(status(age),))] == lights


def test_the_chip_of_a_running_service_is_held_by_it(tmp_path: Path) -> None:
    assert [line.what for line in seen(tmp_path, "gpio", doors=(status(None),))] == ["pinctrl-rp1, held by the service"]
