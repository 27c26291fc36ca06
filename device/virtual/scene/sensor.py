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
    noise = _noise()
    begin = int(np.random.default_rng(seed).integers(noise.size - canvas.size))
    canvas += noise[begin : begin + canvas.size].reshape(canvas.shape)
    return np.asarray(cv2.convertScaleAbs(np.maximum(canvas, 0, out=canvas)), np.uint8)


@functools.cache
def _noise() -> NDArray[np.float32]:
    """Noise of which each picture takes another stretch: to draw all of it again takes most of a picture's time."""
    drawn = np.random.default_rng(0).standard_normal(4_000_037, np.float32)
    return np.asarray(drawn * np.float32(NOISE_LEVELS), np.float32)


@functools.cache
def _falloff(shape: tuple[int, int]) -> NDArray[np.float32]:
    height, width = shape
    down, right = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    return np.asarray(1 - _CORNER * (down**2 + right**2) / 2, np.float32)[:, :, None]
