"""Whether a camera sees the door's own surroundings beside a face: a screen or a sheet held before it hides them.

A door's camera does not move, so that the edges of the empty view can be learnt and looked for again. Between the
frames (`device/cameras`), of which empty ones are learnt from, and the verdict on a presentation (`device/policy`).
Kept are edges in coarse blocks, never a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Box, Image

WIDTH = 160
"""Pixels across at which everything here works; the height follows the frame's."""
BLOCK = 8
"""Pixels across a block."""
TEXTURED = 2.5
"""Root mean square of a block's gradients, in gray levels a pixel, from which on it has edges to be known by."""
SEEN = 0.5
"""Correlation of a block's gradients from which on it is the one that was learnt."""
RING = (0.95, 2.2)
"""Where the surroundings of a head are looked for, in widths of the face's box from its middle."""
SHOULDERS = 0.6
"""How far below the middle of the face's box the surroundings end, in heights of the box."""

Gray = NDArray[np.uint8]
"""What is learnt from: uint8 [height, 160]."""
Blocks = NDArray[np.bool_]
"""A value for each block, bool [rows, columns]."""


@dataclass(frozen=True, slots=True)
class SceneMatch:
    """How much of what is known of the surroundings is seen."""

    known: int
    """Blocks that were looked for."""
    seen: int

    @property
    def share(self) -> float:
        """Of the known blocks those that are seen, 0..1; 1 if none is known."""
        return self.seen / self.known if self.known else 1.0


@dataclass(frozen=True, eq=False)
class Scene:
    """The edges of an empty view: gradients in gray levels a pixel, float32 [rows, columns, 128], each block's."""

    gradients: NDArray[np.float32] = field(repr=False)

    @cached_property
    def textured(self) -> Blocks:
        """The blocks that have edges."""
        return np.asarray(_rms(self.gradients) >= TEXTURED)

    def fits(self, gray: Gray) -> bool:
        """Whether a picture has the size of those it was learnt from."""
        rows, columns = gray.shape
        return (rows // BLOCK, columns // BLOCK) == self.gradients.shape[:2]

    def match(self, gray: Gray) -> SceneMatch:
        """How much of the whole view is as it was learnt. Raises `ValueError` for a picture of another size."""
        return self._counted(gray, self.textured)

    def match_around(self, gray: Gray, face: Box, frame_width: int) -> SceneMatch:
        """How much is seen around a face, whose box is in pixels of a frame of that width. Raises `ValueError`."""
        return self._counted(gray, self.textured & beside(face, frame_width, self.textured.shape))

    def _counted(self, gray: Gray, looked_at: Blocks) -> SceneMatch:
        now = _blocks_of(gray)
        if now.shape != self.gradients.shape:
            raise ValueError(f"expected a picture of {self.gradients.shape[:2]} blocks, received {now.shape[:2]}")
        there = _correlation(now, self.gradients) > SEEN
        return SceneMatch(int(looked_at.sum()), int((there & looked_at).sum()))


def small(image: Image) -> Gray:
    """A frame as it is learnt from: gray, 160 pixels across."""
    height, width = image.shape[:2]
    size = (WIDTH, max(BLOCK, round(height * WIDTH / width)))
    reduced = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(reduced, cv2.COLOR_RGB2GRAY), np.uint8)


def learnt(grays: Sequence[Gray]) -> Scene:
    """The scene that several pictures of the empty view show; what moved in less than half of them is not in it.

    Raises `ValueError` for none.
    """
    if not grays:
        raise ValueError("expected at least one picture of the empty view")
    return Scene(_blocks_of(np.median(np.stack(grays), axis=0).astype(np.float32)))


def beside(face: Box, frame_width: int, shape: tuple[int, ...]) -> Blocks:
    """The blocks of the surroundings of a face: beside and above the head, not the shoulders below it."""
    scale = WIDTH / frame_width / BLOCK
    (x, y), width, height = face.center, face.width * scale, face.height * scale
    rows, columns = np.indices(shape[:2]) + 0.5
    across, down = columns - x * scale, rows - y * scale
    distance = np.hypot(across, down) / max(width, 1e-6)
    return np.asarray((distance >= RING[0]) & (distance <= RING[1]) & (down <= SHOULDERS * height))


def _blocks_of(gray: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
    """The gradients of each block, float32 [rows, columns, 128]; a rest at the right and below is left out."""
    pixels = gray.astype(np.float32)
    across, down = cv2.Sobel(pixels, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(pixels, cv2.CV_32F, 0, 1, scale=1 / 8)
    rows, columns = (size // BLOCK for size in pixels.shape)
    both = np.stack([across, down], axis=-1)[: rows * BLOCK, : columns * BLOCK]
    blocks = both.reshape(rows, BLOCK, columns, BLOCK, 2).swapaxes(1, 2)
    return np.ascontiguousarray(blocks.reshape(rows, columns, -1), np.float32)


def _rms(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.sqrt(np.mean(np.square(blocks), axis=-1) * 2), np.float32)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    product = np.einsum("rcv,rcv->rc", one, other)
    lengths = np.sqrt(np.einsum("rcv,rcv->rc", one, one) * np.einsum("rcv,rcv->rc", other, other))
    return np.asarray(product / np.maximum(lengths, 1e-6), np.float32)
