"""Frames of a V4L2 device as they come: decoded here where that works, by OpenCV where it does not."""

import io
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from device.cameras.driver import Device
from device.cameras.raw_forms import Form
from device.cameras.source import Raw
from device.records import Image
from device.settings.tables import CameraSettings

WIDTH, HEIGHT = 160, 120
Pixels = NDArray[np.uint8]


def picture() -> Image:
    """Red above, blue below, RGB."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:60], image[60:] = (200, 30, 30), (30, 30, 200)
    return image


def jpeg() -> bytes:
    into = io.BytesIO()
    PIL.Image.fromarray(picture()).save(into, "JPEG", quality=95)
    return into.getvalue()


def yuyv() -> Pixels:
    yuv = cv2.cvtColor(picture(), cv2.COLOR_RGB2YUV)  # differs from a camera's range by a few levels
    packed = np.empty((HEIGHT, WIDTH, 2), np.uint8)
    packed[:, :, 0] = yuv[:, :, 0]
    packed[:, 0::2, 1], packed[:, 1::2, 1] = yuv[:, 0::2, 1], yuv[:, 0::2, 2]
    return packed


def without_tables(whole: bytes) -> bytes:
    """As many a webcam's motion JPEG: without the Huffman tables, which are always the same."""
    left, at = whole[:2], 2
    while whole[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(whole[at + 2 : at + 4], "big")
        left += whole[at:end] if whole[at + 1] != 0xC4 else b""
        at = end
    return left + whole[at:]


class Webcam:
    """`cv2.VideoCapture` of a device that gives one format, as it comes if it is told so and can."""

    def __init__(self, fourcc: str, came: Pixels, *, takes: bool = True, does: bool = True) -> None:
        self.values = {
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*fourcc)),
            cv2.CAP_PROP_FRAME_WIDTH: float(WIDTH),
            cv2.CAP_PROP_FRAME_HEIGHT: float(HEIGHT),
            cv2.CAP_PROP_POS_MSEC: 1234.0,
        }
        self._came = came
        self._takes, self._does = takes, does
        self.converts = True

    def isOpened(self) -> bool:  # noqa: N802 - as OpenCV calls it
        return True

    def set(self, what: int, value: float, /) -> bool:
        if what == cv2.CAP_PROP_CONVERT_RGB and self._takes:
            self.converts = bool(value) or not self._does
        return self._takes

    def get(self, what: int, /) -> float:
        return self.values.get(what, 0.0)

    def read(self) -> tuple[bool, Pixels]:
        return True, np.ascontiguousarray(picture()[:, :, ::-1]) if self.converts else self._came

    def release(self) -> None:
        """Nothing to let go."""


def device(monkeypatch: pytest.MonkeyPatch, webcam: Webcam) -> Device:
    monkeypatch.setattr("device.cameras.driver.cv2.VideoCapture", lambda _source, _api: webcam)
    return Device(Path("/dev/null"), CameraSettings(source="/dev/null"))


def shown(opened: Device) -> Image | None:
    source = opened.open()
    raw = source.take()
    assert raw is not None
    return source.decoded(raw)


def is_picture(image: Image | None) -> bool:
    """As far as a camera's format keeps it."""
    return (
        image is not None
        and image.shape == (HEIGHT, WIDTH, 3)
        and bool(image[:50, :, 0].min() > 150 > 100 > image[:50, :, 2].max())
        and bool(image[70:, :, 2].min() > 150 > 100 > image[70:, :, 0].max())
    )


BYTES = np.frombuffer(jpeg(), np.uint8)
KINDS: dict[str, tuple[str, Pixels]] = {
    "motion JPEG, one row": ("MJPG", BYTES.reshape(1, -1)),
    "motion JPEG, flat": ("MJPG", BYTES),
    "motion JPEG without its tables": ("MJPG", np.frombuffer(without_tables(jpeg()), np.uint8)),
    "YUYV": ("YUYV", yuyv()),
    "YUYV as one row": ("YUYV", yuyv().reshape(1, -1)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_frame_is_decoded_as_it_came(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    webcam = Webcam(*KINDS[kind])
    assert is_picture(shown(device(monkeypatch, webcam)))
    assert not webcam.converts


@pytest.mark.parametrize(
    "webcam",
    [
        Webcam("NV12", BYTES),
        Webcam("MJPG", BYTES, takes=False),
        Webcam("MJPG", BYTES, does=False),
    ],
    ids=["unknown format", "refused", "taken and not done"],
)
def test_opencv_decodes_what_does_not_come_as_it_is(monkeypatch: pytest.MonkeyPatch, webcam: Webcam) -> None:
    assert is_picture(shown(device(monkeypatch, webcam)))
    assert webcam.converts


def test_driver_says_when_a_frame_was_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = device(monkeypatch, Webcam("MJPG", BYTES)).open().take()
    assert raw is not None
    assert raw.stamp_ms == 1234.0


def test_opencv_decodes_after_ten_frames_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    webcam = Webcam("MJPG", BYTES[:500])
    opened = device(monkeypatch, webcam)
    source, raw = opened.open(), Raw(BYTES[:500])
    assert [source.decoded(raw) for _ in range(10)] == [None] * 10
    webcam.converts = True
    assert is_picture(shown(opened))


def test_one_good_frame_in_ten_keeps_frames_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    webcam = Webcam("MJPG", BYTES)
    opened = device(monkeypatch, webcam)
    source = opened.open()
    for _ in range(5):
        [source.decoded(Raw(BYTES[:500])) for _ in range(9)]
        source.decoded(Raw(BYTES))
    opened.open()
    assert not webcam.converts


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
def test_part_of_a_jpeg_is_no_picture(share: float) -> None:
    assert Form("MJPG", WIDTH, HEIGHT).decode(BYTES[: round(share * BYTES.size)]) is None


@pytest.mark.parametrize("size", [0, 1, WIDTH * HEIGHT, WIDTH * HEIGHT * 2 - 1, WIDTH * HEIGHT * 3])
def test_other_number_of_bytes_is_no_picture(size: int) -> None:
    assert Form("YUYV", WIDTH, HEIGHT).decode(np.zeros(size, np.uint8)) is None


def test_picture_of_another_size_is_none() -> None:
    assert Form("MJPG", 320, 240).decode(BYTES) is None


def test_damaged_jpeg_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """OpenCV's decoder writes "Corrupt JPEG data" into the journal, once a frame."""
    damaged = BYTES.copy()
    damaged[-200:-150] = 0xFF
    Form("MJPG", WIDTH, HEIGHT).decode(damaged)
    assert capfd.readouterr() == ("", "")
