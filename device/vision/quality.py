"""Judges whether a face's picture is good enough to compare, and if not, why."""

import cv2
import numpy as np

from device.config import VisionSettings
from device.records import Box, Image, Quality, Reason
from device.vision.landmarks import Landmarks

_RIGHT_EYE, _LEFT_EYE, _NOSE_TIP = 33, 263, 1
"""The face mesh's outer eye corners and the tip of the nose."""


def measure(landmarks: Landmarks, chip: Image) -> Quality:
    """The quality of a face from its landmarks in the frame and its chip."""
    luma = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY)
    return Quality(
        face_px=float(np.ptp(landmarks.points, axis=0).max()),
        brightness=float(luma.mean()),
        sharpness=float(cv2.Laplacian(luma, cv2.CV_32F).var()),
        turn=turn(landmarks),
    )


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
        (quality.sharpness < limits.min_sharpness, Reason.FACE_BLURRED),
    )
    return next((reason for wrong, reason in rules if wrong), None)


def _share_inside(box: Box, frame: tuple[int, int]) -> float:
    height, width = frame
    across = min(box.left + box.width, width) - max(box.left, 0)
    down = min(box.top + box.height, height) - max(box.top, 0)
    return max(across, 0.0) * max(down, 0.0) / max(box.area, 1e-9)
