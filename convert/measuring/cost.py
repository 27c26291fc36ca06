"""What a conversion costs, against the network in Keras: embeddings that moved, and decisions that changed. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.measuring.error_rates import Labels, Similarities, accuracy_by_fold, tar_at_fmr
from convert.representative_set import Chips

Vectors = NDArray[np.float32]
"""float32 [n, length]."""
Run = Callable[[Chips], Vectors]
"""Chips, uint8 [n, s, s, 3], to raw vectors, float32 [n, length]."""

TARGET_FMR = 1e-3
REPLICATES = 1000
SEED = 0
BATCH = 32


@dataclass(frozen=True, slots=True)
class Drift:
    """How far unit vectors of the same faces lie apart: cosine, and Euclidean distance 0..2."""

    faces: int
    cosine_median: float
    cosine_worst: float
    distance_median: float
    distance_worst: float


@dataclass(frozen=True, slots=True)
class LabelledPairs:
    """Pairs of faces by their rows, int64 [n, 2], whether each is mated, bool [n], and its fold, int64 [n]."""

    rows: NDArray[np.int64]
    same: Labels
    folds: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How well pairs are told apart: accuracy over folds, and TAR at `TARGET_FMR`."""

    accuracy: float
    tar: float


@dataclass(frozen=True, slots=True)
class Change:
    """Accuracy with the file, what it is less that of Keras on the same pairs, and how alike the similarities are.

    `tar_interval` are the 2.5 % and the 97.5 % point of `tar_change` when pairs are drawn again (a paired bootstrap);
    it takes pairs for independent of one another, which those of one person are not quite.
    """

    accuracy: float
    accuracy_change: float
    tar: float
    tar_change: float
    tar_interval: tuple[float, float]
    pearson: float
    spearman: float


def unit_vectors(run: Run, chips: Chips, step: Callable[[], object]) -> Vectors:
    """The device's vectors, float32 [n, length]: chip and mirror summed, unit length; calls `step` after each batch.

    What has no direction becomes NaN: a network that fails is to be seen, not hidden.
    """
    found = []
    for batch in batches(chips):
        total = run(batch) + run(batch[:, :, ::-1])
        length = np.linalg.norm(total, axis=1, keepdims=True)
        found.append(total / np.where(length > 1e-6, length, np.nan))
        step()
    return np.concatenate(found).astype(np.float32)


def batches(chips: Chips) -> Iterator[Chips]:
    """The chips, `BATCH` at a time, in memory."""
    for start in range(0, len(chips), BATCH):
        yield np.asarray(chips[start : start + BATCH])


def drift(reference: Vectors, received: Vectors) -> Drift:
    """How far the received unit vectors lie from the reference's, row by row; NaN if one of them is."""
    distances = np.linalg.norm(reference.astype(np.float64) - received, axis=1)
    cosines = 1 - distances**2 / 2
    return Drift(
        faces=len(reference),
        cosine_median=float(np.median(cosines)),
        cosine_worst=float(cosines.min()),
        distance_median=float(np.median(distances)),
        distance_worst=float(distances.max()),
    )


def similarities_of(vectors: Vectors, pairs: LabelledPairs) -> Similarities:
    """The similarity of each pair."""
    return np.asarray(np.einsum("nl,nl->n", vectors[pairs.rows[:, 0]], vectors[pairs.rows[:, 1]]), np.float32)


def accuracy(similarities: Similarities, pairs: LabelledPairs) -> Accuracy:
    """Accuracy and TAR; NaN if a similarity is."""
    if np.isnan(similarities).any():
        return Accuracy(np.nan, np.nan)
    return Accuracy(
        float(accuracy_by_fold(similarities, pairs.same, pairs.folds).mean()),
        tar_at_fmr(similarities, pairs.same, TARGET_FMR),
    )


def change(reference: Similarities, received: Similarities, pairs: LabelledPairs) -> Change:
    """What the received similarities change, against the reference's of the same pairs."""
    before, after = accuracy(reference, pairs), accuracy(received, pairs)
    return Change(
        accuracy=after.accuracy,
        accuracy_change=after.accuracy - before.accuracy,
        tar=after.tar,
        tar_change=after.tar - before.tar,
        tar_interval=tar_interval(reference, received, pairs.same),
        pearson=correlation(reference, received),
        spearman=correlation(ranks(reference), ranks(received)),
    )


def tar_interval(reference: Similarities, received: Similarities, same: Labels) -> tuple[float, float]:
    """The 95 % interval of the change in TAR: both are measured on the same pairs, drawn again `REPLICATES` times."""
    if not (np.isfinite(reference).all() and np.isfinite(received).all()):
        return np.nan, np.nan
    generator = np.random.default_rng(SEED)
    mated, non_mated = np.flatnonzero(same), np.flatnonzero(~same)
    changes = []
    for _ in range(REPLICATES):
        drawn = np.concatenate([generator.choice(kind, len(kind)) for kind in (mated, non_mated)])
        before, after = (tar_at_fmr(one[drawn], same[drawn], TARGET_FMR) for one in (reference, received))
        changes.append(after - before)
    low, high = np.quantile(changes, (0.025, 0.975))
    return float(low), float(high)


def correlation(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Pearson's, -1..1; NaN where one of the two does not vary."""
    x, y = (np.asarray(one, np.float64) - np.mean(one, dtype=np.float64) for one in (a, b))
    scale = float(np.sqrt(np.sum(x * x) * np.sum(y * y)))
    return float(np.sum(x * y)) / scale if scale > 0 else float("nan")


def ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rank of each value, equals sharing the mean of theirs: Pearson's of ranks is Spearman's."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[which], np.float64)
