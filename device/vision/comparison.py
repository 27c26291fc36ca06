"""Compares embeddings: cosine similarity, -1..1, higher is closer; several pictures of a person make one vector."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from device.records import Embedding, Evidence
from device.vision.manifest import DecisionRule, Fusion

Vectors = Sequence[Embedding] | NDArray[np.float32]


def similarity(probe: Embedding, reference: Embedding) -> float:
    """The cosine of two unit vectors."""
    return float(np.dot(probe, reference))


def compare(probes: Vectors, references: Vectors, rule: DecisionRule, *, share: float = 1.0) -> Evidence:
    """The fused similarity of probes with references, and the threshold for that many of them at a `share` of the
    rule's target rate.

    Where the rule limits how many are fused, they are the first probes and the `newest` references.
    """
    first, known = probes[: rule.most_probes], newest(references, rule.most_references)
    fused = fused_similarity(first, known, rule.fusion)
    return Evidence(fused, rule.threshold(len(known), len(first), share=share), len(first), len(known))


def newest(references: Vectors, most: int | None) -> Vectors:
    """As many of the last references as there may be; all of them without a limit."""
    return references if most is None else references[-most:]


def fused_similarity(probes: Vectors, references: Vectors, fusion: Fusion) -> float:
    """The similarity of the fused probes with the fused references.

    Raises `ValueError` without a probe or a reference.
    """
    if len(probes) == 0 or len(references) == 0:
        raise ValueError("a comparison needs at least one probe and one reference")
    probe = fused(np.asarray(probes), fusion.least_probe_length)
    return float(probe @ fused(np.asarray(references), fusion.least_reference_length))


def fused(vectors: NDArray[np.float32], least_length: float) -> NDArray[np.float32]:
    """The mean of unit vectors [..., n, length] over n, made longer if it is shorter than `least_length`.

    The more the pictures differ, the shorter is their mean and the closer does its direction lie to all people. A mean
    left as it is costs too many mated comparisons; made unit length, as is common, it needs a stricter threshold, which
    refuses people whose pictures are alike, as frames of one visit are. With a least length one threshold holds its
    false match rate however many pictures there are and however alike (DECISIONS.md has the figures).
    """
    mean = vectors.mean(axis=-2)
    length = np.linalg.norm(mean, axis=-1, keepdims=True)
    return np.asarray(mean * np.maximum(1.0, least_length / np.maximum(length, 1e-6)), np.float32)
