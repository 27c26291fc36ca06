"""Cuts the chips of labelled images once, for every network at hand, with the door's own detector, mesh and alignment.

They lie in a folder on disk, not in memory: LFW's are half a gigabyte for each alignment.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from convert.representative import Chips
from device.errors import ImageError
from device.images import read_image
from device.records import Image
from device.vision.alignment import align
from device.vision.detector import Detection, Detector
from device.vision.landmarks import FaceMesh, Landmarks
from device.vision.manifest import Alignment
from device.vision.models import DETECTION, LANDMARKS, load_model


@dataclass(frozen=True, slots=True)
class Faces:
    """The chips of the images that show a face, uint8 [n, s, s, 3] for each alignment, and why the others do not."""

    images: tuple[Path, ...]
    chips: tuple[Chips, ...] = field(repr=False)
    failures: dict[Path, str]


class Finder:
    """Detector and mesh of the models in a folder."""

    def __init__(self, models: Path) -> None:
        """Raises `ModelError`."""
        self._detector = Detector(load_model(DETECTION, models))
        self._mesh = FaceMesh(load_model(LANDMARKS, models))

    def locate(self, image: Image) -> Landmarks:
        """The landmarks of the face nearest to the middle, as data sets mean it. Raises `ImageError` without a face."""
        faces = self._detector.detect(image)
        if not faces:
            raise ImageError("no face was found", hint="Leave the image out.")
        return self._mesh.locate(image, min(faces, key=lambda face: _off_center(face, image)))


def cut_faces(
    images: Sequence[Path], alignments: Sequence[Alignment], finder: Finder, folder: Path, step: Callable[[], object]
) -> Faces:
    """The chips of each image, in files in `folder`; `step` is told of each image."""
    stored = [_room(folder / f"{number}.chips", len(images), one.size_px) for number, one in enumerate(alignments)]
    acquired: list[Path] = []
    failures: dict[Path, str] = {}
    for path in images:
        try:
            image = read_image(path)
            landmarks = finder.locate(image)
        except ImageError as error:
            failures[path] = error.message
        else:
            for chips, alignment in zip(stored, alignments, strict=True):
                chips[len(acquired)] = align(image, landmarks, alignment)
            acquired.append(path)
        step()
    return Faces(tuple(acquired), tuple(chips[: len(acquired)] for chips in stored), failures)


def _room(path: Path, images: int, size_px: int) -> Chips:
    return np.memmap(path, np.uint8, "w+", shape=(images, size_px, size_px, 3))


def _off_center(face: Detection, image: Image) -> float:
    height, width = image.shape[:2]
    return float(np.hypot(face.box.center[0] - width / 2, face.box.center[1] - height / 2))
