"""How a face is lit: level, contrast, darkness of a part, one side against the other, and what is behind it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Box, Image
from device.vision.quality.plate import SIZE_PX, Plate

BLACK, WHITE = 8, 250
"""Luma up to which a pixel shows nothing but black, and from which nothing but white."""
_DARKEST, _BRIGHTEST = 0.05, 0.95
_FOREHEAD, _CHIN = 10, 152


def level(plate: Plate) -> float:
    """Mean luma of the face, 0..255."""
    return float(plate.luma[plate.face].mean()) if plate.face.any() else 0.0


def contrast(plate: Plate) -> float:
    """Gray levels between the darkest and the brightest twentieth of the face, 0..255."""
    counts = np.cumsum(np.bincount(plate.luma[plate.face], minlength=256))
    low, high = (int(np.searchsorted(counts, share * counts[-1])) for share in (_DARKEST, _BRIGHTEST))
    return float(high - low)


def black_share(plate: Plate) -> float:
    """Share of the face that is black, 0..1."""
    return float(np.mean(plate.luma[plate.face] <= BLACK)) if plate.face.any() else 1.0


def white_share(plate: Plate) -> float:
    """Share of the face that is white, 0..1."""
    return float(np.mean(plate.luma[plate.face] >= WHITE)) if plate.face.any() else 1.0


def side_light(plate: Plate) -> float:
    """How much brighter one side of the face is than the other: their difference by their sum, 0..1."""
    middle = float(plate.points[[_FOREHEAD, _CHIN], 0].mean())
    columns = np.arange(SIZE_PX) < middle
    right, left = (plate.luma[plate.face & side] for side in (columns, ~columns))
    if not right.size or not left.size:
        return 1.0
    a, b = float(right.mean()), float(left.mean())
    return abs(a - b) / max(a + b, 1.0)


def surroundings(picture: Image, box: Box) -> float:
    """Mean luma beside and above a face's box, a box's width each way, 0..255; 0 if nothing of it is in the picture."""
    height, width = picture.shape[:2]
    left, right = max(0, round(box.left - box.width)), min(width, round(box.left + 2 * box.width))
    top, bottom = max(0, round(box.top - box.height)), min(height, round(box.top + box.height))
    around = np.asarray(picture[top:bottom:4, left:right:4])
    if around.size == 0:
        return 0.0
    luma: NDArray[np.uint8] = np.asarray(cv2.cvtColor(np.ascontiguousarray(around), cv2.COLOR_RGB2GRAY), np.uint8)
    return float(luma.mean())
