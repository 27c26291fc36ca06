"""How a head is held, from the mesh's points in three dimensions, and how far its eyes are open."""

import math

import numpy as np
from numpy.typing import NDArray

from device.vision.landmarks import Landmarks

_PAIRS = ((33, 263), (133, 362), (127, 356), (234, 454), (61, 291), (98, 327), (105, 334))
"""Points of the right half of the face and their mirror images."""
_FOREHEAD, _CHIN = 10, 152
_EYES = ((33, 133), (263, 362))
_LIDS = ((159, 145), (386, 374))
"""Middle of the upper and of the lower lid, of the right and the left eye."""
_RIGHT_EYE, _LEFT_EYE, _NOSE_TIP = 33, 263, 1


def pose(mesh: Landmarks) -> tuple[float, float, float]:
    """Yaw, pitch and roll of the head, degrees.

    Yaw is positive when the person turns to their own left, pitch when the chin comes forward, roll when the head
    leans clockwise in the picture. A face that looks into the camera is within some degrees of 0 in all three.
    """
    points = np.column_stack([mesh.points, mesh.depths]).astype(np.float64)
    across = _unit(np.sum([points[left] - points[right] for right, left in _PAIRS], axis=0))
    down = points[_CHIN] - points[_FOREHEAD]
    down = _unit(down - across * float(down @ across))
    yaw = math.atan2(across[2], math.hypot(across[0], across[1]))
    pitch = -math.atan2(down[2], math.hypot(down[0], down[1]))
    roll = math.atan2(across[1], across[0])
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def eyes_px(mesh: Landmarks) -> float:
    """Distance between the middles of the eyes in the frame, pixels."""
    right, left = (mesh.points[list(corners)].mean(axis=0) for corners in _EYES)
    return float(np.hypot(*(left - right)))


def eyes_open(mesh: Landmarks) -> float:
    """How far the more open eye is open: height by width, 0..1; some 0.3 as a rule."""
    shares = []
    for lids, corners in zip(_LIDS, _EYES, strict=True):
        height, width = (float(np.hypot(*np.subtract(*mesh.points[list(pair)]))) for pair in (lids, corners))
        shares.append(height / max(width, 1e-6))
    return max(shares)


def turn(mesh: Landmarks) -> float:
    """How far the nose is off the middle between the eyes, along their line, as a share of their distance."""
    right, left, nose = (mesh.points[index].astype(np.float64) for index in (_RIGHT_EYE, _LEFT_EYE, _NOSE_TIP))
    across = left - right
    return float(np.dot(nose - (left + right) / 2, across) / max(np.dot(across, across), 1e-9))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
