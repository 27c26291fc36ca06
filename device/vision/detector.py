"""Finds faces in a frame with BlazeFace short range (Bazarevsky et al. 2019, arXiv:1907.05047).

The decoding follows MediaPipe's published graph: 896 anchors at cell centers, offsets in pixels of the 128x128 input,
weighted non-maximum suppression.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Box, Image
from device.vision.models import Model
from device.vision.runtime import Interpreter

Floats = NDArray[np.float32]

MIN_SCORE = 0.5
SUPPRESSION_IOU = 0.3
SMALL_FACE = 0.2
"""Below this share of the frame's longer side a face is small, and others like it may have been missed."""
PIECE = 0.75
"""The side of a piece, as a share of the frame's shorter side."""
LONGEST_ASPECT = 4
_GRIDS = ((16, 2), (8, 6))
"""(cells per side, anchors per cell) of BlazeFace short range's two feature maps."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A face: its box and the centers of its eyes in pixels of the frame, and the detector's score 0..1.

    The right eye is the person's own, thus left in the picture.
    """

    box: Box
    right_eye: tuple[float, float]
    left_eye: tuple[float, float]
    score: float


class Detector:
    """BlazeFace on whole frames."""

    def __init__(self, model: Model, *, threads: int = 1) -> None:
        self._interpreter = Interpreter(model, threads=threads)
        self._preprocessing = model.manifest.preprocessing
        self._size = model.manifest.inputs[0].shape[1]
        self._anchors = anchors()

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """The faces in an RGB image, best score first.

        In a whole frame BlazeFace misses some of the faces below about a seventh of its width; where it finds none
        or only small ones, the frame is looked at once more in pieces, so that no one far away is missed, nor a second
        one beside them.
        """
        found = self.once(image)
        small = SMALL_FACE * max(image.shape[:2])
        if any(face.box.width >= small for face in found):
            return found
        closer = [
            shifted(face, left, top)
            for left, top, side in pieces(*image.shape[:2])
            for face in self.once(image[top : top + side, left : left + side])
        ]
        return distinct((*closer, *found))

    def once(self, image: Image) -> tuple[Detection, ...]:
        """The faces that one look at an RGB image of any size shows, best score first."""
        letterboxed, scale = letterbox(image, self._size)
        tensor = letterboxed * np.float32(self._preprocessing.scale) + np.float32(self._preprocessing.offset)
        regressors, logits = self._interpreter.run(tensor[np.newaxis])
        rows, scores = decode(regressors[0], logits[0, :, 0], self._anchors, self._size)
        return tuple(
            _detection(row * self._size / scale, score) for row, score in suppress(rows, scores, SUPPRESSION_IOU)
        )


def shifted(face: Detection, right: float, down: float) -> Detection:
    """The detection in a picture that begins that many pixels further left and up."""
    box = Box(face.box.left + right, face.box.top + down, face.box.width, face.box.height)
    right_eye = (face.right_eye[0] + right, face.right_eye[1] + down)
    return Detection(box, right_eye, (face.left_eye[0] + right, face.left_eye[1] + down), face.score)


def pieces(height: int, width: int) -> Iterator[tuple[int, int, int]]:
    """Squares (left, top, side) along the middle of a frame from end to end, a quarter or more of each in the next.

    There are none in a strip longer than any camera's picture.
    """
    if max(height, width) > LONGEST_ASPECT * min(height, width):
        return
    side = max(1, round(PIECE * min(height, width)))
    count = 1 + math.ceil((max(height, width) - side) / (0.75 * side))
    for n in range(count):
        share = n / (count - 1) if count > 1 else 0.5
        along, across = round(share * (max(height, width) - side)), (min(height, width) - side) // 2
        yield (along, across, side) if width >= height else (across, along, side)


def distinct(faces: Iterable[Detection]) -> tuple[Detection, ...]:
    """The detections without those that overlap a better one, best score first."""
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(overlap(face.box, other.box) < SUPPRESSION_IOU for other in kept):
            kept.append(face)
    return tuple(kept)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    across = min(a.left + a.width, b.left + b.width) - max(a.left, b.left)
    down = min(a.top + a.height, b.top + b.height) - max(a.top, b.top)
    shared = max(across, 0.0) * max(down, 0.0)
    return shared / max(a.area + b.area - shared, 1e-9)


def anchors() -> Floats:
    """The anchors' centers, float32 [896, 2] as (x, y) in 0..1 of the input."""
    rows = []
    for cells, per_cell in _GRIDS:
        centers = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        grid = np.stack(np.meshgrid(centers, centers), axis=-1).reshape(-1, 2)
        rows.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(rows)


def letterbox(image: Image, size: int) -> tuple[Floats, float]:
    """The image shrunk to fit a square of `size`, its top left in place, black elsewhere: float32 [size, size, 3] and
    the scale.
    """
    height, width = image.shape[:2]
    scale = size / max(height, width)
    fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = np.zeros((size, size, 3), np.float32)
    canvas[: fitted[1], : fitted[0]] = cv2.resize(image, fitted, interpolation=cv2.INTER_AREA)
    return canvas, scale


def decode(regressors: Floats, logits: Floats, centers: Floats, size: int) -> tuple[Floats, Floats]:
    """The anchors above `MIN_SCORE` as rows (left, top, right, bottom, 6 key points x, y) in 0..1, and their scores
    0..1.

    `regressors` is float32 [896, 16], offsets from the anchor in pixels of the input; `logits` float32 [896].
    """
    scores = (1 / (1 + np.exp(-np.clip(logits, -80, 80)))).astype(np.float32)
    kept = scores >= MIN_SCORE
    offsets, origins = regressors[kept] / np.float32(size), centers[kept]
    middle, half = origins + offsets[:, :2], offsets[:, 2:4] / 2
    key_points = offsets[:, 4:] + np.tile(origins, 6)
    return np.hstack([middle - half, middle + half, key_points]).astype(np.float32), scores[kept]


def suppress(rows: Floats, scores: Floats, iou: float) -> list[tuple[Floats, float]]:
    """Weighted non-maximum suppression: overlapping rows become their mean, weighted by score."""
    left = np.argsort(-scores, kind="stable")
    merged = []
    while left.size:
        overlapping = _iou(rows[left[0]], rows[left]) >= iou
        overlapping[0] = True
        group = left[overlapping]
        merged.append((np.average(rows[group], axis=0, weights=scores[group]), float(scores[left[0]])))
        left = left[~overlapping]
    return merged


def _iou(row: Floats, rows: Floats) -> Floats:
    low, high = np.maximum(row[:2], rows[:, :2]), np.minimum(row[2:4], rows[:, 2:4])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(rows[:, 2:4] - rows[:, :2], axis=1)
    union = np.prod(row[2:4] - row[:2]) + areas - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def _detection(row: Floats, score: float) -> Detection:
    left, top, right, bottom, right_x, right_y, left_x, left_y = (float(value) for value in row[:8])
    return Detection(Box(left, top, right - left, bottom - top), (right_x, right_y), (left_x, left_y), score)
