"""When a wire's change counts: pure, on times that are given to it."""

import math

from device.records import Line

RESTLESS_S = 1.0
"""A supervised wire that takes longer to come to rest is damaged: a loose contact, or tampering with the cable."""


class Settling:
    """One wire's line. A change counts when it has lasted `debounce_s`; until then, what was before counts."""

    def __init__(self, line: Line, debounce_s: float, *, supervised: bool = False) -> None:
        self.line = line
        """What counts."""
        self._debounce_s = debounce_s
        self._restless_s = max(RESTLESS_S, 4 * debounce_s) if supervised else math.inf
        self._seen = line
        self._seen_since = -math.inf
        self._restless_since = math.inf

    def see(self, line: Line, now: float) -> None:
        """What the wire says now, in seconds on the monotonic clock."""
        if line is self._seen:
            return
        if self.is_at_rest(now):
            self._restless_since = now
        self._seen, self._seen_since = line, now

    def is_at_rest(self, now: float) -> bool:
        """Whether the wire has said what counts for long enough not to be bouncing."""
        return self._seen is self.line and now >= self._rests_at()

    def due(self) -> float | None:
        """When a change counts if the wire says nothing else until then; None if none is under way."""
        rests_at, damaged_at = self._rests_at(), self._restless_since + self._restless_s
        if self._seen is not self.line:
            return min(rests_at, damaged_at)
        return damaged_at if damaged_at < rests_at else None

    def settle(self, now: float) -> bool:
        """Lets count what has lasted; whether that is something new. A wire that never rests counts as cut."""
        before = self.line
        if now >= self._rests_at():
            self.line, self._restless_since = self._seen, math.inf
        elif now >= self._restless_since + self._restless_s:
            self.line, self._restless_since = Line.CUT, now
        return self.line is not before

    def _rests_at(self) -> float:
        return self._seen_since + self._debounce_s
