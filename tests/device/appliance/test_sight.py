"""Rate, light and focus of a camera, as `lintel doctor` sees them."""

import cv2
import numpy as np
import pytest

from device.appliance.hardware import sight_lines
from device.appliance.page import Light
from device.idle import sight_of
from device.records import CameraSight, DoorState, DoorStatus, Outputs


def door(*cameras: CameraSight) -> DoorStatus:
    return DoorStatus("main", DoorState.LOCKED, 0.0, (), Outputs(), cameras=cameras)


@pytest.mark.parametrize(
    ("sight", "light"),
    [
        (CameraSight("hall", 15.0, 110.0, 60.0), Light.GREEN),
        (CameraSight("hall", 2.0, 110.0, 60.0), Light.AMBER),
        (CameraSight("hall", 15.0, 8.0, 60.0), Light.AMBER),
        (CameraSight("hall", 15.0, 250.0, 60.0), Light.AMBER),
        (CameraSight("hall", 15.0, 110.0, 1.0), Light.AMBER),
    ],
)
def test_camera_that_sees_badly_is_amber(sight: CameraSight, light: Light) -> None:
    (line,) = sight_lines(door(sight))
    assert (line.light, line.about, bool(line.hint)) == (light, "hall", light is Light.AMBER)


def test_camera_that_was_not_glanced_at_has_no_line() -> None:
    assert list(sight_lines(door(CameraSight("hall", 15.0)))) == []


def test_light_is_the_mean_of_all_pixels() -> None:
    image = np.full((48, 64, 3), 40, np.uint8)
    image[:, 32:] = 200
    assert sight_of(image).light == pytest.approx(120.0)


def test_blurred_picture_has_less_detail_than_a_sharp_one() -> None:
    sharp = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 6.0), np.uint8)
    assert sight_of(blurred).sharpness < 4.0 < sight_of(sharp).sharpness


def test_blank_picture_has_no_detail() -> None:
    assert sight_of(np.full((48, 64, 3), 128, np.uint8)).sharpness == 0.0
