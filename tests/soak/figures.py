"""What a soak comes to: slopes over swipes, and drifts from its beginning to its end. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from statistics import median

WARM = 0.5
"""This share of the swipes warms up: arenas, and the pages that each of the store's connections keeps, are filled."""
SIGNIFICANT = 1.96
"""So many standard deviations are no chance any more, with 95 %."""
PART = 4
"""Drift is from the first to the last of so many parts."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The service's process after so many swipes."""

    swipes: int
    rss_kib: float
    descriptors: int
    threads: int
    p99_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What is promised of a long life, as measured."""

    swipes: int
    slope_kib: float
    """Resident memory, KiB for each 1,000 swipes."""
    interval_kib: tuple[float, float]
    """Where that lies with 95 %."""
    descriptors: tuple[int, int]
    """Fewest in the first and in the last part: a question or a commit has one for a moment."""
    threads: tuple[int, int]
    p99_drift: float
    """From the first to the last part of the soak, as a share of the first."""


def warm(samples: Sequence[Sample]) -> list[Sample]:
    """Those behind the warming up."""
    least = WARM * max(one.swipes for one in samples)
    return [one for one in samples if one.swipes >= least]


def slope(samples: Sequence[Sample]) -> float:
    """KiB for each 1,000 swipes: the median of the slopes between any two samples (Theil and Sen), which a step or a
    page that comes and goes hardly moves; 0 where all samples are of one number of swipes.
    """
    found = _slopes(samples)
    return median(found) if found else 0.0


def interval(samples: Sequence[Sample]) -> tuple[float, float]:
    """Where the slope lies with 95 %, by the ranks of those slopes (Sen 1968), as if samples were independent."""
    found, count = _slopes(samples), len(samples)
    if not found:
        return 0.0, 0.0
    spread = SIGNIFICANT * sqrt(count * (count - 1) * (2 * count + 5) / 18)
    first, last = int((len(found) - spread) / 2), int((len(found) + spread) / 2)
    return found[max(0, first)], found[min(len(found) - 1, last)]


def _slopes(samples: Sequence[Sample]) -> list[float]:
    """Between any two samples, in order."""
    return sorted(
        (later.rss_kib - one.rss_kib) / (later.swipes - one.swipes) * 1000
        for one, later in combinations(samples, 2)
        if later.swipes != one.swipes
    )


def figures(samples: Sequence[Sample]) -> Figures:
    """Of at least one sample."""
    counted = warm(samples)
    part = max(1, len(counted) // PART)
    begun, ended = counted[:part], counted[-part:]
    first, last = (median(one.p99_s for one in some) for some in (begun, ended))
    return Figures(
        max(one.swipes for one in samples),
        slope(counted),
        interval(counted),
        (min(one.descriptors for one in begun), min(one.descriptors for one in ended)),
        (min(one.threads for one in begun), min(one.threads for one in ended)),
        (last - first) / first if first else 0.0,
    )
