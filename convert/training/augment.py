"""Varies chips in training, so that a network learns faces and not pictures: mirrored, moved, in another light."""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image

MAX_SHIFT = 0.05
"""As a share of the chip's size, in x and y."""
MAX_ZOOM = 0.1
"""Sizes are multiplied by e**-0.1 to e**0.1."""
MAX_CONTRAST = 0.3
MAX_BRIGHTNESS = 25.0


def varied(chip: Image, generator: np.random.Generator) -> NDArray[np.float32]:
    """The chip uint8 [size, size, 3] in a way drawn from `generator`: float32 of the same shape, 0..255."""
    return lit(moved(chip, generator), generator)


def moved(chip: Image, generator: np.random.Generator) -> Image:
    """Mirrored or not, shifted, zoomed; the edge is repeated where the picture ends."""
    size = chip.shape[0]
    middle = (size - 1) / 2
    zoom = float(np.exp(generator.uniform(-MAX_ZOOM, MAX_ZOOM)))
    x, y = generator.uniform(-MAX_SHIFT, MAX_SHIFT, 2) * size
    side = zoom if generator.random() < 0.5 else -zoom
    transform = np.array([[side, 0, middle - side * middle + x], [0, zoom, middle - zoom * middle + y]])
    return np.asarray(cv2.warpAffine(chip, transform, (size, size), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def lit(chip: Image, generator: np.random.Generator) -> NDArray[np.float32]:
    """With more or less contrast around its mean, and brighter or darker."""
    mean = np.float32(chip.mean())
    contrast = np.float32(generator.uniform(1 - MAX_CONTRAST, 1 + MAX_CONTRAST))
    brightness = np.float32(generator.uniform(-MAX_BRIGHTNESS, MAX_BRIGHTNESS))
    light = (chip.astype(np.float32) - mean) * contrast + mean + brightness
    return np.asarray(np.clip(light, 0, 255), np.float32)
