"""How long people wait at a door: from the badge to the relay, counted since the service began."""

import math
from dataclasses import dataclass, field
from itertools import accumulate

RELAY_BOUNDS_S = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Upper ends of the classes that times are counted in, seconds; behind the last one is a class without an end."""


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
