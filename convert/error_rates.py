"""Error rates from similarities: accuracy over folds, TAR at an FMR, FMR and FNMR with intervals, the ROC. Pure."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Similarities = NDArray[np.float32]
Labels = NDArray[np.bool_]

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
    def interval(self) -> tuple[float, float]:
        """Lower and upper end (Wilson 1927), right for few and for no errors as well."""
        if not self.trials:
            return 0.0, 1.0
        n, p, z2 = self.trials, self.value, _Z_95**2
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z_95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return max(0.0, middle - half), min(1.0, middle + half)


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
    return float(np.nextafter(barred, np.float32(2.0), dtype=np.float32))


def tar_at_fmr(similarities: Similarities, same: Labels, target: float) -> float:
    """True accept rate: the share of mated pairs that match at the threshold of that FMR."""
    return 1.0 - fnmr(similarities, same, threshold_at_fmr(similarities[~same], target)).value


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
    """The accuracy on each fold, at the threshold that is best on the other folds (LFW's protocol)."""
    accuracies = []
    for fold in np.unique(folds):
        tested = folds == fold
        threshold = best_threshold(similarities[~tested], same[~tested])
        accuracies.append(np.mean((similarities[tested] >= threshold) == same[tested]))
    return np.asarray(accuracies, np.float64)


def roc(similarities: Similarities, same: Labels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False match rates and true accept rates at every threshold, from strict to lax."""
    order = np.argsort(-similarities, kind="stable")
    labels = same[order]
    ends = np.concatenate([np.flatnonzero(np.diff(similarities[order])), [len(order) - 1]])
    false_matches, true_accepts = np.cumsum(~labels)[ends], np.cumsum(labels)[ends]
    return false_matches / np.count_nonzero(~labels), true_accepts / np.count_nonzero(labels)
