"""Finds who of many a probe resembles (1:N), and at how strict a level that may be called an identification. Pure.

The door does not come here: it verifies 1:1. A list of the most similar people is not an identification. Among N
strangers one is always the most similar, and the more there are, the more often one reaches a threshold by chance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.records import Embedding
from device.vision.comparison import fused
from device.vision.manifest import Fusion


@dataclass(frozen=True, slots=True)
class Level:
    """A threshold, and the false match rate of one comparison at it."""

    fmr: float
    threshold: float

    def fpir_bound(self, people: int) -> float:
        """The largest share of probes of strangers that reach the threshold with any enrolled person (FPIR).

        No more than the sum of the N comparisons' rates, however they depend on each other.
        """
        return min(1.0, people * self.fmr)

    def independent_fpir(self, people: int) -> float:
        """The same rate if the comparisons were independent: 1 - (1 - FMR)^N (ISO/IEC 19795-1).

        They are not quite: they share the probe, so that false matches come together, and the rate is rather lower.
        """
        return -math.expm1(people * math.log1p(-self.fmr))


@dataclass(frozen=True, slots=True)
class Rank:
    """Which template, by its row, and the similarity of the probe with it, higher is closer."""

    row: int
    similarity: float


def laxest_within(levels: Sequence[Level], people: int, fpir: float) -> Level | None:
    """The level with the lowest threshold at which `fpir_bound` is kept among `people`, if there is one."""
    kept = (level for level in levels if level.fpir_bound(people) <= fpir)
    return min(kept, key=lambda level: level.threshold, default=None)


def templates(references: Sequence[NDArray[np.float32]], fusion: Fusion) -> NDArray[np.float32]:
    """One template a person, float32 [people, length], of each person's references, float32 [n, length], n >= 1.

    A template is what the door compares with: the fused references. People with equally many are fused at once.
    """
    counts = np.array([len(vectors) for vectors in references], np.int64)
    fused_templates = np.empty((len(references), references[0].shape[1] if references else 0), np.float32)
    for count in np.unique(counts):
        rows = np.flatnonzero(counts == count).tolist()
        fused_templates[rows] = fused(np.stack([references[row] for row in rows]), fusion.least_reference_length)
    return fused_templates


def nearest(probe: Embedding, known: NDArray[np.float32], top: int, *, fusion: Fusion) -> tuple[Rank, ...]:
    """The `top` templates [people, length] most similar to a probe, the most similar first; equals in their order.

    The similarities are those of `device.vision.comparison.compare` with each person's references.
    """
    count = min(top, len(known))
    if count == 0:
        return ()
    similarities = known @ fused(probe[np.newaxis], fusion.least_probe_length)
    least = np.partition(similarities, len(similarities) - count)[len(similarities) - count]
    rows = np.flatnonzero(similarities >= least)
    order = rows[np.argsort(-similarities[rows], kind="stable")][:count]
    return tuple(Rank(int(row), float(similarities[row])) for row in order)
