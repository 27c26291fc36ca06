"""`lintel door secure`: locks whatever was driven, with right settings, wrong ones, or others than before."""

import subprocess
import sys

import pytest

from device.config import DoorSettings
from device.door.remembered import remember

HEAVY = {"cv2", "numpy", "sqlite3", "sqlite_utils", "device.assembly", "device.access", "device.records"}
IMPORTED = """
import sys
from device.cli.main import cli
from device.commandline import run_command

code = run_command(cli, ["--config", "/none.toml", "door", "secure"])
print(code, *sys.modules)
"""
DOOR = 7


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Writes the settings file that every command reads."""
    path = tmp_path / "lintel.toml"
    monkeypatch.setenv("LINTEL_CONFIG", str(path))
    return path.write_text


@pytest.fixture
def driven(lgpio):
    """(pin, level) of what was driven, in its order."""
    return lambda: [call[2:] for call in lgpio.asked if call[0] in ("output", "write")]


def test_relay_of_the_settings_is_secured(lintel, config, driven):
    config("[door]\npin = 5\nactive_high = false\n")
    ended = lintel("door", "secure")
    assert (ended.exit_code, ended.out) == (0, "The relay on GPIO 5 is secured.\n")
    assert set(driven()) == {(5, 1)}


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("active_high", [True, False])
def test_wrong_settings_do_not_keep_the_relay_released(lintel, config, driven, active_high):
    remember(DoorSettings(pin=5, active_high=active_high))
    config("[door]\npni = 5\n")
    ended = lintel("door", "secure")
    assert (ended.exit_code, ended.out) == (0, "The relay on GPIO 5 is secured.\n")
    assert set(driven()) == {(5, int(not active_high))}


@pytest.mark.usefixtures("runtime", "lgpio")
def test_wrong_settings_are_told_all_the_same(lintel, config):
    remember(DoorSettings(pin=5))
    config("[door]\npni = 5\n")
    assert "unknown field `pni`" in lintel("door", "secure").err


@pytest.mark.usefixtures("runtime")
def test_relay_driven_before_the_settings_changed_is_secured_too(lintel, config, driven):
    remember(DoorSettings(pin=5))
    config("[door]\npin = 6\n")
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 0), (6, 0)}


@pytest.mark.usefixtures("runtime")
def test_polarity_is_that_of_the_settings_and_the_pin_never_flickers(lintel, config, driven):
    remember(DoorSettings(pin=5, active_high=True))
    config("[door]\npin = 5\nactive_high = false\n")
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 1)}


@pytest.mark.parametrize("settings", ["", "[door]\npin = 5\n", "[vision]\nthreads = 1\n"])
@pytest.mark.usefixtures("runtime")
def test_a_polarity_that_nobody_states_is_the_one_driven_last(lintel, config, driven, settings):
    remember(DoorSettings(pin=5, active_high=False))
    config(settings)
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 1)}


@pytest.mark.usefixtures("runtime")
def test_without_a_settings_file_the_relay_driven_last_is_secured(lintel, driven, monkeypatch, tmp_path):
    monkeypatch.setattr("device.config.DEFAULT_FILE", tmp_path / "none.toml")
    monkeypatch.delenv("LINTEL_CONFIG", raising=False)
    remember(DoorSettings(pin=5, active_high=False))
    assert lintel("door", "secure").exit_code == 0
    assert set(driven()) == {(5, 1)}


@pytest.mark.usefixtures("runtime")
def test_relay_that_fails_does_not_keep_the_other_from_being_secured(lintel, config, driven, lgpio, monkeypatch):
    remember(DoorSettings(pin=5))
    config("[door]\npin = 6\n")
    claim = lgpio.gpio_claim_output

    def busy(handle, pin, *rest):
        if pin == 6:
            raise lgpio.error("GPIO busy")
        claim(handle, pin, *rest)

    monkeypatch.setattr(lgpio, "gpio_claim_output", busy)
    assert (lintel("door", "secure").exit_code, set(driven())) == (DOOR, {(5, 0)})


@pytest.mark.usefixtures("runtime")
def test_nothing_to_go_by_is_told_and_no_pin_is_touched(lintel, config, driven):
    config("[door]\npni = 5\n")
    ended = lintel("door", "secure")
    assert (ended.exit_code, "Nothing says which relay to secure" in ended.err) == (DOOR, True)
    assert driven() == []


def test_securing_needs_no_vision_no_numbers_and_no_database():
    ended = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    code, *modules = ended.stdout.split()
    assert (code, HEAVY & set(modules)) == (str(DOOR), set())
