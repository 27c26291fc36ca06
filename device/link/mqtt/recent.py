"""What a broker acknowledged shortly before it was lost: one that crashes may lose it, so it is published again."""

from collections import deque
from collections.abc import Sequence

from device.link.events import LinkEvent

RECENT_S = 2.0
"""For how long a broker may have had an event nowhere but in memory, seconds: docs/mqtt.md sets it to save each."""


class Recent:
    """The events of the last seconds. Consumers key by `uid`, and leave out what they have."""

    def __init__(self) -> None:
        self._pages: deque[tuple[float, tuple[LinkEvent, ...]]] = deque()

    def note(self, events: Sequence[LinkEvent], now_s: float) -> None:
        """Events that were acknowledged just now, in seconds on the monotonic clock."""
        self._pages.append((now_s, tuple(events)))
        while self._pages[0][0] < now_s - RECENT_S:
            self._pages.popleft()

    def before(self, lost_s: float | None) -> list[LinkEvent]:
        """Those that were acknowledged shortly before the broker was lost; none if it was not."""
        if lost_s is None:
            return []
        return [event for at_s, page in self._pages if at_s >= lost_s - RECENT_S for event in page]
