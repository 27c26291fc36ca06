"""What each part of the doors says of itself: asked twice a second, reported without waiting for a badge.

A part that fails is in `lintel door status` at once, in the journal, and in the audit as soon as there is a store.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from device.door_log import DoorLog
from device.failures import in_words
from device.journal import Entry, JournalEvent
from device.ports import Clock
from device.records import Event

QUIET_S = 60.0
"""How long a part that keeps failing is only shown, and not written down again, once it has used up its rows."""
ROWS_AT_ONCE = 10
"""How many rows a part may fill before that: a loose cable must not wear out the disk."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of one or more doors. `trouble` says in one sentence what is wrong with it, "" if nothing is."""

    name: str
    doors: frozenset[str]
    trouble: Callable[[], str]
    is_logged: bool = True
    """False if the part has rows of its own, as readers have."""


class _Watched:
    """A part with what it said last, and whether the last row about it says that it fails."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.said = ""
        self._is_written_as_failed = False
        self._rows = 0
        self._since = 0.0

    def changed(self, now: float) -> Event | None:
        """Asks the part; what is to be written down if the last row about it is not true any more."""
        self.said = self._asked()
        if not self.part.is_logged or bool(self.said) == self._is_written_as_failed:
            return None
        if now - self._since >= QUIET_S:
            self._rows, self._since = 0, now
        if self._rows >= ROWS_AT_ONCE:
            return None
        self._rows += 1
        self._is_written_as_failed = bool(self.said)
        return Event.PART_FAILED if self.said else Event.PART_WORKS

    def _asked(self) -> str:
        try:
            return self.part.trouble()
        except Exception as error:  # one part must not keep the others from being asked
            return f"can't be checked: {in_words(error)}"


class Health:
    """Asks all parts. `poll` is called by one thread, the rest by any."""

    def __init__(
        self, parts: Iterable[Part], logs: Mapping[str, DoorLog], clock: Clock, report: Callable[[str], None]
    ) -> None:
        """`logs` are the doors' by their names; `report` takes a line for the journal."""
        self._watched = tuple(map(_Watched, parts))
        self._logs = logs
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()

    def poll(self) -> None:
        """Asks each part once, and writes down what has changed."""
        with self._lock:
            for watched in self._watched:
                if event := watched.changed(self._clock.monotonic()):
                    self._tell(watched, event)

    def add(self, part: Part) -> None:
        """One more part, before the first poll that is to ask it."""
        with self._lock:
            self._watched = (*self._watched, _Watched(part))

    def missing(self) -> tuple[str, ...]:
        """What is wrong anywhere, as of the last poll, each once."""
        return tuple(dict.fromkeys(f"{one.part.name}: {one.said}" for one in self._watched if one.said))

    def troubles(self, door: str) -> tuple[str, ...]:
        """What is wrong with the parts of a door, as of the last poll."""
        return tuple(f"{one.part.name}: {one.said}" for one in self._watched if one.said and door in one.part.doors)

    def _tell(self, watched: _Watched, event: Event) -> None:
        part = watched.part
        what = f"{part.name}: {watched.said or 'works again'}"
        for name in sorted(part.doors):
            if log := self._logs.get(name):
                log.add(event, what)
        happened = JournalEvent.PART_FAILED if watched.said else JournalEvent.PART_WORKS
        self._report(Entry.of(f"Door {', '.join(sorted(part.doors))}: {what}", happened, part.doors))
