"""Where readers' events wait for the door, in bounded room, so that noise can't delay a badge."""

import threading
from collections import deque

from device.records import BadgeRead, ReaderEvent, ReaderNotice
from device.wakeup import Wakeup

ROOM = 64
"""How many events of all readers wait at most."""
ROOM_FOR_NOISE = 4
"""How many unreadable badges are among them at most: a badge waits behind no more."""


class Mailbox:
    """Events on their way from the readers' threads to one that takes them, oldest first, in bounded room."""

    def __init__(self) -> None:
        self.filled = Wakeup()
        """Set while there is something to take, a failure, or a call to wake."""
        self.dropped = 0
        self._events: deque[ReaderEvent] = deque()
        self._failure: Exception | None = None
        self._is_woken = False
        self._lock = threading.Lock()

    def put(self, event: ReaderEvent) -> ReaderEvent | None:
        """Leaves an event; without room, the oldest unreadable badge makes place for it, or else the oldest key or
        badge: what a reader says of itself is kept as long as there is anything else. Gives what had to go.
        """
        with self._lock:
            gone = self._in_the_way_of(event)
            if gone is not None:
                self._events.remove(gone)
                self.dropped += 1
            self._events.append(event)
            self.filled.set()
            return gone

    def fail(self, failure: Exception) -> None:
        """Leaves a failure, the first of which is raised when all events are taken."""
        with self._lock:
            self._failure = self._failure or failure
            self.filled.set()

    def wake(self) -> None:
        """Has `filled` set until nothing was taken once: what the caller has done before is seen by then."""
        with self._lock:
            self._is_woken = True
            self.filled.set()

    def take(self) -> ReaderEvent | None:
        """The oldest event, None if there is none. Raises the failure after the last one, each time."""
        with self._lock:
            if self._events:
                return self._events.popleft()
            if self._failure is not None:
                raise self._failure.with_traceback(None)
            if not self._is_woken:
                self.filled.clear()
            self._is_woken = False
            return None

    def _in_the_way_of(self, event: ReaderEvent) -> ReaderEvent | None:
        noise = [waiting for waiting in self._events if _is_noise(waiting)]
        if len(self._events) < ROOM and not (_is_noise(event) and len(noise) == ROOM_FOR_NOISE):
            return None
        said = (waiting for waiting in self._events if not isinstance(waiting, ReaderNotice))
        return noise[0] if noise else next(said, self._events[0])


def _is_noise(event: ReaderEvent) -> bool:
    return isinstance(event, BadgeRead) and event.credential is None
