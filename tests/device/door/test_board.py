"""The board's own pins: none without a GPIO chip, and through lgpio a level that comes with its direction and stays."""

import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import gpiozero.pins.local
import pytest

from device.config import DoorSettings
from device.door.gpio import Relay, board_factory
from device.errors import DoorError

PI_4B = 0xC03114
PIN = 17


class Lgpio(ModuleType):
    """Stands in for lgpio: writes down what is asked of the kernel, and can refuse."""

    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64
    error = type("error", (Exception,), {})

    def __init__(self):
        super().__init__("lgpio")
        self.asked = []
        self.refused = set()
        self.imported_in = None

    def _ask(self, what, *arguments):
        self.asked.append((what, *arguments))
        if what in self.refused:
            raise self.error("GPIO busy")

    def gpiochip_open(self, chip):
        self._ask("open", chip)
        return 7

    def gpiochip_close(self, handle):
        self._ask("close", handle)

    def gpio_claim_input(self, handle, pin, _flags=0):
        self._ask("input", handle, pin)

    def gpio_claim_output(self, handle, pin, level=0, _flags=0):
        self._ask("output", handle, pin, level)

    def gpio_write(self, handle, pin, level):
        self._ask("write", handle, pin, int(level))

    def gpio_read(self, _handle, _pin):
        return self.levels()[-1]

    def gpio_get_mode(self, _handle, _pin):
        return 2 if self.levels() else 0

    def levels(self):
        """What the pin was driven to."""
        return [call[3] for call in self.asked if call[0] in ("output", "write")]


@pytest.fixture
def dev(monkeypatch, tmp_path):
    """A /dev with one GPIO chip."""
    monkeypatch.setattr("device.door.gpio.DEVICES", tmp_path)
    (tmp_path / "gpiochip0").touch()
    return tmp_path


@pytest.fixture
def lgpio(monkeypatch, dev):  # noqa: ARG001 - the chip must be there
    """The stand-in, on a Raspberry Pi 4."""
    module = Lgpio()
    monkeypatch.setitem(sys.modules, "lgpio", module)
    for name in ("gpiozero.pins.lgpio", "device.door.lgpio_pins"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(gpiozero.pins.local, "get_pi_revision", lambda: PI_4B)
    monkeypatch.setattr(gpiozero.pins.local.LocalPiFactory, "pins", {})
    monkeypatch.setattr(gpiozero.pins.local.LocalPiFactory, "_reservations", defaultdict(list))
    yield module
    for name in ("gpiozero.pins.lgpio", "device.door.lgpio_pins"):
        sys.modules.pop(name, None)


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


@pytest.mark.parametrize("refused", ["output", "input"])
def test_pin_that_another_program_holds_is_an_error(lgpio, refused):
    lgpio.refused = {refused}
    with pytest.raises(DoorError, match="Cannot take the relay on GPIO 17: GPIO busy"):
        relay()


def test_write_that_the_kernel_refuses_is_an_error(lgpio):
    taken = relay()
    lgpio.refused = {"write"}
    with pytest.raises(DoorError, match="Cannot release the relay on GPIO 17: GPIO busy"):
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
