"""The plate: a face brought to one size and upright, on which most measures of quality are taken.

It doesn't depend on the embedding network, so that limits hold for any network, and shows the face from forehead to
chin.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.vision.alignment import align, fit_similarity, template_points
from device.vision.landmarks import Landmarks
from device.vision.manifest import Alignment

SIZE_PX = 128
_EYES = Alignment(size_px=SIZE_PX, template=((34.0, 50.0), (94.0, 50.0)), landmarks=(33, 263))
"""Where the outer corners of the person's right and left eye come to lie."""
OUTLINE = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The mesh's outline of the face, clockwise from the top of the forehead."""


@dataclass(frozen=True, slots=True)
class Plate:
    """A face 128 pixels wide and high. `rgb` uint8 [128, 128, 3]; `luma` uint8 [128, 128], 0..255.

    `points` are the mesh's, float32 [468, 2] in pixels of the plate; `face` is where the face is, bool [128, 128].
    """

    rgb: Image = field(repr=False)
    luma: NDArray[np.uint8] = field(repr=False)
    points: NDArray[np.float32] = field(repr=False)
    face: NDArray[np.bool_] = field(repr=False)


def plate_of(picture: Image, mesh: Landmarks) -> Plate:
    """The plate of a face in an RGB picture."""
    rgb = align(picture, mesh, _EYES)
    to_plate = fit_similarity(template_points(mesh, _EYES), np.asarray(_EYES.template, np.float64))
    points = (mesh.points @ to_plate[:, :2].T + to_plate[:, 2]).astype(np.float32)
    luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    return Plate(rgb, luma, points, inside(points[list(OUTLINE)]))


def inside(corners: NDArray[np.float32]) -> NDArray[np.bool_]:
    """What lies inside a polygon, float32 [n, 2] in pixels of the plate: bool [128, 128]."""
    filled = np.zeros((SIZE_PX, SIZE_PX), np.uint8)
    limited = np.clip(np.round(corners), -4 * SIZE_PX, 4 * SIZE_PX)
    return np.asarray(cv2.fillPoly(filled, [limited.astype(np.int32)], (1,)), np.bool_)
