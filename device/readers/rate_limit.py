"""Limits the rate of a reader's events, so that noise can't delay a badge."""

import math
from dataclasses import dataclass
from typing import assert_never

from device.records import BadgeRead, BadgeRemoved, KeyPress, ReaderEvent, ReaderNotice

REPORT_EVERY_S = 1.0


@dataclass(slots=True)
class TokenBucket:
    """Admits `burst` events at once, then `rate` per second."""

    burst: float
    rate: float
    _left: float = math.inf
    _since: float = math.inf

    def admits(self, at: float) -> bool:
        """Whether one more event at `at` seconds is admitted."""
        passed = max(0.0, at - self._since)
        self._left = min(self.burst, self._left + passed * self.rate)
        self._since = at
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class RateLimit:
    """Admits a reader's events at the rate at which people can cause them, and counts the rest.

    Badges that can be read have a pace of their own, which noise does not use up, and so has what a reader says of
    itself: a loose contact must not fill the audit.
    """

    def __init__(self, reader: str = "") -> None:
        self.dropped = 0
        """In all."""
        self._reader = reader
        self._badges = TokenBucket(burst=20, rate=20)
        self._noise = TokenBucket(burst=10, rate=2)
        self._keys = TokenBucket(burst=40, rate=20)
        self._notices = TokenBucket(burst=20, rate=0.1)
        self._unreported = 0
        self._reported_at = -math.inf

    def lets_in(self, event: ReaderEvent, at: float) -> bool:
        """Whether the event counts. One that does not is reported later."""
        self._reader = event.reader
        if self._admits(event, at):
            return True
        self.dropped += 1
        self._unreported += 1
        return False

    def report(self, at: float) -> BadgeRead | None:
        """How many events did not count, as an unreadable badge, once a second at most."""
        if not self._unreported or at - self._reported_at < REPORT_EVERY_S:
            return None
        count, self._unreported, self._reported_at = self._unreported, 0, at
        return BadgeRead(None, at, self._reader, fault=f"{count} more came too fast and were dropped")

    def _admits(self, event: ReaderEvent, at: float) -> bool:
        match event:
            case BadgeRead(credential=None):
                return self._noise.admits(at)
            case BadgeRead():
                return self._badges.admits(at)
            case KeyPress() | BadgeRemoved():
                return self._keys.admits(at)
            case ReaderNotice():
                return self._notices.admits(at)
            case _:
                assert_never(event)
