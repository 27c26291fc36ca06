"""Draws what the virtual camera sees: figures in front of a wall, moved, lit and blurred, with a sensor's noise."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.virtual.figures import Figure, Place

WIDTH, HEIGHT = 640, 480
NOISE_LEVELS = 3.0
"""Standard deviation of the sensor's noise, in levels of 0..255."""

_SWAY_PX, _SWAY_HZ, _TILT_DEG = 3.0, 0.4, 1.5
_FEATHER = 0.06
_NOISE_STEP = 31_337
"""How far one field of noise is rolled from frame to frame; drawing it again takes most of a frame's time."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Figures and their pictures by name; drawn for any moment."""

    figures: tuple[Figure, ...]
    images: Mapping[str, Image]

    def draw(self, elapsed_s: float, seed: int) -> Image:
        """The camera's picture `elapsed_s` after the scene began, RGB uint8 [480, 640, 3]; alike for the same seed."""
        canvas = _wall()
        for figure in self.figures:
            canvas = _with_figure(canvas, figure, self.images[figure.image], elapsed_s)
        canvas += np.roll(_noise(), seed * _NOISE_STEP)
        return np.clip(canvas, 0, 255).astype(np.uint8)


def place_at(figure: Figure, elapsed_s: float) -> Place:
    """Where a figure stands at a moment: on a straight way from start to end, then at the end."""
    share = 1.0 if figure.walk_s == 0 else min(1.0, elapsed_s / figure.walk_s)

    def between(start: float, end: float) -> float:
        return start + (end - start) * share

    start, end = figure.start, figure.end
    return Place(x=between(start.x, end.x), y=between(start.y, end.y), size=between(start.size, end.size))


@functools.cache
def _noise() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0.0, NOISE_LEVELS, (HEIGHT, WIDTH, 3)).astype(np.float32)


def _wall() -> NDArray[np.float32]:
    shade = np.linspace(150, 110, HEIGHT, dtype=np.float32)[:, None, None]
    return np.broadcast_to(shade * np.array([1.0, 0.98, 0.94], np.float32), (HEIGHT, WIDTH, 3)).copy()


def _with_figure(canvas: NDArray[np.float32], figure: Figure, image: Image, elapsed_s: float) -> NDArray[np.float32]:
    transform = _transform(image, place_at(figure, elapsed_s), elapsed_s)
    scale = math.hypot(transform[0, 0], transform[1, 0])
    lit = image.astype(np.float32) * np.float32(figure.light)
    sigma = math.hypot(figure.blur_px, max(0.0, 0.5 / scale - 0.5))
    if sigma > 0:
        lit = cv2.GaussianBlur(lit, (0, 0), sigma).astype(np.float32)
    seen = cv2.warpAffine(lit, transform, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    mask = cv2.warpAffine(_soft_edges(image.shape[:2]), transform, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    return np.asarray(canvas + (seen - canvas) * mask[:, :, None], np.float32)


def _transform(image: Image, place: Place, elapsed_s: float) -> NDArray[np.float64]:
    """From the picture to the frame: sized, placed, and swaying a little like a standing person."""
    height, width = image.shape[:2]
    phase = 2 * math.pi * _SWAY_HZ * elapsed_s
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), _TILT_DEG * math.sin(phase), place.size * HEIGHT / height)
    matrix[0, 2] += place.x * WIDTH + _SWAY_PX * math.sin(0.7 * phase) - width / 2
    matrix[1, 2] += place.y * HEIGHT + _SWAY_PX * math.cos(phase) - height / 2
    return np.asarray(matrix, np.float64)


def _soft_edges(shape: tuple[int, int]) -> NDArray[np.float32]:
    """1 inside, falling to 0 towards the borders, so that a figure does not look like a picture on a wall."""
    ramps = [np.minimum(np.arange(n) + 1, np.arange(n)[::-1] + 1) / (_FEATHER * n) for n in shape]
    return np.minimum(np.minimum.outer(ramps[0], ramps[1]), 1.0).astype(np.float32)
