"""Who counts as a second person at the door: a face of at least half the smallest useful size, 40 of 80 pixels."""

from dataclasses import dataclass

import numpy as np
import pytest

from device.records import Box, Image, Reason
from device.settings.tables import VisionSettings
from device.vision.detector import Detection
from device.vision.faces import FaceAnalyzer
from device.vision.landmarks import Landmarks


@dataclass
class Crowd:
    """Stands in for the detector: faces of these heights beside each other."""

    heights_px: tuple[float, ...]

    def detect(self, _image: Image) -> list[Detection]:
        boxes = [Box(200.0 * at, 10.0, height, height) for at, height in enumerate(self.heights_px)]
        return [Detection(box, (0.0, 0.0), (1.0, 0.0), 0.9) for box in boxes]

    def once(self, _image: Image) -> tuple[Detection, ...]:
        return ()


class Mesh:
    """Stands in for the face mesh: takes each for a face."""

    def locate(self, _image: Image, _face: Detection) -> Landmarks:
        return Landmarks(np.zeros((468, 2), np.float32), 1.0)


def seen(*heights_px: float) -> object:
    unused: object = None
    analyzer = FaceAnalyzer(Crowd(heights_px), Mesh(), unused, VisionSettings(min_face_px=80.0))  # type: ignore[arg-type]
    return analyzer.analyze(np.full((480, 1000, 3), 128, np.uint8))


@pytest.mark.parametrize("behind_px", [40.0, 60.0, 79.0, 200.0])
def test_face_of_40_pixels_or_more_is_a_second_person(behind_px: float) -> None:
    assert seen(200.0, behind_px) is Reason.SEVERAL_FACES


@pytest.mark.parametrize(("only_px", "reason"), [(39.0, Reason.FACE_TOO_SMALL), (10.0, Reason.FACE_TOO_SMALL)])
def test_face_below_40_pixels_is_background(only_px: float, reason: Reason) -> None:
    assert seen(only_px) is reason


class Denying:
    """Stands in for the face mesh: takes none for a face."""

    def locate(self, _image: Image, _face: Detection) -> Landmarks:
        return Landmarks(np.zeros((468, 2), np.float32), 0.1)


def test_a_likely_face_that_the_mesh_denies_is_unclear() -> None:
    unused: object = None
    analyzer = FaceAnalyzer(Crowd((200.0,)), Denying(), unused, VisionSettings())  # type: ignore[arg-type]
    noise = np.random.default_rng(1).integers(0, 255, (480, 1000, 3), np.uint8)
    assert analyzer.analyze(noise) is Reason.FACE_UNCLEAR
