"""A face in a picture that hangs turned is noticed, and one of a person who tilts the head is not refused."""

import math
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.records import Box, Image, Probe, Reason
from device.virtual.figures import Figure, Place
from device.virtual.scene import Scene
from device.vision.detector import Detection
from device.vision.faces import FaceAnalyzer
from device.vision.landmarks import Landmarks
from device.vision.quality.worsening import masked
from device.vision.upright import is_turned, quarters_back, roll_deg, standing

PORTRAITS = ("eileen-collins", "grace-hopper")
TURNED = (75, 90, 105, 120, 135, 150, 165, 180, 195, 210, 225, 240, 255, 270, 285)
TILTED = (-30, -15, 0, 15, 30)


def turned(image: NDArray[Any], degrees: float) -> Image:
    """The picture turned clockwise in a gray one that holds all of it."""
    height, width = image.shape[:2]
    side = math.ceil(math.hypot(height, width))
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), -degrees, 1.0)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    filled = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=(96, 96, 96))
    return np.asarray(filled, np.uint8)


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("degrees", TURNED)
def test_a_turned_picture_is_refused(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str, degrees: int
) -> None:
    assert analyzer.analyze(turned(portraits[name], degrees)) is Reason.PICTURE_TURNED


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("degrees", TILTED)
def test_a_tilted_head_is_not_refused(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str, degrees: int
) -> None:
    assert isinstance(analyzer.analyze(turned(portraits[name], degrees)), Probe)


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("degrees", [-45, 45])
def test_a_head_on_its_shoulder_is_not_the_pictures_fault(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str, degrees: int
) -> None:
    assert analyzer.analyze(turned(portraits[name], degrees)) is Reason.FACE_TILTED


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_mirrored_picture_is_upright(analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str) -> None:
    mirrored = np.ascontiguousarray(portraits[name][:, ::-1])
    assert isinstance(analyzer.analyze(mirrored), Probe)
    assert analyzer.analyze(turned(mirrored, 180)) is Reason.PICTURE_TURNED


@pytest.mark.parametrize("size", [0.9, 1.2, 1.5])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_door_sees_that_its_camera_hangs_turned(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], size: float, quarters: int
) -> None:
    scene = Scene((Figure(image="grace-hopper", end=Place(y=0.8, size=size)),), portraits)
    frames = [np.ascontiguousarray(np.rot90(scene.draw(0.2 * n, n), -quarters)) for n in range(3)]
    assert [analyzer.analyze(frame) for frame in frames] == [Reason.PICTURE_TURNED] * 3


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize(
    ("degrees", "back"), [(0, 0), (30, 0), (90, 270), (105, 270), (180, 180), (255, 90), (270, 90)]
)
def test_how_to_turn_it_back_is_known(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str, degrees: int, back: int
) -> None:
    assert analyzer.turn_back_deg(turned(portraits[name], degrees)) == back


def test_an_empty_picture_is_not_turned(analyzer: FaceAnalyzer) -> None:
    wall = np.full((480, 640, 3), 128, np.uint8)
    assert (analyzer.turn_back_deg(wall), analyzer.analyze(wall)) == (0, Reason.NO_FACE)


def face(*, roll: float = 0.0, score: float = 0.7, center: tuple[float, float] = (64, 64)) -> Detection:
    (x, y), across, down = center, 20 * math.cos(math.radians(roll)), 20 * math.sin(math.radians(roll))
    box = Box(x - 30, y - 30, 60, 60)
    return Detection(box, (x - across, y - down), (x + across, y + down), score)


@given(st.floats(-179.0, 179.0))
def test_roll_is_that_of_the_eyes(degrees: float) -> None:
    assert roll_deg(face(roll=degrees)) == pytest.approx(degrees, abs=1e-6)


@given(st.floats(-179.0, 179.0))
def test_turned_back_a_face_is_upright(degrees: float) -> None:
    left = (degrees + quarters_back(face(roll=degrees)) + 180) % 360 - 180
    assert abs(left) <= 45.0 + 1e-6


@pytest.mark.parametrize(
    ("roll", "is_it"), [(0, False), (59, False), (-59, False), (61, True), (-61, True), (180, True)]
)
def test_a_face_is_turned_beyond_sixty_degrees(roll: float, is_it: bool) -> None:
    assert is_turned(face(roll=roll)) == is_it


class Finder:
    """A detector that gives in turn what it is told."""

    def __init__(self, *found: tuple[Detection, ...]) -> None:
        self.found, self.looks = found, 0

    def once(self, _image: Image) -> tuple[Detection, ...]:
        self.looks += 1
        return self.found[(self.looks - 1) % len(self.found)]


def level_mesh() -> Landmarks:
    """Points in a square of 100 pixels around (200, 150), the eyes' corners level."""
    points = np.full((468, 2), (200.0, 150.0), np.float32)
    points[0], points[1], points[33], points[263] = (150, 100), (250, 200), (180, 140), (220, 140)
    return Landmarks(points, 0.9)


def stands(finder: Finder, seen: Detection) -> Detection:
    return standing(finder, np.zeros((300, 400, 3), np.uint8), seen, level_mesh())  # type: ignore[arg-type]


def test_a_sure_detector_is_not_asked_again() -> None:
    finder, sure = Finder(()), face(score=0.9)
    assert stands(finder, sure) is sure
    assert finder.looks == 0


@pytest.mark.parametrize("doubtful", [face(score=0.89), face(score=0.95, roll=75)])
def test_a_doubtful_face_is_looked_at_four_times(doubtful: Detection) -> None:
    finder = Finder(())
    assert stands(finder, doubtful) is doubtful
    assert finder.looks == 4


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_the_surest_look_says_how_a_face_stands(quarter: int) -> None:
    looks = [(face(score=0.6),)] * 4
    looks[quarter] = (face(score=0.8),)
    expected = (90.0 * quarter + 180) % 360 - 180
    assert abs(roll_deg(stands(Finder(*looks), face()))) == pytest.approx(abs(expected))
    assert quarters_back(stands(Finder(*looks), face())) == (360 - 90 * quarter) % 360


def test_a_face_is_found_where_it_is_in_the_frame() -> None:
    seen = stands(Finder((face(),)), face())
    assert seen.box.center == pytest.approx((200, 150))
    assert (seen.box.width, seen.box.height) == pytest.approx((93.75, 93.75))


def test_another_face_at_the_edge_does_not_count() -> None:
    beside = face(score=0.99, center=(100, 64))
    looks = [(beside, face(score=0.8)), (beside,), (beside, face(score=0.6)), (beside,)]
    assert roll_deg(stands(Finder(*looks), face())) == pytest.approx(0.0)


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("color", [(235, 235, 235), (20, 20, 20), (70, 120, 190)])
def test_a_masked_face_is_not_turned(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str, color: tuple[int, int, int]
) -> None:
    """A mask's upper edge looks like a mouth upside down: the detector is surer of many masked faces turned over."""
    (face, *_) = analyzer.detector.detect(portraits[name])
    worn = masked(portraits[name], analyzer.mesh.locate(portraits[name], face), color=color)
    tilted = [turned(worn, degrees) for degrees in (-20, -10, 0, 10, 20)]
    assert not {analyzer.analyze(picture) for picture in tilted} & {Reason.PICTURE_TURNED}
