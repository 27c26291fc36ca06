"""Exact bounds of a share that was counted: what the figures of presentation attacks are given with. Pure.

Clopper and Pearson 1934 (Biometrika 26:404): the bound is the rate at which a count as small, or as large, as the one
that was found has exactly the probability that is left. Right for few trials and for no errors.
"""

import math
from collections.abc import Callable

import numpy as np

CONFIDENCE = 0.95
_STEPS = 100
"""Halvings of 0..1, more than a float has bits."""


def interval(errors: int, trials: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Lower and upper end of the two-sided interval of a rate, 0..1; all of it without a trial.

    Raises `ValueError` for more errors than trials, a negative count, or a confidence that is not between 0 and 1.
    """
    _refuse(errors, trials, confidence)
    rest = (1 - confidence) / 2
    return _lower(errors, trials, rest), _upper(errors, trials, rest)


def upper_bound(errors: int, trials: int, *, confidence: float = CONFIDENCE) -> float:
    """The one-sided bound that a rate keeps below, 0..1; 1 without a trial. Raises `ValueError` likewise."""
    _refuse(errors, trials, confidence)
    return _upper(errors, trials, 1 - confidence)


def tail(errors: int, trials: int, rate: float) -> float:
    """The probability of `errors` errors or fewer in independent trials at a rate, 0..1."""
    if errors >= trials or rate <= 0:
        return 1.0
    if errors < 0 or rate >= 1:
        return 0.0
    counts = np.arange(1, errors + 1, dtype=np.float64)
    steps = np.log((trials - counts + 1) / counts) + math.log(rate) - math.log1p(-rate)
    logs = trials * math.log1p(-rate) + np.concatenate([[0.0], np.cumsum(steps)])
    highest = float(logs.max())
    return min(1.0, math.exp(highest) * float(np.exp(logs - highest).sum()))


def _upper(errors: int, trials: int, rest: float) -> float:
    """The rate at which `errors` errors or fewer have the probability `rest`."""
    return 1.0 if errors == trials else _bisected(lambda rate: tail(errors, trials, rate) > rest)


def _lower(errors: int, trials: int, rest: float) -> float:
    """The rate at which `errors` errors or more have the probability `rest`: errors and successes change places."""
    return 0.0 if errors == 0 else 1.0 - _upper(trials - errors, trials, rest)


def _bisected(is_below: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return high


def _refuse(errors: int, trials: int, confidence: float) -> None:
    if not 0 <= errors <= trials:
        raise ValueError(f"expected 0 to {trials} errors in {trials} trials, received {errors}")
    if not 0 < confidence < 1:
        raise ValueError(f"expected a confidence between 0 and 1, received {confidence}")
