"""What covers a face, as far as mesh and pixels show it: a mask or a hand over the mouth, dark glasses, a hat."""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.vision.quality.light import contrast
from device.vision.quality.plate import SIZE_PX, Plate, inside

_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
_EYES = ((33, 133), (263, 362))
"""Outer and inner corner of each eye."""
_CHEEKS = (117, 118, 50, 36, 101, 346, 347, 280, 266, 330)
_ABOVE_BROWS = (9, 66, 69, 107, 108, 151, 296, 299, 336, 337)
_FINE, _COARSE = 1.2, 2.0
"""Blur of the plate before its edges and its skin are measured, pixels: less than that is noise."""
_LIP_MARGIN = np.ones((5, 5), np.uint8)
_EYE_ACROSS, _EYE_DOWN = 12, 7
"""Half the window on an eye, pixels of the plate."""


def edges(plate: Plate) -> NDArray[np.float32]:
    """The slope of the plate's luma at each pixel, gray levels a pixel, float32 [128, 128]."""
    smooth = cv2.GaussianBlur(plate.luma.astype(np.float32), (0, 0), _FINE)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(across, down), np.float32)


def mouth(plate: Plate, slopes: NDArray[np.float32]) -> float:
    """Mean slope at the lips as a share of the face's contrast: near 0 where something even covers the mouth."""
    lips = cv2.dilate(inside(plate.points[list(_LIPS)]).astype(np.uint8), _LIP_MARGIN).astype(bool)
    return float(slopes[lips].mean()) / max(contrast(plate), 1.0) if lips.any() else 0.0


def forehead(plate: Plate) -> float:
    """The brightest point above the brows as a share of the cheeks' luma: low under a dark hat, not under dark hair."""
    smooth = _smooth(plate)
    return float(_at(smooth, plate, _ABOVE_BROWS).max()) / max(float(np.median(_at(smooth, plate, _CHEEKS))), 1.0)


def eyes_bright(plate: Plate) -> float:
    """The brightest twentieth of the darker eye as a share of the cheeks' luma: low behind dark glasses."""
    cheeks = max(float(np.median(_at(_smooth(plate), plate, _CHEEKS))), 1.0)
    return min(_brightest(plate, corners) for corners in _EYES) / cheeks


def _smooth(plate: Plate) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(plate.luma, (0, 0), _COARSE), np.uint8)


def _at(luma: NDArray[np.uint8], plate: Plate, landmarks: tuple[int, ...]) -> NDArray[np.uint8]:
    """The luma at some of the mesh's points."""
    columns, rows = np.clip(np.round(plate.points[list(landmarks)]), 0, SIZE_PX - 1).astype(int).T
    return np.asarray(luma[rows, columns], np.uint8)


def _brightest(plate: Plate, corners: tuple[int, int]) -> float:
    column, row = (int(value) for value in np.round(plate.points[list(corners)].mean(axis=0)))
    rows = slice(max(0, row - _EYE_DOWN), max(0, row + _EYE_DOWN + 1))
    window = plate.luma[rows, max(0, column - _EYE_ACROSS) : max(0, column + _EYE_ACROSS + 1)]
    return float(np.sort(window, axis=None)[int(0.95 * (window.size - 1))]) if window.size else 0.0
