"""What `run` remembers of its relay: the whole of it, before the pin is taken, and nothing where it cannot be read."""

import pytest

from device.assembly import open_board_door
from device.config import DoorSettings, Settings
from device.door.remembered import FILE_NAME, remember, remembered
from device.errors import DoorError


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("settings", [DoorSettings(), DoorSettings(pin=5, active_high=False, strike_time_s=0.5)])
def test_relay_is_remembered(settings):
    remember(settings)
    assert remembered() == settings


@pytest.mark.usefixtures("runtime")
def test_last_relay_is_remembered():
    remember(DoorSettings(pin=4))
    remember(DoorSettings(pin=5))
    assert remembered() == DoorSettings(pin=5)


@pytest.mark.usefixtures("runtime")
def test_nothing_is_remembered_at_first():
    assert remembered() is None


@pytest.mark.parametrize("content", [b"", b'{"pin": 1', b'{"pin": 99}', b'{"pni": 1}', b"\xff\xfe", b"[]"])
def test_damaged_memory_is_none(runtime, content):
    (runtime / FILE_NAME).write_bytes(content)
    assert remembered() is None


def test_nothing_else_is_left_in_the_folder(runtime):
    remember(DoorSettings())
    assert [path.name for path in runtime.iterdir()] == [FILE_NAME]


def test_without_a_runtime_folder_nothing_is_remembered(monkeypatch, tmp_path):
    monkeypatch.setattr("device.door.remembered.RUNTIME_DIR", tmp_path / "none")
    remember(DoorSettings())
    assert remembered() is None


def test_runtime_folder_of_the_service_is_found_by_hand(monkeypatch, tmp_path):
    monkeypatch.setattr("device.door.remembered.RUNTIME_DIR", tmp_path)
    remember(DoorSettings(pin=5))
    assert (tmp_path / FILE_NAME).is_file()


def test_folder_that_cannot_be_written_to_is_an_error(monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/proc/none")
    with pytest.raises(DoorError, match="Cannot write down which relay is driven"):
        remember(DoorSettings())


@pytest.mark.usefixtures("runtime")
def test_relay_is_remembered_before_the_pin_is_touched(lgpio):
    lgpio.refused = {"open"}
    with pytest.raises(DoorError, match="Cannot open the GPIO chip"):
        open_board_door(Settings(door=DoorSettings(pin=5)))
    assert remembered() == DoorSettings(pin=5)
