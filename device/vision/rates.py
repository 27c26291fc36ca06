"""From a false match rate to a threshold: the arithmetic of the curves in a manifest. Pure."""

import bisect
import math
from collections.abc import Iterable

LEAST_FALSE_MATCHES = 10
"""Of a design's comparisons, how many must lie at or above a threshold for its rate to be offered: with ten, the rate
is known to about a factor of two (95 %), were they independent."""


def missing_comparisons(fmr: float, comparisons: int) -> int:
    """How many comparisons more it takes to expect `LEAST_FALSE_MATCHES` at a false match rate; 0, there are enough."""
    return max(0, math.ceil(LEAST_FALSE_MATCHES / fmr - 1e-6) - comparisons)


def rounded_up(threshold: float) -> float:
    """To five digits, and never past 1; what five digits say exactly stays as it is."""
    return min(math.ceil(threshold * 1e5 - 1e-6) / 1e5, 1.0)


def on_curve(curve: Iterable[tuple[float, float]], fmr: float) -> float:
    """The threshold for a false match rate on a curve of (rate, threshold).

    Straight between the curve's points over the logarithm of the rate, past its ends as it ended, and towards smaller
    rates at least as steep as all of it: where few pairs are left, it may have ended flat. Raises `ValueError` for a
    curve of fewer than two points.
    """
    points = sorted({math.log(rate): threshold for rate, threshold in curve}.items())
    if len(points) < 2:
        raise ValueError("a curve has at least two points")
    x = math.log(fmr)
    at = min(max(bisect.bisect_left(points, (x, -math.inf)), 1), len(points) - 1)
    (x0, y0), (x1, y1) = points[at - 1], points[at]
    if x in (x0, x1):
        return y0 if x == x0 else y1
    slope = (y1 - y0) / (x1 - x0)
    if x < x0:
        slope = min(slope, (points[-1][1] - y0) / (points[-1][0] - x0))
    return y0 + slope * (x - x0)
