"""95 % intervals of error rates by drawing people again: the comparisons of one person depend on one another.

A person drawn k times counts k times; a comparison of two people counts as often as the product of both (Owen and
Eckles 2012, Bootstrapping data arrays of arbitrary order). On simulated people whose levels differ as much as their
images do, 90 to 95 % of the intervals hold the truth, and 14 to 90 % of those that take comparisons for independent.
An end that plain counting (Wilson) puts further out is taken from there: few or no errors must not look like certainty.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from convert.measuring.comparisons import Comparisons
from convert.measuring.error_rates import Curve, Estimate, Interval, Rate, wilson

REPLICATES = 1000
BAND_REPLICATES = 300
SEED = 0
JACKKNIFE_GROUPS = 200
"""Maximum number of groups of people left out in turn, to see how lopsided a statistic is."""
_MARGIN = 4
"""How many times the false matches that were found a draw may have."""

Weights = NDArray[np.float64]
Statistic = Callable[[Weights], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Band:
    """Where the curve may as well be: at each of its thresholds, lower and upper end of both rates, float64 [n].

    `det` is the FNMR's ends at each FMR of the curve, the uncertainty of the threshold included. Not a number where
    too little was kept to know.
    """

    fmr: tuple[NDArray[np.float64], NDArray[np.float64]]
    fnmr: tuple[NDArray[np.float64], NDArray[np.float64]]
    det: tuple[NDArray[np.float64], NDArray[np.float64]]


def weights(people: int, replicates: int, seed: int = SEED) -> Iterator[Weights]:
    """How often each person was drawn, float64 [people], in each of `replicates` draws of as many as there are."""
    generator = np.random.default_rng(seed)
    for _ in range(replicates):
        yield np.bincount(generator.integers(people, size=people), minlength=people).astype(np.float64)


def interval_ends(statistic: Statistic, people: int, replicates: int) -> NDArray[np.float64]:
    """The ends of the 95 % interval of each number of a statistic, float64 [2, n]; draws without one are left out.

    Bias corrected and accelerated (Efron 1987): the rarer an error, the more its rate scatters upward.
    """
    drawn = np.sort([statistic(drawing) for drawing in weights(people, replicates)], axis=0)  # nan goes last
    known = np.count_nonzero(~np.isnan(drawn), axis=0)
    found, without = statistic(np.ones(people)), _without_some(statistic, people)
    shares = [_shares(*of_one) for of_one in zip(drawn.T, known.tolist(), found.tolist(), without.T, strict=True)]
    ranks = np.round(np.array(shares).T * np.maximum(known - 1, 0)).astype(np.int64)
    return np.asarray(np.take_along_axis(drawn, ranks, axis=0), np.float64)


def _without_some(statistic: Statistic, people: int) -> NDArray[np.float64]:
    """The statistic without each of at most `JACKKNIFE_GROUPS` groups of people, float64 [groups, n]."""
    group = np.arange(people) % min(people, JACKKNIFE_GROUPS)
    return np.array([statistic((group != left_out).astype(np.float64)) for left_out in range(group.max() + 1)])


def _shares(drawn: NDArray[np.float64], known: int, found: float, without: NDArray[np.float64]) -> tuple[float, float]:
    """Which shares of the known draws, ascending, are the ends; 2.5 and 97.5 % where there is nothing to correct."""
    below, up_to = (np.count_nonzero(drawn[:known] < found), np.count_nonzero(drawn[:known] <= found))
    normal = NormalDist()
    share_below = (below + up_to) / 2 / known if known else 0.5
    bias = normal.inv_cdf(min(max(share_below, 0.01), 0.99))
    acceleration = _acceleration(without[~np.isnan(without)])

    def corrected(z: float) -> float:
        return normal.cdf(bias + (bias + z) / max(1 - acceleration * (bias + z), 0.1))

    return corrected(normal.inv_cdf(0.025)), corrected(normal.inv_cdf(0.975))


def _acceleration(without: NDArray[np.float64]) -> float:
    """A sixth of the skewness, from the statistic without one group after another."""
    pulls = without.mean() - without if len(without) else without
    spread = float(np.sum(pulls**2)) ** 1.5
    return float(np.sum(pulls**3)) / (6 * spread) if spread > 0 else 0.0


def with_interval(rate: Rate, ends: NDArray[np.float64], rounds: float = 1) -> Estimate:
    """The rate with the outer ends of the bootstrap's, float64 [2], and of Wilson's for the trials of one round.

    Rounds repeat the same images: they make a rate steadier and prove no more.
    """
    low, high = rate_interval(rate, rounds)
    return Estimate(rate, (float(np.fmin(low, ends[0])), float(np.fmax(high, ends[1]))))


def rate_interval(rate: Rate, rounds: float) -> Interval:
    """Wilson's interval of a rate as if it had been found in one round alone."""
    if not rate.trials:
        return 0.0, 1.0
    low, high = wilson(np.array([rate.value]), rate.trials / max(rounds, 1))
    return float(low[0]), float(high[0])


def fmr_estimate(comparisons: Comparisons, threshold: float) -> Estimate:
    """The false match rate at a threshold. Below what was kept, the interval is Wilson's."""
    rate = comparisons.fmr(threshold)
    if threshold <= comparisons.kept_down_to:
        return Estimate(rate, rate_interval(rate, comparisons.exposure.rounds))
    matching = comparisons.highest_people[: rate.errors]

    def statistic(drawn: Weights) -> NDArray[np.float64]:
        return _share(np.array([drawn[matching[:, 0]] @ drawn[matching[:, 1]]]), _trials(drawn, comparisons))

    return with_interval(
        rate, interval_ends(statistic, comparisons.people, REPLICATES)[:, 0], comparisons.exposure.rounds
    )


