"""How a head is turned: all of the mesh's points in three dimensions, laid on a mean face (Kabsch 1976).

Between the mesh and the cues of a frame. `device.vision.quality.pose` judges pictures by a few pairs of points; a turn
of the head is measured here, by all of them, so that no single point carries it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.vision.detector import Detector
from device.vision.landmarks import FaceMesh, Landmarks
from device.vision.portraits import mesh_of, shipped_portraits

ROUNDS = 5
"""Of laying the meshes on their mean until it stays as it is."""

Points = NDArray[np.float64]
"""The mesh's points, float64 [468, 3]: right, down, away from the camera, in pixels of the frame."""


@dataclass(frozen=True, eq=False)
class MeanFace:
    """A face that looks straight ahead: points around their middle, of root mean square 1, float64 [468, 3]."""

    points: Points = field(repr=False)

    def pose(self, mesh: Landmarks) -> tuple[float, float]:
        """Yaw and pitch of a head against this face, degrees: yaw is positive to the person's own left, pitch when the
        chin comes forward.
        """
        ahead = rotation(self.points, normalized(points_of(mesh)))[:, 2]
        yaw, pitch = np.arctan2(-ahead[0], ahead[2]), np.arcsin(np.clip(ahead[1], -1.0, 1.0))
        return float(np.degrees(yaw)), float(np.degrees(pitch))


def mean_face_of(detector: Detector, mesh: FaceMesh) -> MeanFace:
    """The mean of the shipped portraits and their mirror images, which is as symmetric as a face is and looks straight
    ahead. Raises `ModelError` if a portrait is missing or shows no face.
    """
    pictures = [picture for portrait in shipped_portraits() for picture in (portrait, _mirrored(portrait))]
    return mean_face([points_of(mesh_of(picture, detector, mesh)) for picture in pictures])


def mean_face(meshes: Sequence[Points]) -> MeanFace:
    """The mean shape of several meshes, each laid on it (Gower 1975); it looks where their mean does."""
    shapes = [normalized(mesh) for mesh in meshes]
    mean = normalized(np.mean(shapes, axis=0))
    for _ in range(ROUNDS):
        mean = normalized(np.mean([shape @ rotation(mean, shape) for shape in shapes], axis=0))
    return MeanFace(mean)


def rotation(mean: Points, shape: Points) -> Points:
    """The rotation, float64 [3, 3], that lays a mean on a shape: `shape` is nearest to `mean @ rotation.T`."""
    u, _, vt = np.linalg.svd(shape.T @ mean)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return np.asarray(u @ flip @ vt)


def normalized(points: Points) -> Points:
    """Around their middle, of root mean square 1."""
    centered = points - points.mean(axis=0)
    return np.asarray(centered / max(float(np.sqrt(np.mean(np.square(centered)))), 1e-9))


def points_of(mesh: Landmarks) -> Points:
    """The mesh's points in three dimensions."""
    return np.column_stack([mesh.points, mesh.depths]).astype(np.float64)


def _mirrored(picture: Image) -> Image:
    return np.ascontiguousarray(cv2.flip(picture, 1), np.uint8)
