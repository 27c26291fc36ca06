"""A camera that hangs turned is in trouble, and says which setting turns its pictures back."""

import numpy as np
import pytest

from device.cameras.hanging import HangingCamera
from device.ports import WatchedCamera
from device.records import Frame

FRAME = Frame(np.zeros((2, 2, 3), np.uint8), 1.0)


class Camera:
    """A camera with a trouble of its own or none."""

    def __init__(self, own: str = "") -> None:
        self.own, self.is_closed, self.waited_s = own, False, 0.0

    def read(self, timeout_s: float) -> Frame | None:
        self.waited_s = timeout_s
        return FRAME

    def trouble(self) -> str:
        return self.own

    def close(self) -> None:
        self.is_closed = True


def hung(*back_deg: int, rotate: int = 0, own: str = "") -> str:
    camera = HangingCamera(Camera(own), rotate)
    for degrees in back_deg:
        camera.saw(degrees)
    return camera.trouble()


def test_three_turned_pictures_in_a_row_are_a_trouble() -> None:
    assert hung(180, 180, 180) == (
        "The camera hangs turned: faces lie on their side or upside down in its pictures. "
        "Turn the camera, or set `rotate = 180` under [[cameras]]."
    )


@pytest.mark.parametrize("seen", [(), (180,), (180, 180), (180, 180, 0, 180, 180), (90, 90, 90, 90, 0)])
def test_an_upright_face_or_too_few_turned_ones_are_none(seen: tuple[int, ...]) -> None:
    assert hung(*seen) == ""


@pytest.mark.parametrize(
    ("rotate", "back", "expected"), [(0, 90, 90), (0, 270, 270), (180, 180, 0), (90, 270, 0), (270, 180, 90)]
)
def test_setting_to_turn_it_back_counts_the_present_one(rotate: int, back: int, expected: int) -> None:
    assert f"set `rotate = {expected}` under" in hung(back, back, back, rotate=rotate)


def test_its_own_trouble_comes_first() -> None:
    assert hung(180, 180, 180, own="The camera is gone.") == "The camera is gone."


def test_it_is_the_camera_otherwise() -> None:
    inner = Camera()
    camera: WatchedCamera = HangingCamera(inner, 0)
    assert camera.read(0.2) is FRAME
    assert inner.waited_s == 0.2
    camera.close()
    assert inner.is_closed