def fnmr_estimate(comparisons: Comparisons, threshold: float) -> Estimate:
    """The false non-match rate at a threshold."""
    return share_interval(*non_matches_by_person(comparisons, threshold), comparisons.exposure.rounds)


def tar_estimates(comparisons: Comparisons, targets: tuple[float, ...]) -> tuple[Estimate, ...]:
    """The share of mated comparisons that match at the threshold of each false match rate.

    The interval includes the uncertainty of the threshold, unless more comparisons would match than are kept.
    """
    rounds, far = comparisons.exposure.rounds, len(comparisons.highest) / _MARGIN
    kept = [target for target in targets if target * comparisons.non_mated < max(far, 1)]
    ends = dict(zip(kept, _tar_ends(comparisons, kept).T, strict=True)) if kept else {}
    return tuple(
        with_interval(_accepted(comparisons, target), ends[target], rounds)
        if target in ends
        else _mirrored(fnmr_estimate(comparisons, comparisons.threshold_at_fmr(target)))
        for target in targets
    )


def _tar_ends(comparisons: Comparisons, targets: list[float]) -> NDArray[np.float64]:
    wanted = np.asarray(targets, np.float64)
    most = min(len(comparisons.highest), math.ceil(_MARGIN * max(targets) * comparisons.non_mated) + 1000)
    highest, people = comparisons.highest[:most], comparisons.highest_people[:most]

    def statistic(drawn: Weights) -> NDArray[np.float64]:
        matching = np.cumsum(drawn[people[:, 0]] * drawn[people[:, 1]])
        allowed = np.searchsorted(matching, wanted * _trials(drawn, comparisons), side="right")
        barred = highest[np.minimum(allowed, most - 1)]
        accepted = np.cumsum(drawn[comparisons.mated_people])
        refused = np.searchsorted(comparisons.mated, barred, side="right")
        return 1.0 - _share(np.concatenate([[0.0], accepted])[refused], float(accepted[-1]))

    return interval_ends(statistic, comparisons.people, REPLICATES)


def _mirrored(fnmr: Estimate) -> Estimate:
    """The true accept rate of a false non-match rate."""
    low, high = fnmr.interval
    return Estimate(Rate(fnmr.rate.trials - fnmr.rate.errors, fnmr.rate.trials), (1 - high, 1 - low))


def band(comparisons: Comparisons, curve: Curve) -> Band:
    """The 95 % band of a curve of these comparisons."""
    thresholds = curve.thresholds
    known = thresholds > comparisons.kept_down_to
    of_highest = np.searchsorted(-comparisons.highest, -thresholds, side="right")
    of_mated = np.searchsorted(comparisons.mated, thresholds, side="left")
    people = comparisons.highest_people

    def statistic(drawn: Weights) -> NDArray[np.float64]:
        matching = np.concatenate([[0.0], np.cumsum(drawn[people[:, 0]] * drawn[people[:, 1]])])
        accepted = np.concatenate([[0.0], np.cumsum(drawn[comparisons.mated_people])])
        fmr = np.where(known, _share(matching[of_highest], _trials(drawn, comparisons)), np.nan)
        fnmr = _share(accepted[of_mated], float(accepted[-1]))
        order = slice(None, None, -1)
        det = np.interp(curve.fmr, fmr[known][order], fnmr[known][order]) if known.any() else fnmr
        return np.concatenate([fmr, fnmr, np.where(known, det, np.nan)])

    low, high = interval_ends(statistic, comparisons.people, BAND_REPLICATES).reshape(2, 3, len(thresholds))
    return Band((low[0], high[0]), (low[1], high[1]), (low[2], high[2]))


def non_matches_by_person(comparisons: Comparisons, threshold: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """False non-matches and mated comparisons of each person, int64 [people] both."""
    refused = comparisons.mated_people[: comparisons.fnmr(threshold).errors]
    people = comparisons.people
    return np.bincount(refused, minlength=people), np.bincount(comparisons.mated_people, minlength=people)


def share_interval(errors: NDArray[np.int64], trials: NDArray[np.int64], rounds: float = 1) -> Estimate:
    """A rate of errors in trials of which each belongs to one person, int64 [people] both."""

    def statistic(drawn: Weights) -> NDArray[np.float64]:
        return _share(np.array([drawn @ errors]), float(drawn @ trials))

    rate = Rate(int(errors.sum()), int(trials.sum()))
    return with_interval(rate, interval_ends(statistic, len(trials), REPLICATES)[:, 0], rounds)


def _accepted(comparisons: Comparisons, target: float) -> Rate:
    refused = comparisons.fnmr(comparisons.threshold_at_fmr(target))
    return Rate(refused.trials - refused.errors, refused.trials)


def _trials(drawn: Weights, comparisons: Comparisons) -> float:
    """The non-mated comparisons of the people drawn; copies of one person do not count as different people."""
    of = comparisons.exposure
    references, probes = drawn * of.references, drawn * of.probes
    return float(of.rounds * (references.sum() * probes.sum() - references @ probes))


def _share(errors: NDArray[np.float64], trials: float) -> NDArray[np.float64]:
    return errors / trials if trials > 0 else np.full(len(errors), np.nan)
