"""What of a reader's events is let in, and where they wait: so that noise, however much, delays no badge."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import assert_never

from device.records import BadgeRead, KeyPress, ReaderEvent, ReaderNotice

ROOM = 64
"""So many events of all readers wait at most."""
ROOM_FOR_NOISE = 4
"""So many unreadable badges among them: a badge waits behind no more."""
REPORT_EVERY_S = 1.0


@dataclass(slots=True)
class Pace:
    """How much may come: `burst` at once, `rate` a second from then on."""

    burst: float
    rate: float
    _left: float = 0.0
    _since: float | None = None

    def admits(self, at: float) -> bool:
        """Whether one more may, `at` seconds."""
        passed = 0.0 if self._since is None else max(0.0, at - self._since)
        self._left = self.burst if self._since is None else min(self.burst, self._left + passed * self.rate)
        self._since = at
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class Intake:
    """Lets a reader's events in at the pace at which people can make them, and counts the rest.

    Badges that can be read have a pace of their own, which noise does not use up, and so has what a reader says of
    itself: a loose contact must not fill the audit.
    """

    def __init__(self, reader: str = "") -> None:
        self.dropped = 0
        """In all."""
        self._reader = reader
        self._badges = Pace(burst=20, rate=20)
        self._noise = Pace(burst=10, rate=2)
        self._keys = Pace(burst=40, rate=20)
        self._notices = Pace(burst=20, rate=0.1)
        self._untold = 0
        self._told_at = 0.0

    def lets_in(self, event: ReaderEvent, at: float) -> bool:
        """Whether the event counts. One that does not is told of later."""
        self._reader = event.reader
        if self._admits(event, at):
            return True
        self.dropped += 1
        self._untold += 1
        return False

    def report(self, at: float) -> BadgeRead | None:
        """How many events did not count, as an unreadable badge, once a second at most."""
        if not self._untold or at - self._told_at < REPORT_EVERY_S:
            return None
        count, self._untold, self._told_at = self._untold, 0, at
        return BadgeRead(None, at, self._reader, fault=f"{count} more came too fast and were dropped")

    def _admits(self, event: ReaderEvent, at: float) -> bool:
        match event:
            case BadgeRead(credential=None):
                return self._noise.admits(at)
            case BadgeRead():
                return self._badges.admits(at)
            case KeyPress():
                return self._keys.admits(at)
            case ReaderNotice():
                return self._notices.admits(at)
            case _:
                assert_never(event)


class Mailbox:
    """Events on their way from the readers' threads to one that takes them, oldest first, in bounded room."""

    def __init__(self) -> None:
        self.filled = threading.Event()
        """Set while there is something to take, or a failure."""
        self.dropped = 0
        self._events: deque[ReaderEvent] = deque()
        self._failure: Exception | None = None
        self._lock = threading.Lock()

    def put(self, event: ReaderEvent) -> None:
        """Leaves an event; without room, the oldest unreadable badge makes place for it, or else the oldest key or
        badge: what a reader says of itself is kept as long as there is anything else.
        """
        with self._lock:
            noise = [waiting for waiting in self._events if _is_noise(waiting)]
            if len(self._events) == ROOM or (_is_noise(event) and len(noise) == ROOM_FOR_NOISE):
                said = (waiting for waiting in self._events if not isinstance(waiting, ReaderNotice))
                self._events.remove(noise[0] if noise else next(said, self._events[0]))
                self.dropped += 1
            self._events.append(event)
            self.filled.set()

    def fail(self, failure: Exception) -> None:
        """Leaves a failure, the first of which is raised when all events are taken."""
        with self._lock:
            self._failure = self._failure or failure
            self.filled.set()

    def take(self) -> ReaderEvent | None:
        """The oldest event, None if there is none. Raises the failure after the last one, each time."""
        with self._lock:
            if self._events:
                return self._events.popleft()
            if self._failure is not None:
                raise self._failure.with_traceback(None)
            self.filled.clear()
            return None


def _is_noise(event: ReaderEvent) -> bool:
    return isinstance(event, BadgeRead) and event.credential is None
