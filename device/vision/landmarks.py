"""468 points of a face with the MediaPipe face mesh (Kartynnik et al. 2019, arXiv:1907.06724)."""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.vision.detector import Detection
from device.vision.models import Model
from device.vision.runtime import Interpreter

LANDMARK_COUNT = 468
CROP_SCALE = 1.5
"""The mesh sees a square of this many times the longer side of the detector's box, as in MediaPipe's graph."""


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The mesh's points, float32 [468, 2] in pixels of the frame, and the probability 0..1 that there is a face at
    all. `depths`, float32 [468], are in pixels of the frame too, 0 in the head's middle, smaller nearer to the camera.
    """

    points: NDArray[np.float32] = field(repr=False)
    presence: float
    depths: NDArray[np.float32] = field(repr=False, default_factory=lambda: np.zeros(LANDMARK_COUNT, np.float32))


class FaceMesh:
    """The face mesh on one detected face."""

    def __init__(self, model: Model, *, threads: int = 1) -> None:
        self._interpreter = Interpreter(model, threads=threads)
        self._preprocessing = model.manifest.preprocessing
        self._size = model.manifest.inputs[0].shape[1]

    def locate(self, image: Image, face: Detection) -> Landmarks:
        """The landmarks of one face in an RGB image."""
        to_crop = crop_transform(face, self._size)
        crop = cv2.warpAffine(image, to_crop, (self._size, self._size), flags=cv2.INTER_LINEAR)
        tensor = crop * np.float32(self._preprocessing.scale) + np.float32(self._preprocessing.offset)
        coordinates, logit = self._interpreter.run(tensor[np.newaxis])
        in_crop = coordinates.reshape(-1, 3)
        back = cv2.invertAffineTransform(to_crop)
        points = in_crop[:, :2] @ back[:, :2].T + back[:, 2]
        depths = in_crop[:, 2] * np.float32(np.hypot(back[0, 0], back[1, 0]))
        presence = 1 / (1 + math.exp(-max(-80.0, float(logit.item()))))
        return Landmarks(points.astype(np.float32), presence, depths.astype(np.float32))


def crop_transform(face: Detection, size: int) -> NDArray[np.float64]:
    """The similarity, float64 [2, 3], from the frame to the mesh's square crop of `size`, turned so that the eyes are
    level.
    """
    (right_x, right_y), (left_x, left_y) = face.right_eye, face.left_eye
    angle = math.atan2(left_y - right_y, left_x - right_x)
    scale = size / (CROP_SCALE * max(face.box.width, face.box.height, 1.0))
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    center_x, center_y = face.box.center
    return np.array(
        [
            [cosine, sine, size / 2 - cosine * center_x - sine * center_y],
            [-sine, cosine, size / 2 + sine * center_x - cosine * center_y],
        ]
    )
