"""Prototypes of worthless pictures: what a network makes of faces that nobody could recognize.

Such pictures of different people look alike to a network. A reference that matches one of these prototypes would match
many people's faces in the same condition, whatever the measures say of it. They depend on the network, so they are
computed from the shipped portraits when the first reference is taken: some 20 pictures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Embedding, Image
from device.vision.alignment import align
from device.vision.detector import Detector
from device.vision.embedder import Embedder
from device.vision.landmarks import FaceMesh, Landmarks
from device.vision.portraits import mesh_of, shipped_portraits
from device.vision.quality import worsening as made

SEED = 0
FACE_PX = 100.0
"""Width of the face that the portraits are shrunk to, about as it is at a door."""
LEAST_APART = 0.01
"""How much less than the threshold a prototype's similarity to the portraits as they are must be: in one that is
nearer the face can still be recognized, and it would refuse the person.
"""
_BLANK = (0, 90, 180, 255)
"""Gray levels of the blank chips."""


@dataclass(frozen=True, slots=True)
class Prototypes:
    """The kinds of worthless pictures and their unit vectors, float32 [n, length]."""

    kinds: tuple[str, ...]
    vectors: NDArray[np.float32] = field(repr=False)

    def resembled(self, embedding: Embedding, threshold: float) -> str | None:
        """The kind that an embedding matches best at the threshold, None if it matches none."""
        similarities = self.vectors @ embedding
        best = int(np.argmax(similarities))
        return self.kinds[best] if similarities[best] >= threshold else None


def prototypes_of(detector: Detector, mesh: FaceMesh, embedder: Embedder) -> Prototypes:
    """Those of a network. Raises `ModelError` if it has no threshold, or if the portraits are missing or altered."""
    threshold = embedder.network_rule.threshold(1, 1)
    portraits = [_small(picture, detector, mesh) for picture in shipped_portraits()]
    clean = np.stack([embedder.embed(align(picture, points, embedder.alignment)) for picture, points in portraits])
    chips = [chip for picture, points in portraits for chip in _worthless(picture, points, embedder)]
    chips += [("blank", np.full_like(chips[0][1], level)) for level in _BLANK]
    vectors = np.stack([embedder.embed(chip) for _, chip in chips])
    kept = (vectors @ clean.T).max(axis=1) < threshold - LEAST_APART
    return Prototypes(tuple(kind for (kind, _), keep in zip(chips, kept, strict=True) if keep), vectors[kept])


def _small(picture: Image, detector: Detector, mesh: FaceMesh) -> tuple[Image, Landmarks]:
    """The portrait with a face of `FACE_PX`, and its mesh."""
    scale = FACE_PX / float(np.ptp(mesh_of(picture, detector, mesh).points[:, 0]))
    small = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return small, mesh_of(small, detector, mesh)


def _worthless(picture: Image, points: Landmarks, embedder: Embedder) -> Sequence[tuple[str, Image]]:
    """The chips of one portrait made worthless in each way; the mesh is the portrait's own, as some ways leave none."""
    generator = np.random.default_rng(SEED)
    covered = [made.masked(picture, points, color=color) for color in (made.WHITE, made.BLACK, made.BLUE)]
    before: list[tuple[str, Image]] = [
        *(("covered", each) for each in covered),
        *(("covered", made.with_glasses(each, points)) for each in covered[:2]),
        ("dark and noisy", made.noisy(picture, generator, sigma=25, gain=0.1)),
        ("side-lit", made.noisy(made.half_black(picture, points), generator, sigma=20, gain=0.3)),
        ("foggy", made.foggy(picture, contrast=0.04)),
        ("drawn", made.drawn(picture)),
    ]
    chips = [(kind, align(each, points, embedder.alignment)) for kind, each in before]
    own = align(picture, points, embedder.alignment)
    turns: Sequence[Callable[[Image], Image]] = (
        lambda chip: made.turned(chip, degrees=120),
        lambda chip: made.turned(chip, degrees=180),
        lambda chip: made.turned(made.mirrored(chip), degrees=180),
    )
    return [*chips, *(("turned over", turn(own)) for turn in turns)]
