"""The camera's sensor: light falls off towards the corners, and each picture has noise of its own, by seed."""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.virtual.scene.surfaces import Canvas

NOISE_LEVELS = 3.0
"""Standard deviation of the noise in a picture of medium brightness, in levels of 0..255."""
_CORNER = 0.12
"""How much darker the corners are."""


def exposed(canvas: Canvas, seed: int) -> Image:
    """The picture that a sensor makes of what falls on it, float32 [h, w, 3] in levels: RGB uint8 [h, w, 3].

    Alike for the same seed. The canvas is used up.
    """
    canvas *= _falloff(canvas.shape[:2])
    drawn = np.random.default_rng(seed).integers(0, 256, canvas.shape, np.uint8)
    canvas += cv2.LUT(drawn, _quantiles())
    return cv2.convertScaleAbs(np.maximum(canvas, 0, out=canvas)).astype(np.uint8, copy=False)


@functools.cache
def _quantiles() -> NDArray[np.float32]:
    """256 equally likely values of the normal distribution: drawing bytes takes a fifth of drawing normal numbers."""
    rng = np.random.default_rng(0)
    values = np.sort(rng.normal(0.0, 1.0, 256 * 256)).reshape(256, 256).mean(axis=1)
    return np.asarray(values / values.std() * NOISE_LEVELS, np.float32)


@functools.cache
def _falloff(shape: tuple[int, int]) -> NDArray[np.float32]:
    height, width = shape
    down, right = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    return np.asarray(1 - _CORNER * (down**2 + right**2) / 2, np.float32)[:, :, None]
