"""A CSI camera in the settings: its number, a size without padding, and where it measures the light."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device.errors import ConfigError
from device.settings.loading import load_settings

Write = Callable[[str], Path]


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        load_settings(path)
    return refused.value.message


@pytest.mark.parametrize(
    "setting",
    [
        'source = "csi:0"',
        'source = "csi:1"\nwidth = 1280\nheight = 720\nrate = 15\nrotate = 90\nexposure = 50\nmetering = "center"',
        'source = "csi:0"\nwidth = 1920\nheight = 1080\nexposure = "auto"\nmetering = "spot"',
        'source = "csi:0"\nmetering = "average"',
    ],
)
def test_csi_camera_is_taken(write: Write, setting: str) -> None:
    assert load_settings(write(f"[[cameras]]\n{setting}\n")).cameras[0].source.startswith("csi:")


@pytest.mark.parametrize("source", ["csi:", "csi:a", "csi:-1", "csi: 0", "csi:0x1", "csi:100", "csi:٣"])
def test_csi_camera_without_a_number_is_refused(write: Write, source: str) -> None:
    said = f'\'{source}\' names no CSI camera - expected "csi:0" for the first, "csi:1" for the second'
    assert f"{said} - in `cameras[0]`" in refusal(write(f'[[cameras]]\nsource = "{source}"\n'))


@pytest.mark.parametrize(("width", "near"), [(800, "768 or 832"), (160, "128 or 192"), (1000, "960 or 1024")])
def test_width_with_padded_rows_is_refused(write: Write, width: int, near: str) -> None:
    said = f"a CSI camera's `width` is a multiple of 64, such as {near}, not {width} - in `cameras[0]`"
    assert said in refusal(write(f'[[cameras]]\nsource = "csi:0"\nwidth = {width}\n'))


def test_odd_height_is_refused(write: Write) -> None:
    said = "a CSI camera's `height` is even, not 481 - in `cameras[0]`"
    assert said in refusal(write('[[cameras]]\nsource = "csi:0"\nheight = 481\n'))


@pytest.mark.parametrize("source", ["0", "/dev/video0", "clip.mp4"])
@pytest.mark.parametrize("metering", ["center", "spot", "average"])
def test_other_camera_is_not_told_where_to_measure(write: Write, source: str, metering: str) -> None:
    said = f"the camera 'main' has no setting for where it measures the light ({metering}) - only a CSI camera has one"
    assert said in refusal(write(f'[[cameras]]\nsource = "{source}"\nmetering = "{metering}"\n'))


@pytest.mark.parametrize(("first", "second"), [("csi:0", "csi:0"), ("csi:0", "csi:00")])
def test_one_csi_camera_is_not_two(write: Write, first: str, second: str) -> None:
    said = refusal(
        write(
            '[[doors]]\n[[doors]]\nname = "back"\npin = 4\ncamera = "back"\n[[doors.readers]]\nname = "second"\n'
            f'[[cameras]]\nsource = "{first}"\n[[cameras]]\nname = "back"\nsource = "{second}"\n'
        )
    )
    assert f"'{first}' and '{second}' are the same camera" in said
