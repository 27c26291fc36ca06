"""Makes pictures of faces worse the way doors do: covered, dark, noisy, foggy, turned, compressed.

Enrollment compares new references with pictures that were made worse (`prototypes`); `lintel-convert quality` measures
what such pictures cost. A generator is what makes noise repeatable.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.vision.landmarks import Landmarks

Color = tuple[int, int, int]
WHITE, BLACK, BLUE = (235, 235, 235), (20, 20, 20), (70, 120, 190)
_DARK_GLASS = (12, 12, 14)
_JAW = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454)
"""The mesh's outline from the person's right ear over the chin to the left ear."""
_BRIDGE = 197
"""The middle of the bridge of the nose, where a mask ends."""
_RIGHT_EYE, _LEFT_EYE = (33, 133), (263, 362)
"""Outer and inner corner of each eye."""
_GLASS_WIDTH, _GLASS_HEIGHT = 0.95, 0.75
"""Half axes of a glass, as shares of the eye's width."""
_BROWS = (127, 70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 356)
"""From temple to temple along the upper edge of the brows."""
_FOREHEAD, _CHIN, _MOUTH = 10, 152, 13


def masked(image: Image, mesh: Landmarks, *, color: Color) -> Image:
    """With an even mask from the bridge of the nose to the chin."""
    outline = np.round(mesh.points[[*_JAW, _BRIDGE]]).astype(np.int32)
    return np.asarray(cv2.fillPoly(image.copy(), [outline], color, cv2.LINE_AA), np.uint8)


def with_glasses(image: Image, mesh: Landmarks) -> Image:
    """With dark glasses: an ellipse over each eye and a bar between them."""
    worn = image.copy()
    middles = []
    for corners in (_RIGHT_EYE, _LEFT_EYE):
        outer, inner = (mesh.points[corner].astype(np.float64) for corner in corners)
        middle, along = (outer + inner) / 2, inner - outer
        width = float(np.hypot(*along))
        axes = (max(1, round(_GLASS_WIDTH * width)), max(1, round(_GLASS_HEIGHT * width)))
        at = (round(middle[0]), round(middle[1]))
        angle = float(np.degrees(np.arctan2(along[1], along[0])))
        cv2.ellipse(worn, at, axes, angle, 0.0, 360.0, _DARK_GLASS, cv2.FILLED, cv2.LINE_AA)
        middles.append((at, max(1, round(width / 6))))
    (right, thick), (left, _) = middles
    return np.asarray(cv2.line(worn, right, left, _DARK_GLASS, thick, cv2.LINE_AA), np.uint8)


def with_hat(image: Image, mesh: Landmarks, *, color: Color) -> Image:
    """With a hat down to the lower edge of the brows."""
    brows, up = mesh.points[list(_BROWS)], mesh.points[_FOREHEAD] - mesh.points[_CHIN]
    lowered = brows - 0.02 * up
    crown = brows[::-1] + 0.6 * up
    outline = np.round(np.concatenate([lowered, crown])).astype(np.int32)
    return np.asarray(cv2.fillPoly(image.copy(), [outline], color, cv2.LINE_AA), np.uint8)


def behind_hand(image: Image, mesh: Landmarks) -> Image:
    """With a hand over the mouth: a patch of the forehead's own skin, with its shades."""
    up = mesh.points[_FOREHEAD] - mesh.points[_CHIN]
    height = float(np.hypot(*up))
    covered = np.zeros(image.shape[:2], np.uint8)
    center = (round(float(mesh.points[_MOUTH, 0])), round(float(mesh.points[_MOUTH, 1])))
    axes = (max(1, round(0.32 * height)), max(1, round(0.2 * height)))
    cv2.ellipse(covered, center, axes, 0.0, 0.0, 360.0, (1,), cv2.FILLED)
    shift = np.array([[1, 0, -0.72 * up[0]], [0, 1, -0.72 * up[1]]], np.float64)
    skin = cv2.warpAffine(image, shift, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.where(covered[..., np.newaxis] > 0, np.asarray(skin, np.uint8), image)


def noisy(image: Image, generator: np.random.Generator, *, sigma: float, gain: float = 1.0) -> Image:
    """Times `gain`, with Gaussian noise of that many gray levels on each channel."""
    return _bytes(image * np.float32(gain) + generator.normal(0.0, sigma, image.shape))


def foggy(image: Image, *, contrast: float) -> Image:
    """Each pixel nearer to mid gray: `contrast` is how much of the distance is left, 0..1."""
    return _bytes((image.astype(np.float32) - 128.0) * contrast + 128.0)


def half_black(image: Image, mesh: Landmarks) -> Image:
    """Black on one side of the line from forehead to chin, as in light from one side."""
    top, chin = (mesh.points[index].astype(np.float64) for index in (_FOREHEAD, _CHIN))
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    side = (chin[0] - top[0]) * (rows - top[1]) - (chin[1] - top[1]) * (columns - top[0])
    return np.where(side[..., np.newaxis] > 0, np.uint8(0), image)


def turned(image: Image, *, degrees: float) -> Image:
    """Turned about its middle, counterclockwise; what is uncovered is black."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR), np.uint8)


def mirrored(image: Image) -> Image:
    """Left and right swapped."""
    return np.ascontiguousarray(image[:, ::-1])


def compressed(image: Image, *, quality: int) -> Image:
    """Through a JPEG of that quality, 0..100."""
    encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


def drawn(image: Image) -> Image:
    """Black lines on white where the picture has edges."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(255 - cv2.Canny(gray, 60, 140), cv2.COLOR_GRAY2RGB), np.uint8)


def _bytes(picture: NDArray[np.floating]) -> Image:
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)
