"""The raw side of a CSI camera is recognized among the devices, and the message names the source that works."""

import errno
import struct
from pathlib import Path

import pytest

from device import probing
from device.cameras.raw_sensors import raw_sensor_driver
from device.cameras.sources import look_for_camera, open_live_camera
from device.clock import SystemClock
from device.errors import CameraError
from device.settings.tables import CameraSettings

DEVICE = Path("/dev/null")


class Node:
    """`fcntl.ioctl` of a video device, by the layouts of linux/videodev2.h."""

    def __init__(self, driver: str, current: str = "", *formats: str) -> None:
        """`current` is its format now; "" if it doesn't say."""
        self._driver, self._current, self._formats = driver, current, formats
        self.asked: list[int] = []

    def __call__(self, _handle: int, request: int, into: bytearray) -> int:
        self.asked.append(request)
        if request == 0x80685600:  # VIDIOC_QUERYCAP
            into[:104] = struct.pack("16s32s32sIII12x", self._driver.encode(), b"card", b"platform:1", 0, 1, 1)
        elif request == 0xC0D05604 and self._current:  # VIDIOC_G_FMT
            into[:24] = struct.pack("IIII4sI", 1, 0, 1920, 1080, self._current.encode(), 1)
        elif request == 0xC0405602 and (index := int.from_bytes(into[:4], "little")) < len(self._formats):  # ENUM_FMT
            into[:48] = struct.pack("III32s4s", index, 1, 0, b"a format", self._formats[index].encode())
        else:
            raise OSError(errno.EINVAL, "Invalid argument")
        return 0


def found(monkeypatch: pytest.MonkeyPatch, node: Node) -> str:
    monkeypatch.setattr("device.cameras.raw_sensors.fcntl.ioctl", node)
    return raw_sensor_driver(DEVICE)


@pytest.mark.parametrize(
    "node",
    [
        Node("unicam", "pRAA", "pRAA", "RG10"),
        Node("unicam", "BA81"),
        Node("rp1-cfe", "pBAA", "YUYV", "UYVY", "pBAA", "BA81"),
        Node("rp1-cfe", "BYR2"),
        Node("unicam", "", "pBCC", "BG12"),
        Node("rp1-cfe"),
    ],
    ids=["Pi 4", "8 bits", "Pi 5", "Pi 5, 16 bits", "no format yet", "no formats"],
)
def test_receiver_of_a_csi_sensor_is_recognized(monkeypatch: pytest.MonkeyPatch, node: Node) -> None:
    assert found(monkeypatch, node) in ("unicam", "rp1-cfe")


@pytest.mark.parametrize(
    "node",
    [
        Node("uvcvideo", "YUYV", "YUYV", "MJPG"),
        Node("uvcvideo", "BA81", "BA81"),
        Node("unicam", "UYVY", "UYVY", "RGB3"),
        Node("unicam", "", "UYVY", "pRAA"),
        Node("vivid", "YUYV"),
    ],
    ids=["webcam", "USB camera with a raw pattern", "HDMI bridge", "HDMI bridge before its format", "vivid"],
)
def test_other_device_is_a_camera(monkeypatch: pytest.MonkeyPatch, node: Node) -> None:
    assert found(monkeypatch, node) == ""


def test_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node("rp1-cfe", "", "pBAA")
    found(monkeypatch, node)
    assert set(node.asked) == {0x80685600, 0xC0D05604, 0xC0405602}


def test_what_is_no_video_device_is_not_raw(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    places = (DEVICE, tmp_path / "file", tmp_path, tmp_path / "none")
    assert [raw_sensor_driver(place) for place in places] == [""] * 4


SAID = '/dev/null is the raw side of a CSI camera (unicam) and gives no pictures; its `source` is "csi:0".'


def test_installer_is_told_what_the_source_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.cameras.raw_sensors.fcntl.ioctl", Node("unicam", "pRAA"))
    settings = CameraSettings(source="/dev/null")
    with pytest.raises(CameraError) as looked:
        look_for_camera(settings)
    with pytest.raises(CameraError) as opened:
        open_live_camera(settings, SystemClock())
    assert (looked.value.message, opened.value.message) == (SAID, SAID)
    assert probing.camera(settings) == probing.Found("camera main", "/dev/null", SAID, looked.value.hint)
