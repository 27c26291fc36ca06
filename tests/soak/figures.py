"""What a soak comes to: slopes over swipes, and drifts from its beginning to its end. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, median

WARM = 0.5
"""This share of the swipes warms up: arenas, and the pages that each of the store's connections keeps, are filled."""
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
    """Resident memory, KiB for each 1,000 swipes, by least squares."""
    error_kib: float
    """Standard error of that: pages come and go by the hundred, so only many swipes show a small leak."""
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
    """KiB for each 1,000 swipes, by least squares; 0 where all samples are of one number of swipes."""
    at, sizes = [one.swipes / 1000 for one in samples], [one.rss_kib for one in samples]
    middle, mean = fmean(at), fmean(sizes)
    spread = sum((x - middle) ** 2 for x in at)
    return sum((x - middle) * (y - mean) for x, y in zip(at, sizes, strict=True)) / spread if spread else 0.0


def error(samples: Sequence[Sample]) -> float:
    """Standard error of the slope, KiB for each 1,000 swipes; 0 for fewer than three samples."""
    at, sizes = [one.swipes / 1000 for one in samples], [one.rss_kib for one in samples]
    middle, mean, rise = fmean(at), fmean(sizes), slope(samples)
    spread = sum((x - middle) ** 2 for x in at)
    rest = sum((y - mean - rise * (x - middle)) ** 2 for x, y in zip(at, sizes, strict=True))
    return sqrt(rest / (len(samples) - 2) / spread) if len(samples) > 2 and spread else 0.0


def figures(samples: Sequence[Sample]) -> Figures:
    """Of at least one sample."""
    counted = warm(samples)
    part = max(1, len(counted) // PART)
    begun, ended = counted[:part], counted[-part:]
    first, last = (median(one.p99_s for one in some) for some in (begun, ended))
    return Figures(
        max(one.swipes for one in samples),
        slope(counted),
        error(counted),
        (min(one.descriptors for one in begun), min(one.descriptors for one in ended)),
        (min(one.threads for one in begun), min(one.threads for one in ended)),
        (last - first) / first if first else 0.0,
    )
