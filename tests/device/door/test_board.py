"""The board's own pins: none without a GPIO chip, and through lgpio a level that comes with its direction and stays."""

import sys
from pathlib import Path

import gpiozero.pins.local
import pytest

from device.config import DoorSettings
from device.door.gpio import Relay, board_factory
from device.errors import DoorError

PIN = 17


def relay(*, active_high=True):
    return Relay(DoorSettings(pin=PIN, active_high=active_high), board_factory())


@pytest.mark.parametrize("active_high", [True, False])
def test_pin_becomes_an_output_with_its_level_in_one_request(lgpio, active_high):
    taken = relay(active_high=active_high)
    assert [call for call in lgpio.asked if call[0] in ("output", "write")] == [
        ("output", 7, PIN, int(not active_high))
    ]
    taken.close()


@pytest.mark.parametrize("active_high", [True, False])
def test_release_and_secure_write_levels(lgpio, active_high):
    taken = relay(active_high=active_high)
    taken.release()
    taken.secure()
    assert lgpio.levels() == [int(not active_high), int(active_high), int(not active_high)]
    taken.close()


def test_closed_pin_is_left_as_an_output(lgpio):
    taken = relay()
    taken.release()
    taken.close()
    after = lgpio.asked[lgpio.asked.index(("write", 7, PIN, 1)) :]
    assert [call[0] for call in after] == ["write", "write"]


@pytest.mark.parametrize("active_high", [True, False])
def test_closed_pin_is_left_secure(lgpio, active_high):
    taken = relay(active_high=active_high)
    taken.release()
    taken.close()
    assert lgpio.levels()[-1] == int(not active_high)


def test_pin_is_never_an_input(lgpio):
    """An input floats, and a relay that floats may release."""
    taken = relay()
    taken.release()
    taken.close()
    assert [call for call in lgpio.asked if call[0] == "input"] == []


def test_pin_that_another_program_holds_is_an_error(lgpio):
    lgpio.refused = {"output"}
    with pytest.raises(DoorError, match="Cannot take GPIO 17, the relay of door main: GPIO busy"):
        relay()


def test_write_that_the_kernel_refuses_is_an_error(lgpio):
    taken = relay()
    lgpio.refused = {"write"}
    with pytest.raises(DoorError, match="Cannot release GPIO 17, the relay of door main: GPIO busy"):
        taken.release()
    lgpio.refused = set()
    taken.close()


def test_chip_that_cannot_be_opened_is_an_error(lgpio):
    lgpio.refused = {"open"}
    with pytest.raises(DoorError, match="Cannot open the GPIO chip: GPIO busy"):
        board_factory()


def test_board_that_is_no_raspberry_pi_is_an_error(lgpio, monkeypatch):  # noqa: ARG001 - lgpio is installed
    def unknown():
        raise gpiozero.PinUnknownPi("unable to locate Pi revision")

    monkeypatch.setattr(gpiozero.pins.local, "get_pi_revision", unknown)
    with pytest.raises(DoorError, match="unable to locate Pi revision"):
        board_factory()


def test_importing_lgpio_leaves_the_folder_as_it_was(lgpio):  # noqa: ARG001 - imported by the factory
    before = Path.cwd()
    board_factory()
    assert Path.cwd() == before


def test_without_lgpio_it_says_what_to_install(dev, monkeypatch):  # noqa: ARG001 - the chip is there
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delitem(sys.modules, "device.door.lgpio_pins", raising=False)
    with pytest.raises(DoorError, match="lgpio is not installed") as missing:
        board_factory()
    assert "lintel[pi]" in missing.value.hint


def test_without_a_chip_there_is_no_relay(monkeypatch, tmp_path):
    monkeypatch.setattr("device.door.gpio.DEVICES", tmp_path)
    with pytest.raises(DoorError, match="no GPIO chip") as missing:
        board_factory()
    assert "lintel simulate" in missing.value.hint
