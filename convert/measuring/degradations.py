"""Worsens pictures of faces the way doors do: covered, dark, noisy, foggy, turned. Used to measure the quality gate.

Each condition is a function of a picture, its mesh and a random generator seeded by condition and picture: the same
picture is worsened in the same way each time, and no two pictures get the same noise.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image
from device.vision.landmarks import Landmarks

Degradation = Callable[[Image, Landmarks, np.random.Generator], Image]
"""From a picture, its mesh and a generator to the worsened picture."""

CLEAN = "clean"
_JAW = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454)
"""The mesh's outline from the person's right ear over the chin to the left ear."""
_BRIDGE = 197
"""The middle of the bridge of the nose, where a mask ends."""
_RIGHT_EYE, _LEFT_EYE = (33, 133), (263, 362)
"""Outer and inner corner of each eye."""
_GLASS_WIDTH, _GLASS_HEIGHT = 0.95, 0.75
"""Half axes of a glass, as shares of the eye's width."""


def degrade(name: str, image: Image, landmarks: Landmarks, *, seed: int) -> Image:
    """The picture in the condition `name` of `CONDITIONS`; the same for the same seed. Raises `KeyError`."""
    digest = hashlib.sha256(f"{seed}/{name}/".encode() + np.ascontiguousarray(image).tobytes()).digest()
    generator = np.random.default_rng(int.from_bytes(digest[:8]))
    return CONDITIONS[name](image, landmarks, generator)


def _same(image: Image, _: Landmarks, __: np.random.Generator) -> Image:
    return image


def _masked(image: Image, landmarks: Landmarks, _: np.random.Generator, *, color: tuple[int, int, int]) -> Image:
    """An even mask from the bridge of the nose to the chin."""
    outline = landmarks.points[[*_JAW, _BRIDGE], :2]
    return np.asarray(cv2.fillPoly(image.copy(), [np.round(outline).astype(np.int32)], color, cv2.LINE_AA), np.uint8)


def _glasses(image: Image, landmarks: Landmarks, _: np.random.Generator) -> Image:
    """Dark glasses: an ellipse over each eye and a bar between them."""
    worn = image.copy()
    middles = []
    for corners in (_RIGHT_EYE, _LEFT_EYE):
        outer, inner = (landmarks.points[corner, :2].astype(np.float64) for corner in corners)
        middle, along = (outer + inner) / 2, inner - outer
        width = float(np.hypot(*along))
        axes = (max(1, round(_GLASS_WIDTH * width)), max(1, round(_GLASS_HEIGHT * width)))
        at = (round(middle[0]), round(middle[1]))
        angle = float(np.degrees(np.arctan2(along[1], along[0])))
        cv2.ellipse(worn, at, axes, angle, 0.0, 360.0, (12, 12, 14), cv2.FILLED, cv2.LINE_AA)
        middles.append((at, max(1, round(width / 6))))
    (right, thick), (left, _thick) = middles
    return np.asarray(cv2.line(worn, right, left, (12, 12, 14), thick, cv2.LINE_AA), np.uint8)


def _mask_and_glasses(image: Image, landmarks: Landmarks, generator: np.random.Generator) -> Image:
    return _glasses(_masked(image, landmarks, generator, color=(235, 235, 235)), landmarks, generator)


def _noisy(image: Image, _: Landmarks, generator: np.random.Generator, *, sigma: float, gain: float = 1.0) -> Image:
    """The picture times `gain`, with Gaussian noise of that many gray levels on each channel."""
    return _bytes(image * np.float32(gain) + generator.normal(0.0, sigma, image.shape))


def _foggy(image: Image, _: Landmarks, __: np.random.Generator, *, contrast: float) -> Image:
    """Each pixel that much nearer to mid gray."""
    return _bytes((image.astype(np.float32) - 128.0) * contrast + 128.0)


def _half_black(image: Image, landmarks: Landmarks, _: np.random.Generator) -> Image:
    """Black on one side of the line from forehead to chin, as in light from one side."""
    top, chin = (landmarks.points[index, :2].astype(np.float64) for index in (10, 152))
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    side = (chin[0] - top[0]) * (rows - top[1]) - (chin[1] - top[1]) * (columns - top[0])
    return np.where(side[..., np.newaxis] > 0, np.uint8(0), image)


def _turned(image: Image, _: Landmarks, __: np.random.Generator, *, degrees: float, mirrored: bool = False) -> Image:
    """Turned about its middle, counterclockwise; what is uncovered is black. `mirrored` swaps left and right first."""
    picture = np.ascontiguousarray(image[:, ::-1]) if mirrored else image
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR), np.uint8)


def _compressed(image: Image, _: Landmarks, __: np.random.Generator, *, quality: int) -> Image:
    """Through a JPEG of that quality, 0..100."""
    encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


def _bytes(picture: NDArray[np.floating]) -> Image:
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


CONDITIONS: Mapping[str, Degradation] = MappingProxyType(
    {
        CLEAN: _same,
        "mask-white": partial(_masked, color=(235, 235, 235)),
        "mask-black": partial(_masked, color=(20, 20, 20)),
        "mask-blue": partial(_masked, color=(70, 120, 190)),
        "glasses": _glasses,
        "mask-and-glasses": _mask_and_glasses,
        **{f"noise-{sigma}": partial(_noisy, sigma=sigma) for sigma in (10, 15, 20, 25, 40)},
        **{f"contrast-{contrast}": partial(_foggy, contrast=contrast) for contrast in (0.3, 0.15)},
        "dark-and-noisy": partial(_noisy, sigma=20, gain=0.45),
        "half-black": _half_black,
        **{f"turned-{degrees}": partial(_turned, degrees=degrees) for degrees in (90, 105, 180)},
        "mirrored": partial(_turned, degrees=0, mirrored=True),
        "turned-180-mirrored": partial(_turned, degrees=180, mirrored=True),
        "jpeg-5": partial(_compressed, quality=5),
    }
)
"""All conditions by name; `CLEAN` leaves the picture as it is."""
