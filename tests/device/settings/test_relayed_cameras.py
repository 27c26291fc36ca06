"""A network camera in the settings: the name of its relay, never its address."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import ConfigError
from device.settings.loading import load_settings

Write = Callable[[str], Path]


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        load_settings(path)
    return f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize("name", ["hall", "Hall_2", "front.door", "a-b", "0", "x" * 32])
def test_name_of_a_relay_is_taken(write: Write, name: str) -> None:
    assert load_settings(write(f'[[cameras]]\nsource = "rtsp:{name}"\nrate = 15\n')).cameras[0].source == f"rtsp:{name}"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../lintel", "a/b", "-x", "a b", "hall@2", "ä", "x" * 33, "//door", "a\\\\x2db", "%i"]
)
def test_name_that_is_part_of_no_path_is_refused(write: Write, name: str) -> None:
    said = refusal(write(f'[[cameras]]\nsource = "rtsp:{name}"\n'))
    assert "`cameras[0].source`" in said


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "RTSP"])
def test_address_is_refused_without_being_repeated(write: Write, scheme: str) -> None:
    said = refusal(write(f'[[cameras]]\nsource = "{scheme}://door:hunter2@192.168.1.20/stream"\n'))
    assert "hunter2" not in said
    assert "192.168" not in said
    assert '`source = "rtsp:NAME"`' in said
    assert "lintel-rtsp@NAME.service" in said


def test_exposure_of_a_network_camera_is_refused(write: Write) -> None:
    said = refusal(write('[[cameras]]\nsource = "rtsp:hall"\nexposure = 100\n'))
    assert "comes through lintel-rtsp@hall, which can't set the exposure" in said


def test_one_relay_is_not_two_cameras(write: Write) -> None:
    doors = '[[doors]]\n[[doors]]\nname = "back"\npin = 4\ncamera = "back"\n[[doors.readers]]\nname = "second"\n'
    cameras = '[[cameras]]\nsource = "rtsp:hall"\n[[cameras]]\nname = "back"\nsource = "rtsp:hall"\n'
    assert "'rtsp:hall' and 'rtsp:hall' are the same camera" in refusal(write(doors + cameras))
