"""Judges whether a face's picture is good enough to compare, and if not, why."""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Box, Image, Quality, Reason
from device.settings.tables import VisionSettings
from device.vision.landmarks import Landmarks

_RIGHT_EYE, _LEFT_EYE, _NOSE_TIP = 33, 263, 1
"""The face mesh's outer eye corners and the tip of the nose."""

_BLUR_SIZE, _BLUR_WINDOW = 75, 9


def measure(landmarks: Landmarks, chip: Image) -> Quality:
    """The quality of a face from its landmarks in the frame and its chip."""
    luma = np.asarray(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), np.uint8)
    return Quality(
        face_px=float(np.ptp(landmarks.points, axis=0).max()),
        brightness=float(luma.mean()),
        blur=blur(luma),
        turn=turn(landmarks),
    )


def blur(luma: NDArray[np.uint8]) -> float:
    """How blurred a picture is, 0..1: the share of its edges that is still there after blurring it once more.

    Crete et al. 2007, "The blur effect", which contrast does not sway as it does the variance of the Laplacian; at half
    size, so that a sensor's noise does not look like edges.
    """
    small = cv2.resize(luma, (_BLUR_SIZE, _BLUR_SIZE), interpolation=cv2.INTER_AREA).astype(np.float32)
    inner = small[_BLUR_SIZE // 8 : -(_BLUR_SIZE // 8), _BLUR_SIZE // 8 : -(_BLUR_SIZE // 8)]
    return max(_edges_left(inner, axis) for axis in (0, 1))


def _edges_left(picture: NDArray[np.float32], axis: int) -> float:
    window = (1, _BLUR_WINDOW) if axis == 0 else (_BLUR_WINDOW, 1)
    edges = np.abs(np.diff(picture, axis=axis))
    after = np.abs(np.diff(cv2.blur(picture, window), axis=axis))
    lost = float(np.maximum(0.0, edges - after).sum())
    return 1.0 - lost / max(float(edges.sum()), 1e-6)


def blur_in(box: Box, image: Image) -> float:
    """How blurred the part of an image inside a box is, 0..1; 0 if nothing of it is in the image."""
    height, width = image.shape[:2]
    left, top = max(0, round(box.left)), max(0, round(box.top))
    part = image[top : min(height, round(box.top + box.height)), left : min(width, round(box.left + box.width))]
    return blur(np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.uint8)) if part.size else 0.0


def turn(landmarks: Landmarks) -> float:
    """How far the nose is off the middle between the eyes, along their line, as a share of their distance."""
    right, left, nose = (landmarks.points[index].astype(np.float64) for index in (_RIGHT_EYE, _LEFT_EYE, _NOSE_TIP))
    across = left - right
    return float(np.dot(nose - (left + right) / 2, across) / max(np.dot(across, across), 1e-9))


def complaint(quality: Quality, box: Box, frame: tuple[int, int], limits: VisionSettings) -> Reason | None:
    """The first thing that is wrong with a face in a frame of (height, width), or None if it is good enough."""
    rules = (
        (quality.face_px < limits.min_face_px, Reason.FACE_TOO_SMALL),
        (_share_inside(box, frame) < limits.min_share_in_view, Reason.FACE_CUT_OFF),
        (quality.brightness < limits.min_brightness, Reason.FACE_TOO_DARK),
        (quality.brightness > limits.max_brightness, Reason.FACE_TOO_BRIGHT),
        (abs(quality.turn) > limits.max_turn, Reason.FACE_TURNED),
        (quality.blur > limits.max_blur, Reason.FACE_BLURRED),
    )
    return next((reason for wrong, reason in rules if wrong), None)


def _share_inside(box: Box, frame: tuple[int, int]) -> float:
    height, width = frame
    across = min(box.left + box.width, width) - max(box.left, 0)
    down = min(box.top + box.height, height) - max(box.top, 0)
    return max(across, 0.0) * max(down, 0.0) / max(box.area, 1e-9)
