"""Badges that get no answer, and the rows that count them: between the readers and the loop of a door."""

import math
from collections.abc import Iterator

from device.records import BadgeRead

MAX_READ_AGE_S = 1.0
"""An older badge read is dropped: the person may be gone."""
NOISE_S = 60.0
"""After an unreadable badge others are only counted for this long: noise on the line writes a row a minute at most."""


class Unserved:
    """Reads that get no answer, counted until they are written down."""

    def __init__(self) -> None:
        self.late = 0
        self._late_until = -math.inf
        self._noise = 0
        self._noise_until = -math.inf

    def is_served(self, badge: BadgeRead, now: float) -> bool:
        """Whether a badge that was read gets an answer; otherwise it is counted."""
        if now - badge.at > MAX_READ_AGE_S:
            self.late += 1
            return False
        if badge.credential is not None:
            return True
        if now < self._noise_until:
            self._noise += 1
            return False
        self._noise_until = now + NOISE_S
        return True

    def due(self, now: float) -> Iterator[str]:
        """What is to be written down now. A counter is reset only when the next sentence is asked for, that is, after
        its row was taken.
        """
        if self.late and now >= self._late_until:
            yield f"{self.late} badge read{'s' * (self.late != 1)} dropped that came while the door was busy."
            self.late, self._late_until = 0, now + NOISE_S
        if self._noise and now >= self._noise_until:
            yield f"{self._noise} more unreadable badge read{'s' * (self._noise != 1)} within {NOISE_S:.0f} s."
            self._noise, self._noise_until = 0, now + NOISE_S
