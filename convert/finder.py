"""Finds the face of a labelled picture with the door's own detector and mesh, loaded once per command."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from device.errors import ImageError
from device.records import Image
from device.settings.tables import VisionSettings
from device.vision.detector import Detection, Detector
from device.vision.embedder import Embedder
from device.vision.faces import FaceAnalyzer
from device.vision.landmarks import FaceMesh, Landmarks
from device.vision.models import DETECTION, LANDMARKS, load_model


class Finder:
    """Detector and mesh of the models in the folder `models`."""

    def __init__(self, models: Path) -> None:
        """Raises `ModelError`."""
        self.models = models
        self.detector = Detector(load_model(DETECTION, models))
        self.mesh = FaceMesh(load_model(LANDMARKS, models))

    def locate(self, image: Image) -> Landmarks:
        """The landmarks of the face nearest to the middle. Raises `ImageError` without a face."""
        return self.mesh.locate(image, central(self.detector, image))

    def analyzer(self, embedder: Embedder) -> FaceAnalyzer:
        """An analyzer of this detector and mesh with an embedding network after them, from whichever folder."""
        return FaceAnalyzer(self.detector, self.mesh, embedder, VisionSettings())


def central(detector: Detector, image: Image) -> Detection:
    """The face nearest to the middle, as data sets like LFW mean it. Raises `ImageError` without a face."""
    faces = detector.detect(image)
    if not faces:
        raise ImageError("no face was found", hint="Leave the image out.")
    return nearest(faces, image)


def nearest(faces: Sequence[Detection], image: Image) -> Detection:
    """Of some faces, at least one, the nearest to the middle of the image."""
    height, width = image.shape[:2]
    return min(faces, key=lambda face: np.hypot(face.box.center[0] - width / 2, face.box.center[1] - height / 2))
