"""Frames of a camera that is mounted on its side or upside down, turned the right way up by right angles."""

from typing import Literal

import cv2
import numpy as np

from device.records import Image

_CODES = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def turned(image: Image, degrees: Literal[0, 90, 180, 270]) -> Image:
    """The picture turned clockwise, uint8[height, width, 3] or with both swapped; 0 gives the picture itself."""
    return np.asarray(cv2.rotate(image, _CODES[degrees]), np.uint8) if degrees else image
