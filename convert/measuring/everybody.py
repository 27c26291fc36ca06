"""What a conversion costs when everybody is compared with everybody: thousands of times the comparisons of pairs.

LFW's 3,000 non-mated pairs leave three false matches at an FMR of 1e-3: which three they are moves the TAR by more than
a good quantization does. All images of the same people give 30 million non-mated comparisons.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.measuring.bootstrap import Weights, weights
from convert.measuring.comparisons import Comparisons, Templates, compare_all
from convert.measuring.error_rates import comparisons_needed

TARGET_FMRS = (1e-3, 1e-4)
REPLICATES = 500


@dataclass(frozen=True, slots=True)
class TarChange:
    """TAR at the threshold of an FMR, and what it is less that of Keras, with its 95 % interval.

    The interval is that of the change when people are drawn again, the same ones for both.
    """

    target_fmr: float
    non_mated: int
    tar: float
    change: float
    interval: tuple[float, float]


def compare_everybody(vectors: NDArray[np.float32], people: NDArray[np.int64]) -> Comparisons | None:
    """All comparisons of unit vectors [n, length] of `people`, numbered from 0; None if a vector is not a number."""
    if not np.isfinite(vectors).all():
        return None
    return compare_all(Templates(vectors, people), int(people.max()) + 1)


def tar_changes(reference: Comparisons, received: Comparisons | None) -> tuple[TarChange, ...]:
    """At each of `TARGET_FMRS` that there are enough comparisons for; NaN if there is nothing to compare."""
    supported = (target for target in TARGET_FMRS if reference.non_mated >= comparisons_needed(target))
    return tuple(_change(reference, received, target) for target in supported)


def _change(reference: Comparisons, received: Comparisons | None, target: float) -> TarChange:
    if received is None:
        return TarChange(target, reference.non_mated, np.nan, np.nan, (np.nan, np.nan))
    before, after = _tar(reference, target), _tar(received, target)
    everybody = np.ones(reference.people)
    changes = [after(drawn) - before(drawn) for drawn in weights(reference.people, REPLICATES)]
    low, high = np.nanquantile(changes, (0.025, 0.975))
    return TarChange(
        target_fmr=target,
        non_mated=reference.non_mated,
        tar=after(everybody),
        change=after(everybody) - before(everybody),
        interval=(float(low), float(high)),
    )


def _tar(comparisons: Comparisons, target: float) -> Callable[[Weights], float]:
    """The TAR for people drawn a number of times each; a comparison counts as often as both."""
    most = min(len(comparisons.highest), int(4 * target * comparisons.non_mated) + 1000)
    highest, people = comparisons.highest[:most], comparisons.highest_people[:most]

    def tar(drawn: Weights) -> float:
        images = drawn * comparisons.exposure.references
        allowed = target * (images.sum() ** 2 - images @ images) / 2
        matching = np.cumsum(drawn[people[:, 0]] * drawn[people[:, 1]])
        barred = highest[min(int(np.searchsorted(matching, allowed, side="right")), most - 1)]
        mated = drawn[comparisons.mated_people]
        refused = int(np.searchsorted(comparisons.mated, barred, side="right"))
        return float(mated[refused:].sum() / mated.sum()) if mated.any() else float("nan")

    return tar
