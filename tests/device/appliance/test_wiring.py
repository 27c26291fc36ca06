"""Pins as `lintel doctor` sees them: their level before any program runs, and who else holds them."""

from pathlib import Path

import pytest

from device.appliance import wiring
from device.appliance.page import Light
from device.settings.tables import DoorSettings, Settings
from tests.device.appliance.test_hardware import CONFIG, MODEL, put, seen

GREEN, AMBER, RED = Light.GREEN, Light.AMBER, Light.RED


@pytest.mark.parametrize(
    ("pin", "active_high", "config", "light"),
    [
        (17, True, [], GREEN),
        (17, False, [], RED),
        (5, True, [], RED),
        (5, False, [], GREEN),
        (17, False, ["gpio=17=op,dh"], GREEN),
        (17, False, ["gpio=17=pu"], GREEN),
        (5, True, ["gpio=5=op,dl"], GREEN),
        (5, True, ["gpio=4-6=pd"], GREEN),
        (17, True, ["gpio=17=op,dh"], RED),
        (17, False, ["# gpio=17=op,dh"], RED),
        (17, False, ["gpio=18=op,dh"], RED),
        (17, False, ["gpio=17,18=op,dh # relays"], GREEN),
    ],
)
def test_relay_is_secure_from_power_on(pin: int, active_high: bool, config: list[str], light: Light) -> None:
    door = DoorSettings(pin=pin, active_high=active_high)
    assert wiring.boot_line(door, wiring.told_by(config)).light is light


@pytest.mark.parametrize(
    ("active_high", "config", "light"),
    [(True, [], AMBER), (False, [], GREEN), (True, ["gpio=17=op,dh"], GREEN), (False, ["gpio=17=op,dh"], AMBER)],
)
def test_magnet_at_rest_is_open_at_power_on(active_high: bool, config: list[str], light: Light) -> None:
    door = DoorSettings(pin=17, active_high=active_high, fail_safe=True)
    assert wiring.boot_line(door, wiring.told_by(config)).light is light


def test_boot_level_is_of_each_door_on_a_pi(tmp_path: Path) -> None:
    put(tmp_path, {MODEL: "Raspberry Pi 5\0", CONFIG: "gpio=17=op,dl\n"})
    settings = Settings(doors=(DoorSettings(pin=17), DoorSettings(name="side", pin=4)))
    assert [(line.about, line.light) for line in seen(tmp_path, "relay-boot", settings)] == [
        ("main", GREEN),
        ("side", RED),
    ]


@pytest.mark.parametrize(
    ("held", "is_running", "lights"),
    [
        ({}, False, [GREEN]),
        ({17: "lg"}, True, [GREEN]),
        ({17: "lg"}, False, [RED]),
        ({17: "other"}, True, [RED]),
        ({17: ""}, True, [RED]),
        ({4: "other"}, True, [GREEN]),
    ],
)
def test_another_holder_of_a_door_s_pin_is_red(held: dict[int, str], is_running: bool, lights: list[Light]) -> None:
    lines = wiring.holder_lines(held, [DoorSettings(pin=17)], is_running=is_running)
    assert [line.light for line in lines] == lights
