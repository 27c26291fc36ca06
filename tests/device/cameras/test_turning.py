"""Frames of a camera on its side are turned the right way up, whether it is live or plays a file."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from device.cameras.sources import open_camera
from device.cameras.turning import turned
from device.clock import SystemClock
from device.records import Image
from device.settings.tables import CameraSettings
from device.virtual.clock import SimulatedClock

Degrees = Literal[0, 90, 180, 270]
RED, GREEN, BLUE, WHITE = (200, 20, 20), (20, 200, 20), (20, 20, 200), (220, 220, 220)
CORNERS: dict[Degrees, tuple[tuple[int, int, int], ...]] = {
    0: (RED, GREEN, BLUE, WHITE),
    90: (BLUE, RED, WHITE, GREEN),
    180: (WHITE, BLUE, GREEN, RED),
    270: (GREEN, WHITE, RED, BLUE),
}
"""Top left, top right, bottom left, bottom right of a picture that was turned clockwise."""
WIDTH, HEIGHT = 160, 120


def picture() -> Image:
    """A quarter each in red, green, blue and white, as the camera sees it."""
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    image[:60, :80], image[:60, 80:], image[60:, :80], image[60:, 80:] = RED, GREEN, BLUE, WHITE
    return image


def corners(image: Image) -> tuple[tuple[int, int, int], ...]:
    """What the picture shows in its quarters, to the nearest of the four colors."""
    height, width = image.shape[:2]
    middles = ((height // 4, width // 4), (height // 4, 3 * width // 4), (3 * height // 4, width // 4))
    seen = [image[row, column].astype(int) for row, column in (*middles, (3 * height // 4, 3 * width // 4))]
    colors = (RED, GREEN, BLUE, WHITE)
    return tuple(min(colors, key=lambda color: int(np.abs(one - color).sum())) for one in seen)


def size(degrees: Degrees) -> tuple[int, int, int]:
    return (120, 160, 3) if degrees in (0, 180) else (160, 120, 3)


class Device:
    """`cv2.VideoCapture` of a webcam that sees the picture, with a sensor's noise."""

    def __init__(self, _source: str, _api: int) -> None:
        self._random = np.random.default_rng(1)

    def isOpened(self) -> bool:  # noqa: N802 - as OpenCV calls it
        return True

    def set(self, _what: int, _value: float) -> bool:
        return True

    def get(self, what: int) -> float:
        now_ms = SystemClock().monotonic() * 1000
        return {cv2.CAP_PROP_POS_MSEC: now_ms, cv2.CAP_PROP_FPS: 30.0, cv2.CAP_PROP_BUFFERSIZE: 1.0}.get(what, 0.0)

    def read(self) -> tuple[bool, NDArray[np.uint8]]:
        noise = self._random.integers(-3, 4, (HEIGHT, WIDTH, 3))
        return True, np.ascontiguousarray((picture() + noise)[:, :, ::-1].astype(np.uint8))

    def release(self) -> None:
        pass


def live(_folder: Path, monkeypatch: pytest.MonkeyPatch, degrees: Degrees) -> Image:
    monkeypatch.setattr("device.cameras.driver.cv2.VideoCapture", Device)
    return first_frame(CameraSettings(source="/dev/null", rotate=degrees), SystemClock())


def image_file(folder: Path, _monkeypatch: pytest.MonkeyPatch, degrees: Degrees) -> Image:
    cv2.imwrite(str(folder / "a.png"), picture()[:, :, ::-1])
    return first_frame(CameraSettings(source=str(folder / "a.png"), rotate=degrees), SimulatedClock())


def image_folder(folder: Path, monkeypatch: pytest.MonkeyPatch, degrees: Degrees) -> Image:
    image_file(folder, monkeypatch, degrees)
    return first_frame(CameraSettings(source=str(folder), rotate=degrees), SimulatedClock())


def clip(folder: Path, _monkeypatch: pytest.MonkeyPatch, degrees: Degrees) -> Image:
    writer = cv2.VideoWriter(str(folder / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (WIDTH, HEIGHT))
    for _ in range(4):
        writer.write(picture()[:, :, ::-1])
    writer.release()
    return first_frame(CameraSettings(source=str(folder / "a.avi"), rotate=degrees), SimulatedClock())


def first_frame(settings: CameraSettings, clock: Any) -> Image:
    with closing(open_camera(settings, clock)) as camera:
        frames = (camera.read(5.0) for _ in range(10))
        return next(frame.image for frame in frames if frame is not None)


@pytest.mark.parametrize("degrees", CORNERS)
@pytest.mark.parametrize("camera", [live, image_file, image_folder, clip])
def test_frame_is_turned_clockwise(
    camera: Callable[[Path, pytest.MonkeyPatch, Degrees], Image],
    degrees: Degrees,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = camera(tmp_path, monkeypatch, degrees)
    assert (image.shape, image.flags["C_CONTIGUOUS"]) == (size(degrees), True)
    assert corners(image) == CORNERS[degrees]


def test_every_pixel_is_where_it_belongs() -> None:
    """One color of three rows and two columns."""
    image = np.zeros((3, 2, 3), np.uint8)
    image[:, :, 0] = [[1, 2], [3, 4], [5, 6]]
    assert turned(image, 0)[:, :, 0].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert turned(image, 90)[:, :, 0].tolist() == [[5, 3, 1], [6, 4, 2]]
    assert turned(image, 180)[:, :, 0].tolist() == [[6, 5], [4, 3], [2, 1]]
    assert turned(image, 270)[:, :, 0].tolist() == [[2, 4, 6], [1, 3, 5]]
