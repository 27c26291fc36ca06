"""Error rates from similarities: accuracy over folds, TAR at an FMR, FMR and FNMR with intervals, curves. Pure."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.errors import ImageError

Similarities = NDArray[np.float32]
Labels = NDArray[np.bool_]

Interval = tuple[float, float]

FOLDS_HINT = "Give more pairs whose images show faces; LFW's pairs are in ten folds, those of a CSV take ten turns."
EXPECTED_ERRORS = 3.0
"""Rule of three: without an error in n independent comparisons, the rate is below 3 / n with 95 % confidence."""

_Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Rate:
    """`errors` in `trials`, and the 95 % Wilson score interval of their share."""

    errors: int
    trials: int

    @property
    def value(self) -> float:
        """The share, 0..1; not a number without trials."""
        return self.errors / self.trials if self.trials else math.nan

    @property
    def interval(self) -> Interval:
        """Lower and upper end (Wilson 1927), right for few and for no errors as well."""
        if not self.trials:
            return 0.0, 1.0
        low, high = wilson(np.array([self.value]), self.trials)
        return float(low[0]), float(high[0])


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate, and its 95 % interval where comparisons are not independent of one another."""

    rate: Rate
    interval: Interval


@dataclass(frozen=True, slots=True)
class Curve:
    """FMR and FNMR at every threshold, from lax to strict, float64 [n], and in how many comparisons."""

    thresholds: NDArray[np.float64]
    fmr: NDArray[np.float64]
    fnmr: NDArray[np.float64]
    mated: int
    non_mated: int


def wilson(rates: NDArray[np.float64], trials: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper ends of the 95 % score interval (Wilson 1927) of rates found in `trials` independent trials."""
    z2 = _Z_95**2
    middle = (rates + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z_95 * np.sqrt(rates * (1 - rates) / trials + z2 / (4 * trials * trials)) / (1 + z2 / trials)
    return np.clip(middle - half, 0.0, rates), np.clip(middle + half, rates, 1.0)


def comparisons_needed(target: float) -> int:
    """How many non-mated comparisons it takes to speak of a false match rate `target` (rule of three)."""
    return math.ceil(EXPECTED_ERRORS / target - 1e-6)


def fmr(similarities: Similarities, same: Labels, threshold: float) -> Rate:
    """False match rate: non-mated pairs at or above the threshold."""
    non_mated = similarities[~same]
    return Rate(int(np.count_nonzero(non_mated >= threshold)), len(non_mated))


def fnmr(similarities: Similarities, same: Labels, threshold: float) -> Rate:
    """False non-match rate: mated pairs below the threshold."""
    mated = similarities[same]
    return Rate(int(np.count_nonzero(mated < threshold)), len(mated))


def threshold_at_fmr(non_mated: Similarities, target: float) -> float:
    """The lowest threshold at which at most a share `target` of the non-mated similarities match."""
    allowed = math.floor(target * len(non_mated))
    if allowed >= len(non_mated):
        return -1.0
    barred = np.partition(non_mated, len(non_mated) - allowed - 1)[len(non_mated) - allowed - 1]
    return above(float(barred))


def above(similarity: float) -> float:
    """The lowest threshold, of float32, that this similarity does not reach."""
    return float(np.nextafter(np.float32(similarity), np.float32(2.0)))


def tar_at_fmr(similarities: Similarities, same: Labels, target: float) -> float:
    """True accept rate: the share of mated pairs that match at the threshold of that FMR."""
    return 1.0 - fnmr(similarities, same, threshold_at_fmr(similarities[~same], target)).value


def supported_tar(similarities: Similarities, same: Labels, target: float) -> float | None:
    """The true accept rate at that FMR; none where too few non-mated pairs support it (rule of three)."""
    if np.count_nonzero(~same) < comparisons_needed(target):
        return None
    return tar_at_fmr(similarities, same, target)


def best_threshold(similarities: Similarities, same: Labels) -> float:
    """The threshold with the most correct answers; between two neighbors, their middle."""
    order = np.argsort(similarities, kind="stable")
    values, labels = similarities[order].astype(np.float64), same[order]
    refused, accepted = np.concatenate([[0], np.cumsum(~labels)]), np.concatenate([[0], np.cumsum(labels)])
    correct = refused + np.count_nonzero(labels) - accepted
    correct[1:-1][values[:-1] == values[1:]] = -1  # no threshold lies between equals
    cuts = np.concatenate([[values[0] - 1], (values[:-1] + values[1:]) / 2, [values[-1] + 1]])
    return float(cuts[int(np.argmax(correct))])


def accuracy_by_fold(similarities: Similarities, same: Labels, folds: NDArray[np.int64]) -> NDArray[np.float64]:
    """The accuracy on each fold, at the threshold that is best on the other folds (LFW's protocol).

    Raises `ImageError` if there are fewer than two folds.
    """
    found = np.unique(folds)
    if len(found) < 2:
        raise ImageError(f"Accuracy over folds takes two folds or more, received {len(found)}.", hint=FOLDS_HINT)
    accuracies = []
    for fold in found:
        tested = folds == fold
        threshold = best_threshold(similarities[~tested], same[~tested])
        accuracies.append(np.mean((similarities[tested] >= threshold) == same[tested]))
    return np.asarray(accuracies, np.float64)


def curve(similarities: Similarities, same: Labels) -> Curve:
    """FMR and FNMR at each similarity that occurs, and above all of them."""
    mated, non_mated = np.sort(similarities[same]), np.sort(similarities[~same])
    thresholds = np.unique(similarities).astype(np.float64)
    thresholds = np.append(thresholds, above(thresholds[-1]))
    matching = len(non_mated) - np.searchsorted(non_mated, thresholds, side="left")
    refused = np.searchsorted(mated, thresholds, side="left")
    return Curve(thresholds, matching / len(non_mated), refused / len(mated), len(mated), len(non_mated))
