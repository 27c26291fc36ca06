"""The face mesh and its crop."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import Box, Image
from device.vision.detector import Detection
from device.vision.faces import FaceAnalyzer
from device.vision.landmarks import crop_transform

CROP_SCALE = 1.5

_RIGHT_EYE_OUTER, _LEFT_EYE_OUTER, _NOSE_TIP = 33, 263, 1


@given(st.floats(-1.5, 1.5), st.floats(20, 400), st.floats(0, 640), st.floats(0, 480))
def test_the_crop_levels_the_eyes_and_centers_the_face(angle: float, size: float, x: float, y: float) -> None:
    across = np.array([math.cos(angle), math.sin(angle)]) * size / 4
    box = Box(x - size / 2, y - size / 2, size, size)
    face = Detection(box, (x - across[0], y - across[1]), (x + across[0], y + across[1]), 0.9)
    transform = crop_transform(face, 192)
    right, left = (transform @ (*eye, 1) for eye in (face.right_eye, face.left_eye))
    assert right[1] == pytest.approx(left[1], abs=1e-3)
    assert left[0] - right[0] == pytest.approx(192 / CROP_SCALE / 2, rel=1e-3)
    assert (right + left) / 2 == pytest.approx([96, 96], abs=1e-3)


@pytest.mark.parametrize("name", ["eileen-collins", "grace-hopper"])
def test_a_portrait_has_its_landmarks_in_place(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str
) -> None:
    (face,) = analyzer.detector.detect(portraits[name])
    points = analyzer.mesh.locate(portraits[name], face).points
    assert points[_RIGHT_EYE_OUTER, 0] < points[_NOSE_TIP, 0] < points[_LEFT_EYE_OUTER, 0]
    assert points[_NOSE_TIP, 1] > points[_LEFT_EYE_OUTER, 1]


def test_landmarks_follow_a_turned_picture(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    picture = portraits["grace-hopper"]
    (face,) = analyzer.detector.detect(picture)
    upright = analyzer.mesh.locate(picture, face).points
    turned = np.ascontiguousarray(picture[::-1, ::-1])
    height, width = picture.shape[:2]

    def flipped(point: tuple[float, float]) -> tuple[float, float]:
        return width - 1 - point[0], height - 1 - point[1]

    box = Box(
        width - face.box.left - face.box.width, height - face.box.top - face.box.height, face.box.width, face.box.height
    )
    upside_down = Detection(box, flipped(face.right_eye), flipped(face.left_eye), face.score)
    points = analyzer.mesh.locate(turned, upside_down).points
    assert np.abs((width - 1, height - 1) - points - upright).max() < 4


def test_a_wall_has_no_face(analyzer: FaceAnalyzer) -> None:
    face = Detection(Box(100, 100, 200, 200), (150, 160), (250, 160), 0.9)
    assert analyzer.mesh.locate(np.full((480, 640, 3), 120, np.uint8), face).presence < 0.5
