"""The pictures that show the quantizer which values occur: aligned chips of faces in many shapes, positions and lights.

By default they are made of the two public-domain portraits in `models/portraits`, so that a rebuild needs nothing else;
a folder of the user's own chips can take their place.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.finder import Finder
from device.errors import ImageError
from device.images import image_files, read_image
from device.records import Image
from device.vision.alignment import fit_similarity, template_points
from device.vision.manifest import Alignment
from device.vision.models import shipped_models_dir

Chips = NDArray[np.uint8]
"""uint8 [n, size, size, 3], RGB."""
Floats = NDArray[np.float64]

SEED = 20170212
CHIPS_PER_PORTRAIT = 150
MAX_STRETCH = 0.3
"""Widths and heights are multiplied by e**-0.3 to e**0.3."""


@dataclass(frozen=True, slots=True)
class PlacedFace:
    """A picture with one face, and the float64 [2, 3] transform from its pixels to the face's chip."""

    image: Image
    to_chip: Floats


def portraits_dir() -> Path:
    """The folder of the public-domain portraits."""
    return shipped_models_dir() / "portraits"


def place_faces(folder: Path, finder: Finder, alignment: Alignment) -> tuple[PlacedFace, ...]:
    """The best face of every picture in `folder`, by name. Raises `ImageError`, also for a picture without a face."""
    return tuple(_place_face(path, finder, alignment) for path in image_files(folder))


def augmented(faces: tuple[PlacedFace, ...], size_px: int) -> Chips:
    """`CHIPS_PER_PORTRAIT` chips of each face, moved and lit in ways drawn from a generator of fixed seed."""
    generator = np.random.default_rng(SEED)
    return np.stack(
        [_lit(_moved(face, size_px, generator), generator) for face in faces for _ in range(CHIPS_PER_PORTRAIT)]
    )


def read_chips(folder: Path, size_px: int) -> Chips:
    """The user's own chips, by name. Raises `ImageError` for one that cannot be read, or of another size."""
    return np.stack([_read_chip(path, size_px) for path in image_files(folder)])


def _place_face(path: Path, finder: Finder, alignment: Alignment) -> PlacedFace:
    """Landmarks are rounded to a tenth of a pixel, so that another machine's last bits make the same chips."""
    image = read_image(path)
    faces = finder.detector.detect(image)
    if not faces:
        raise ImageError(f"No face was found in {path}.", hint="Give a portrait of one face that looks ahead.")
    points = template_points(finder.mesh.locate(image, faces[0]), alignment).round(1)
    return PlacedFace(image, fit_similarity(points, np.asarray(alignment.template, np.float64)))


def _moved(face: PlacedFace, size_px: int, generator: np.random.Generator) -> Image:
    """The chip turned, shifted, and stretched into another shape of face.

    Without the stretch, neurons that answer to shapes of face unlike those of the two portraits stay silent, their
    ranges come out too narrow, and the embeddings of other people suffer.
    """
    shape = _rotation(generator) @ _stretch(generator)
    middle = np.full(2, size_px / 2)
    shift = middle - shape @ middle + generator.uniform(-0.05, 0.05, 2) * size_px
    transform = shape @ face.to_chip
    transform[:, 2] += shift
    return np.asarray(cv2.warpAffine(face.image, transform, (size_px, size_px)), np.uint8)


def _rotation(generator: np.random.Generator) -> Floats:
    angle = np.radians(generator.uniform(-12, 12))
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _stretch(generator: np.random.Generator) -> Floats:
    width, height = np.exp(generator.uniform(-MAX_STRETCH, MAX_STRETCH, 2))
    return np.array([[width, generator.uniform(-0.15, 0.15)], [0, height]])


def _lit(chip: Image, generator: np.random.Generator) -> Image:
    """The chip, maybe blurred, mirrored or gray, in another light, with the noise of a sensor."""
    light = _blurred(chip / 255, generator)
    if generator.random() < 0.5:
        light = light[:, ::-1]
    if generator.random() < 0.25:
        light = np.repeat(light @ (0.299, 0.587, 0.114), 3).reshape(light.shape)
    light = light ** generator.uniform(0.6, 1.6)
    light = (light - 0.5) * generator.uniform(0.6, 1.2) + generator.uniform(0.3, 0.7)
    light = light + generator.normal(0, generator.uniform(0, 0.015), light.shape)
    return (np.clip(light, 0, 1) * 255).round().astype(np.uint8)


def _blurred(light: Floats, generator: np.random.Generator) -> Floats:
    sigma = generator.uniform(-1.5, 2.0)
    return light if sigma < 0.2 else np.asarray(cv2.GaussianBlur(light, (0, 0), sigma), np.float64)


def _read_chip(path: Path, size_px: int) -> Image:
    chip = read_image(path)
    if chip.shape != (size_px, size_px, 3):
        raise ImageError(
            f"{path} has {chip.shape[1]}x{chip.shape[0]} pixels, expected an aligned chip of {size_px}x{size_px}.",
            hint="Align the faces first; the manifest of face-embedding states the template.",
        )
    return chip
