"""How long people wait at a door: from the badge to the relay, counted since the service began."""

import math
from collections import deque
from dataclasses import dataclass, field
from itertools import accumulate

RELAY_BOUNDS_S = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Upper ends of the classes that times are counted in, seconds; behind the last one is a class without an end."""

MOST_RECENT = 1000
"""How many of the newest times are kept one by one, for exact percentiles."""


@dataclass(frozen=True, slots=True)
class RelayTimes:
    """Times from a badge to its relay, in classes: a histogram without people or badges."""

    counts: tuple[int, ...] = field(default=(0,) * (len(RELAY_BOUNDS_S) + 1))
    """How many were in each class of `RELAY_BOUNDS_S`, and above all."""
    sum_s: float = 0.0
    """All of them together, seconds."""

    def plus(self, took_s: float) -> "RelayTimes":
        """The same with one more, in seconds; a time that is no number, or before the badge, changes nothing."""
        if not (math.isfinite(took_s) and took_s >= 0):
            return self
        place = next((at for at, bound in enumerate(RELAY_BOUNDS_S) if took_s <= bound), len(RELAY_BOUNDS_S))
        counts = tuple(count + (at == place) for at, count in enumerate(self.counts))
        return RelayTimes(counts, self.sum_s + took_s)

    @property
    def up_to(self) -> tuple[int, ...]:
        """How many took at most the bound of each class, the last one: all."""
        return tuple(accumulate(self.counts))


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How long it took from the badge to the relay, of the newest `count` times, seconds."""

    count: int
    p50_s: float
    p95_s: float
    p99_s: float


class RecentTimes:
    """The newest times from a badge to its relay, in bounded room. One thread at a time."""

    def __init__(self) -> None:
        self._times = deque[float](maxlen=MOST_RECENT)

    def add(self, took_s: float) -> None:
        """One more, in seconds; a time that is no number, or before the badge, changes nothing."""
        if math.isfinite(took_s) and took_s >= 0:
            self._times.append(took_s)

    def percentiles(self) -> Percentiles | None:
        """Exact ones: each is a time that was measured (nearest rank); None before the first."""
        ordered = sorted(self._times)
        if not ordered:
            return None
        p50, p95, p99 = (ordered[math.ceil(share * len(ordered) / 100) - 1] for share in (50, 95, 99))
        return Percentiles(len(ordered), p50, p95, p99)
