"""When a picture of a network camera was captured, as far as that can be known: its own clock against ours.

RTP stamps each picture on the camera's clock, which is not ours. What doesn't change is the distance of the two: the
smallest seen in a connection belongs to the picture that waited least, and any other waited longer by the difference.
How long the quickest one was on its way stays unknown: that is as good as the network.
"""

import math

DRIFT = 1e-4
"""How fast two crystals may drift apart: 50 ppm each."""
SETTLE_S = 0.5
"""A server may begin with pictures that it kept. Their age is unknown until none has come
sooner than those before for this long.
"""
SOONER_S = 0.02


class StreamTime:
    """The distance of one connection's clock to ours. Seconds on the monotonic clock."""

    def __init__(self) -> None:
        self._least = math.inf
        self._settling = math.inf
        self._settled_at = math.inf
        self._seen_at = -math.inf

    def captured_at(self, now: float, stamp_s: float) -> float | None:
        """When the picture that came `now` with this stamp was captured, had the quickest one not been on its way at
        all; None while that is not known.
        """
        distance = now - stamp_s
        if math.isfinite(self._least):
            self._least += DRIFT * (now - self._seen_at)
            self._settling += DRIFT * (now - self._seen_at)
        self._seen_at = now
        self._least = min(self._least, distance)
        if distance < self._settling - SOONER_S:
            self._settling, self._settled_at = distance, now + SETTLE_S
        return stamp_s + self._least if now >= self._settled_at else None
