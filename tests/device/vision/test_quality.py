"""What a face's picture must be like, and the reason when it is not."""

from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import Box, Image, Quality, Reason
from device.settings.tables import VisionSettings
from device.vision.landmarks import Landmarks
from device.vision.quality import blur, complaint, turn

LIMITS = VisionSettings()
GOOD = Quality(face_px=150, brightness=120, blur=0.4, turn=0.0)
INSIDE = Box(200, 100, 150, 150)
FRAME = (480, 640)


def with_changed(**changes: float) -> Quality:
    fields = {name: getattr(GOOD, name) for name in Quality.__slots__}
    return Quality(**{**fields, **changes})


def test_a_good_picture_has_no_complaint() -> None:
    assert complaint(GOOD, INSIDE, FRAME, LIMITS) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"face_px": 60}, Reason.FACE_TOO_SMALL),
        ({"brightness": 20}, Reason.FACE_TOO_DARK),
        ({"brightness": 240}, Reason.FACE_TOO_BRIGHT),
        ({"turn": 0.5}, Reason.FACE_TURNED),
        ({"turn": -0.5}, Reason.FACE_TURNED),
        ({"blur": 0.6}, Reason.FACE_BLURRED),
    ],
)
def test_each_fault_has_its_reason(changes: dict[str, float], reason: Reason) -> None:
    assert complaint(with_changed(**changes), INSIDE, FRAME, LIMITS) is reason


@pytest.mark.parametrize(
    "box",
    [
        Box(-50, 100, 150, 150),
        Box(550, 100, 150, 150),
        Box(200, -60, 150, 150),
        Box(200, 400, 150, 150),
        Box(900, 900, 10, 10),
    ],
)
def test_a_face_that_leaves_the_picture_is_cut_off(box: Box) -> None:
    assert complaint(GOOD, box, FRAME, LIMITS) is Reason.FACE_CUT_OFF


@given(st.floats(0, 3), st.floats(0, 6.3), st.floats(-300, 300))
def test_a_turn_does_not_depend_on_size_tilt_or_place(scale: float, angle: float, shift: float) -> None:
    points = np.zeros((468, 2), np.float32)
    points[33], points[263], points[1] = (-50, 0), (50, 0), (20, 40)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (0.1 + scale) * points @ rotation.T + shift
    assert turn(Landmarks(moved.astype(np.float32), 1.0)) == pytest.approx(0.2, abs=1e-3)


@pytest.mark.parametrize("contrast", [0.2, 0.5, 1.0])
def test_blur_does_not_depend_on_contrast(contrast: float) -> None:
    picture = np.random.default_rng(3).integers(0, 255, (30, 30), np.uint8)
    large = np.asarray(cv2.resize(picture, (150, 150), interpolation=cv2.INTER_LINEAR), np.uint8)
    assert blur((large * contrast).astype(np.uint8)) == pytest.approx(blur(large), abs=0.02)


def test_each_blurring_makes_a_face_more_blurred(portraits: Mapping[str, Image]) -> None:
    luma = cv2.cvtColor(portraits["grace-hopper"][100:400, 150:400], cv2.COLOR_RGB2GRAY)
    levels = [blur(np.asarray(cv2.GaussianBlur(luma, (0, 0), sigma), np.uint8)) for sigma in (0.1, 2, 4, 6, 8)]
    assert levels == sorted(levels)


@given(st.integers(0, 255))
def test_an_even_picture_has_a_finite_blur(level: int) -> None:
    assert 0 <= blur(np.full((150, 150), level, np.uint8)) <= 1
