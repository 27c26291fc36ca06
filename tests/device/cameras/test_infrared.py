"""An infrared camera's pictures have no colors, and nothing else about them changes."""

from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.cameras.infrared import InfraredCamera, in_gray
from device.cameras.sources import open_camera
from device.policy.light import share_in
from device.records import Frame, Image
from device.settings.tables import CameraSettings
from device.virtual.clock import SimulatedClock

pictures = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (6, 4, 3)).astype(np.uint8)
)


class Camera:
    """A camera with one frame, and a trouble of its own."""

    def __init__(self, frame: Frame | None) -> None:
        self.frame, self.waited_s, self.is_closed = frame, 0.0, False

    def read(self, timeout_s: float) -> Frame | None:
        self.waited_s = timeout_s
        return self.frame

    def trouble(self) -> str:
        return "The camera is cold."

    def close(self) -> None:
        self.is_closed = True


@given(pictures)
def test_all_channels_are_the_luma(image: Image) -> None:
    gray = in_gray(image)
    luma = image @ np.array([0.299, 0.587, 0.114])
    assert gray.shape == image.shape
    assert np.abs(gray.astype(float) - luma[:, :, np.newaxis]).max() <= 1.0


@given(pictures)
def test_a_gray_picture_stays_as_it_is(image: Image) -> None:
    gray = in_gray(image)
    assert np.array_equal(in_gray(gray), gray)


def test_time_trouble_and_end_are_the_cameras() -> None:
    inner = Camera(Frame(np.full((2, 2, 3), 7, np.uint8), 12.5))
    camera = InfraredCamera(inner)
    frame = camera.read(0.3)
    assert (frame is not None and frame.captured_at, inner.waited_s) == (12.5, 0.3)
    assert camera.trouble() == "The camera is cold."
    camera.close()
    assert inner.is_closed


def test_no_frame_is_none() -> None:
    assert InfraredCamera(Camera(None)).read(0.1) is None


@pytest.mark.parametrize(("light", "is_gray"), [("visible", False), ("infrared", True)])
@pytest.mark.parametrize("kind", ["a.png", "a.avi"])
def test_setting_takes_the_colors_away(light: str, is_gray: bool, kind: str, tmp_path: Path) -> None:
    purple = np.full((120, 160, 3), (150, 40, 120), np.uint8)
    if kind == "a.png":
        cv2.imwrite(str(tmp_path / kind), purple)
    else:
        writer = cv2.VideoWriter(str(tmp_path / kind), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (160, 120))
        for _ in range(3):
            writer.write(purple)
        writer.release()
    settings = CameraSettings(source=str(tmp_path / kind), light=light)  # type: ignore[arg-type]
    with closing(open_camera(settings, SimulatedClock())) as camera:
        frames = (camera.read(5.0) for _ in range(10))
        image = next(frame.image for frame in frames if frame is not None)
    assert bool((np.ptp(image, axis=2) <= 1).all()) == is_gray


def test_faces_match_at_half_the_rate_by_infrared() -> None:
    assert (share_in("visible"), share_in("infrared")) == (1.0, 0.5)
