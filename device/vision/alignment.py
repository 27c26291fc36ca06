"""Brings a face to the chip its network was trained on: a similarity transform fitted to a few landmarks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.vision.landmarks import LANDMARK_COUNT, Landmarks
from device.vision.manifest import Alignment


def align(image: Image, landmarks: Landmarks, alignment: Alignment) -> Image:
    """The chip of a face, uint8 [size, size, 3]; what lies outside the picture is black."""
    to_chip = fit_similarity(template_points(landmarks, alignment), np.asarray(alignment.template, np.float64))
    shrunk, to_chip = _without_aliasing(image, to_chip)
    size = (alignment.size_px, alignment.size_px)
    return np.asarray(cv2.warpAffine(shrunk, to_chip, size, flags=cv2.INTER_LINEAR), np.uint8)


def template_points(landmarks: Landmarks, alignment: Alignment) -> NDArray[np.float64]:
    """Where the points of the alignment's template lie in the frame, float64 [n, 2] in pixels."""
    points = landmarks.points.astype(np.float64)
    return np.stack(
        [points[[which] if isinstance(which, int) else list(which)].mean(0) for which in alignment.landmarks]
    )


def fit_similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rotation, scale and shift that bring points [n, 2] nearest to others, in least squares: float64 [2, 3].

    With points as complex numbers the fit is one division (the two-dimensional case of Umeyama 1991); no reflection.
    """
    p, q = source @ (1, 1j), target @ (1, 1j)
    centered = p - p.mean()
    spread = float(np.sum(np.abs(centered) ** 2))
    factor = np.sum(np.conj(centered) * (q - q.mean())) / max(spread, 1e-12)
    shift = q.mean() - factor * p.mean()
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def _without_aliasing(image: Image, transform: NDArray[np.float64]) -> tuple[Image, NDArray[np.float64]]:
    """Shrinks large pictures by averaging first: bilinear sampling alone skips pixels below half scale."""
    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    if scale >= 0.5:
        return image, transform
    size = (max(1, round(image.shape[1] * 2 * scale)), max(1, round(image.shape[0] * 2 * scale)))
    shrunk = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    x_scale, y_scale = size[0] / image.shape[1], size[1] / image.shape[0]
    enlarge = np.array([[1 / x_scale, 0, (1 / x_scale - 1) / 2], [0, 1 / y_scale, (1 / y_scale - 1) / 2], [0, 0, 1]])
    return shrunk, transform @ enlarge


def names_its_points(alignment: Alignment) -> bool:
    """Whether there is a landmark of the mesh for each point of the template."""
    there = all(0 <= index < LANDMARK_COUNT for index in _indices(alignment))
    return there and len(alignment.template) == len(alignment.landmarks)


def _indices(alignment: Alignment) -> list[int]:
    """All landmarks that the alignment uses; a point made of none counts as one that does not exist."""
    groups = [(which,) if isinstance(which, int) else which or (-1,) for which in alignment.landmarks]
    return [index for group in groups for index in group]
