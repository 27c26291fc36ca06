"""Finds faces that are small in a large photo: the detector's square, laid over it ever more closely.

Between `Detector`, which sees a whole picture at 128 x 128, and `photos`. Too slow for a door.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from device.records import Box, Image
from device.vision.detector import Detection, distinct, shifted

SQUARE_PX = 128
"""The side of what the detector sees."""
LARGE = 0.2
"""A face of this share of a square's side is large in it. From 0.16 on none is missed: both shipped portraits at 1,440
places.
"""
MIN_SCORE = 0.7
"""The detector's score from which on a face is taken: among so many squares some show what only resembles one."""
OVERLAP = 0.4
"""Share of a square that is in the next one too. A face up to this share of its side is whole in one of them."""

Shown = Callable[[float], object]
"""Gets the share of the work that is done, 0..1."""


class LooksOnce(Protocol):
    """What is used of a `Detector`."""

    def once(self, image: Image) -> tuple[Detection, ...]:
        """The faces seen in one look at a picture."""


@dataclass(frozen=True, slots=True)
class Level:
    """One size of squares over a picture.

    `side`: in the picture's pixels. `shape`: height and width to shrink the picture to, so that a side is `SQUARE_PX`.
    `corners`: of the squares there, as (left, top).
    """

    side: float
    shape: tuple[int, int]
    corners: tuple[tuple[int, int], ...]


def look_closer(
    detector: LooksOnce, image: Image, *, smallest_px: float, is_face: Callable[[Detection], bool], shown: Shown
) -> tuple[Detection, ...]:
    """The faces in an RGB image that `is_face` confirms, down to `smallest_px` wide, best score first.

    Squares are halved until one shows a large face. So a second face of half its size is found too, but not everyone
    in the background.
    """
    found: list[Detection] = []
    levels = levels_over(image.shape[0], image.shape[1], smallest_px)
    done, total = 0, sum(len(level.corners) for level in levels)
    for level in levels:
        height, width = level.shape
        small = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        seen: list[Detection] = []
        for corner in level.corners:
            seen += _in_square(detector, small, corner, level.side / SQUARE_PX)
            done += 1
            shown(done / total)
        faces = [face for face in distinct(seen) if is_face(face)]
        found += faces
        if any(face.box.width >= LARGE * level.side for face in faces):
            break
    return distinct(found)


def levels_over(height: int, width: int, smallest_px: float) -> tuple[Level, ...]:
    """The levels over a picture, the largest squares first, each side twice the next one's.

    In the last a face of `smallest_px` is large; in the first the squares are smaller than the longer side.
    """
    finest = smallest_px / LARGE
    count = max(0, math.ceil(math.log2(max(height, width) / finest)))
    return tuple(_level(height, width, finest * 2**n) for n in reversed(range(count)))


def _level(height: int, width: int, side: float) -> Level:
    shape = (max(1, round(height * SQUARE_PX / side)), max(1, round(width * SQUARE_PX / side)))
    return Level(side, shape, tuple((left, top) for top in _along(shape[0]) for left in _along(shape[1])))


def _along(length: int) -> list[int]:
    """Where squares begin along a side, evenly from end to end."""
    spare = max(0, length - SQUARE_PX)
    count = 1 + math.ceil(spare / ((1 - OVERLAP) * SQUARE_PX))
    return [round(n * spare / max(1, count - 1)) for n in range(count)]


def _in_square(detector: LooksOnce, small: Image, corner: tuple[int, int], scale: float) -> list[Detection]:
    """The faces in one square of a shrunk picture, in pixels of the picture that is `scale` times as large.

    Those that another square shows whole are left to it: of a part of a face the detector makes a face beside it.
    """
    left, top = corner
    seen = detector.once(small[top : top + SQUARE_PX, left : left + SQUARE_PX])
    whole = (face for face in seen if face.score >= MIN_SCORE and not _is_cut(face.box, corner, small.shape[:2]))
    return [_enlarged(shifted(face, left, top), scale) for face in whole]


def _is_cut(box: Box, corner: tuple[int, int], shape: tuple[int, ...]) -> bool:
    """Whether a box in a square reaches beyond a side that is not the picture's, and is whole in another square."""
    (left, top), (height, width) = corner, (shape[0], shape[1])
    beyond = (
        (box.left < 0 < left)
        or (box.top < 0 < top)
        or box.left + box.width > SQUARE_PX < width - left
        or box.top + box.height > SQUARE_PX < height - top
    )
    return beyond and max(box.width, box.height) <= OVERLAP * SQUARE_PX


def _enlarged(face: Detection, scale: float) -> Detection:
    box = Box(face.box.left * scale, face.box.top * scale, face.box.width * scale, face.box.height * scale)
    right_eye = (face.right_eye[0] * scale, face.right_eye[1] * scale)
    return Detection(box, right_eye, (face.left_eye[0] * scale, face.left_eye[1] * scale), face.score)
