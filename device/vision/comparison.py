"""Compares embeddings: cosine similarity, -1..1, higher is closer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from device.records import Embedding


def similarity(probe: Embedding, reference: Embedding) -> float:
    """The cosine of two unit vectors."""
    return float(np.dot(probe, reference))


def fused_similarity(probes: Sequence[Embedding], references: Sequence[Embedding] | NDArray[np.float32]) -> float:
    """The mean similarity over all pairs of a probe and a reference.

    The mean of many pairs scatters less than one pair around the same level: a threshold that was set for single pairs
    holds its false match rate. (Averaging the vectors and making them unit length again would lift every score.)
    Raises `ValueError` without a probe or a reference.
    """
    if len(probes) == 0 or len(references) == 0:
        raise ValueError("a comparison needs at least one probe and one reference")
    return float(np.mean(np.asarray(probes) @ np.asarray(references).T))
