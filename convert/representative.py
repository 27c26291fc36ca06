"""The pictures that show the quantizer which values occur: aligned chips of faces in many positions and lights.

By default they are made of the two public-domain portraits in `models/portraits`, so that a rebuild needs nothing else;
a folder of the user's own chips can take their place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.errors import ImageError
from device.records import Image
from device.vision.alignment import fit_similarity
from device.vision.detector import Detector
from device.vision.landmarks import FaceMesh, Landmarks
from device.vision.manifest import Alignment
from device.vision.models import DETECTION, LANDMARKS, load_model, shipped_models_dir

Chips = NDArray[np.uint8]
"""uint8 [n, size, size, 3], RGB."""

SEED = 20170212
CHIPS_PER_PORTRAIT = 150
MAX_STRETCH = 0.3
"""Widths and heights are multiplied by e**-0.3 to e**0.3."""
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


@dataclass(frozen=True, slots=True)
class AlignedFace:
    """A picture and the landmarks of the one face in it."""

    image: Image
    landmarks: Landmarks


def portraits_dir() -> Path:
    """The folder of the public-domain portraits."""
    return shipped_models_dir() / "portraits"


def find_faces(folder: Path, models: Path) -> tuple[AlignedFace, ...]:
    """The best face of every picture in `folder`, in the order of their names. Raises `ImageError`."""
    detector, mesh = Detector(load_model(DETECTION, models)), FaceMesh(load_model(LANDMARKS, models))
    return tuple(_find_face(path, detector, mesh) for path in _pictures(folder))


def augmented(faces: tuple[AlignedFace, ...], alignment: Alignment) -> Chips:
    """`CHIPS_PER_PORTRAIT` chips of each face, moved and lit in ways drawn from a generator of fixed seed."""
    generator = np.random.default_rng(SEED)
    return np.stack([_variant(face, alignment, generator) for face in faces for _ in range(CHIPS_PER_PORTRAIT)])


def read_chips(folder: Path, size_px: int) -> Chips:
    """The user's own chips, in the order of their names. Raises `ImageError` for one of another size."""
    return np.stack([_read_chip(path, size_px) for path in _pictures(folder)])


def _find_face(path: Path, detector: Detector, mesh: FaceMesh) -> AlignedFace:
    image = read_rgb(path)
    faces = detector.detect(image)
    if not faces:
        raise ImageError(f"No face found in {path}.", hint="Use a portrait with one face that looks at the camera.")
    return AlignedFace(image, mesh.locate(image, faces[0]))


def _variant(face: AlignedFace, alignment: Alignment, generator: np.random.Generator) -> Image:
    return _lit(_moved(face, alignment, generator), generator)


def _moved(face: AlignedFace, alignment: Alignment, generator: np.random.Generator) -> Image:
    """The chip turned, scaled, shifted, and stretched into another shape of face.

    The stretch is what matters: neurons of the late layers that answer to shapes of face unlike those of the two portraits
    stay silent without it, their ranges come out three times too narrow, and other people's embeddings are clipped.
    """
    points = face.landmarks.points[list(alignment.landmarks)]
    to_chip = fit_similarity(points, np.asarray(alignment.template, np.float64))
    middle = np.full(2, alignment.size_px / 2)
    shape = _rotation(generator) @ _stretch(generator)
    shift = middle - shape @ middle + generator.uniform(-0.05, 0.05, 2) * alignment.size_px
    transform = shape @ to_chip + np.column_stack([np.zeros((2, 2)), shift])
    return np.asarray(cv2.warpAffine(face.image, transform, (alignment.size_px, alignment.size_px)), np.uint8)


def _rotation(generator: np.random.Generator) -> NDArray[np.float64]:
    angle = np.radians(generator.uniform(-12, 12))
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _stretch(generator: np.random.Generator) -> NDArray[np.float64]:
    width, height = np.exp(generator.uniform(-MAX_STRETCH, MAX_STRETCH, 2))
    return np.array([[width, generator.uniform(-0.15, 0.15)], [0, height]])


def _lit(chip: Image, generator: np.random.Generator) -> Image:
    light = _blurred(chip.astype(np.float64) / 255, generator)
    if generator.random() < 0.5:
        light = light[:, ::-1]
    if generator.random() < 0.25:
        light = np.repeat(light @ (0.299, 0.587, 0.114), 3).reshape(light.shape)
    light = light ** generator.uniform(0.6, 1.6)
    light = (light - 0.5) * generator.uniform(0.6, 1.2) + 0.5 + generator.uniform(-0.2, 0.2)
    light = light + generator.normal(0, generator.uniform(0, 0.015), light.shape)
    return (np.clip(light, 0, 1) * 255).round().astype(np.uint8)


def _blurred(light: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    sigma = max(0.0, generator.uniform(-1.5, 2.0))
    return light if sigma < 0.2 else np.asarray(cv2.GaussianBlur(light, (0, 0), sigma), np.float64)


def _pictures(folder: Path) -> tuple[Path, ...]:
    found = tuple(sorted(path for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES))
    if not found:
        raise ImageError(
            f"No pictures in {folder}.", hint=f"Put files in it that end in {', '.join(sorted(_SUFFIXES))}."
        )
    return found


def _read_chip(path: Path, size_px: int) -> Image:
    chip = read_rgb(path)
    if chip.shape != (size_px, size_px, 3):
        height, width = chip.shape[:2]
        raise ImageError(
            f"{path} has {width}x{height} pixels, expected an aligned chip of {size_px}x{size_px}.",
            hint="Align the faces first; the manifest of face-embedding states the template.",
        )
    return chip


def read_rgb(path: Path) -> Image:
    """An image file as RGB, uint8 [height, width, 3]. Raises `ImageError`."""
    decoded = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
    if decoded is None:
        raise ImageError(f"{path} is no image that can be read.", hint="Check the file.")
    return np.ascontiguousarray(decoded[:, :, ::-1])
