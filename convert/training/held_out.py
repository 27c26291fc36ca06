"""Verification on people a network was not trained on: pairs of their chips, accuracy and AUC over folds of people."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert.measuring.error_rates import Labels, Similarities, accuracy_by_fold, tar_at_fmr
from convert.training.people import ChipReader, PersonChips
from device.errors import ImageError

if TYPE_CHECKING:
    import keras

FOLDS = 10
LEAST_PEOPLE = 4
MOST_CHIPS = 15
"""Maximum number of chips of a person to compare: pairs grow with the square, and one person must not make most."""
PAIR_SEED = 0
BATCH = 128
T_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Student's t for 95 %, two-sided, with 1 to 9 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of chips by their numbers in `paths`, int64 [m] each; a person is in one fold, so folds are independent."""

    paths: tuple[Path, ...]
    people: int
    a: NDArray[np.int64] = field(repr=False)
    b: NDArray[np.int64] = field(repr=False)
    same: Labels = field(repr=False)
    folds: NDArray[np.int64] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FoldMean:
    """The mean of a figure over folds, and its 95 % interval by Student's t: it counts that people differ."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the folds."""
        return float(np.mean(self.values))

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end, within 0..1."""
        n = len(self.values)
        half = T_95[n - 2] * float(np.std(self.values, ddof=1)) / math.sqrt(n)
        return max(0.0, self.mean - half), min(1.0, self.mean + half)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a network does on pairs of held-out people.

    `accuracy`: the share judged right, at the threshold that is best on the other folds. `auc`: the probability that a
    mated pair is more similar than a non-mated one; 0.5 is chance.
    """

    people: int
    chips: int
    mated: int
    non_mated: int
    accuracy: FoldMean
    auc: FoldMean
    tar_at_1e2: float


def pairs_of(people: tuple[PersonChips, ...]) -> Pairs:
    """All mated pairs, and in each fold as many non-mated ones drawn with a fixed seed.

    Raises `ImageError` if there are fewer than `LEAST_PEOPLE`.
    """
    if len(people) < LEAST_PEOPLE:
        raise ImageError(
            f"{len(people)} people are held out, expected at least {LEAST_PEOPLE} for each figure.",
            hint="Hold out a larger share, or give more people.",
        )
    folds = min(FOLDS, len(people) // 2)
    paths = tuple(path for person in people for path in person.chips[:MOST_CHIPS])
    person_of = np.repeat(np.arange(len(people)), [len(person.chips[:MOST_CHIPS]) for person in people])
    found = [
        np.stack([*pair, np.full(len(pair[0]), fold)]) for fold in range(folds) for pair in _in(fold, folds, person_of)
    ]
    a, b, fold_of = np.concatenate(found, axis=1)
    return Pairs(paths, len(people), a, b, person_of[a] == person_of[b], fold_of)


def verify(network: "keras.Model", pairs: Pairs, reader: ChipReader) -> Verification:
    """Compares the pairs with a network that takes float32 [n, size, size, 3], as the door would."""
    vectors = embed(network, pairs.paths, reader)
    similarities = np.sum(vectors[pairs.a] * vectors[pairs.b], axis=1)
    every = [pairs.folds == fold for fold in np.unique(pairs.folds)]
    return Verification(
        people=pairs.people,
        chips=len(pairs.paths),
        mated=int(np.count_nonzero(pairs.same)),
        non_mated=int(np.count_nonzero(~pairs.same)),
        accuracy=FoldMean(tuple(accuracy_by_fold(similarities, pairs.same, pairs.folds).tolist())),
        auc=FoldMean(tuple(auc(similarities[fold], pairs.same[fold]) for fold in every)),
        tar_at_1e2=tar_at_fmr(similarities, pairs.same, 1e-2),
    )


def embed(network: "keras.Model", paths: tuple[Path, ...], reader: ChipReader) -> NDArray[np.float32]:
    """The vectors of chips as the door makes them, float32 [n, length]: chip and mirror averaged, then unit length."""
    parts = []
    for start in range(0, len(paths), BATCH):
        chips = reader.read_all(paths[start : start + BATCH])
        parts.append(sum(np.asarray(network.predict_on_batch(x), np.float32) for x in (chips, chips[:, :, ::-1])))
    summed = np.concatenate(parts)
    lengths = np.linalg.norm(summed, axis=1, keepdims=True)
    return np.asarray(summed / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def auc(similarities: Similarities, same: Labels) -> float:
    """The share of pairs of a mated and a non-mated similarity in which the mated is higher; equal counts a half."""
    mated, non_mated = similarities[same], np.sort(similarities[~same])
    below, to_above = (np.searchsorted(non_mated, mated, side=side) for side in ("left", "right"))
    return float(np.mean((below + to_above) / 2) / len(non_mated))


def _in(fold: int, folds: int, person_of: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The mated and the non-mated pairs of one fold: every `folds`-th person's chips."""
    chips = np.flatnonzero(person_of % folds == fold)
    a, b = (chips[index] for index in np.triu_indices(len(chips), k=1))
    same = person_of[a] == person_of[b]
    yield a[same], b[same]
    count = min(np.count_nonzero(same), np.count_nonzero(~same))
    drawn = np.random.default_rng([PAIR_SEED, fold]).choice(np.flatnonzero(~same), count, replace=False)
    yield a[drawn], b[drawn]
