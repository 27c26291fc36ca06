"""What the pixels of a face are worth: blur, noise, and the blocks of strong compression."""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Box, Image

_BLUR_SIZE, _BLUR_WINDOW = 75, 9
_NOISE_SIZE = 85
"""The middle of a larger face is shrunk to this for its noise, as it will be for the network; none is enlarged."""
_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_BLOCK = 8
"""Side of JPEG's blocks, pixels."""


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


def blur_in(box: Box, picture: Image) -> float:
    """How blurred the part of a picture inside a box is, 0..1; 0 if nothing of it is in the picture."""
    part = _part(box, picture)
    return blur(np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.uint8)) if part.size else 0.0


def noise_in(box: Box, picture: Image) -> float:
    """The noise of a face in an RGB picture, gray levels (standard deviation); 0 if nothing of it is in the picture.

    Immerkaer 1996, "Fast noise variance estimation": the difference of two Laplacians, which a face's own edges hardly
    reach; here its median, which they reach even less.
    """
    part = _middle_of(box, picture)
    if min(part.shape[:2]) < 3:
        return 0.0
    scale = _NOISE_SIZE / max(part.shape[:2])
    if scale < 1:
        part = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    luma = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    answer = np.abs(cv2.filter2D(luma, cv2.CV_32F, _LAPLACIANS))
    return float(np.median(answer)) / (6 * 0.6745)


def blocks_in(box: Box, picture: Image) -> float:
    """How much stronger steps are where blocks of JPEG meet than elsewhere in a face; 1 without compression.

    Blocks show in a picture as it was decoded; resizing it hides them.
    """
    left, _, right, _ = _edges_of(box, picture)
    part = _part(box, picture)
    if part.shape[0] < 1 or right - left < 2 * _BLOCK:
        return 1.0
    luma = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    steps = np.abs(np.diff(luma, axis=1)).mean(axis=0)
    seam = (np.arange(left, left + len(steps)) % _BLOCK) == _BLOCK - 1
    return float(steps[seam].mean() / max(float(steps[~seam].mean()), 0.01))


def _edges_of(box: Box, picture: Image) -> tuple[int, int, int, int]:
    height, width = picture.shape[:2]
    right, bottom = min(width, round(box.left + box.width)), min(height, round(box.top + box.height))
    return max(0, round(box.left)), max(0, round(box.top)), right, bottom


def _part(box: Box, picture: Image) -> Image:
    left, top, right, bottom = _edges_of(box, picture)
    return np.ascontiguousarray(picture[top : max(top, bottom), left : max(left, right)])


def _middle_of(box: Box, picture: Image) -> Image:
    """The middle two thirds of a box each way, as far as they are in the picture."""
    inner = Box(box.left + box.width / 6, box.top + box.height / 6, box.width * 2 / 3, box.height * 2 / 3)
    return _part(inner, picture)
