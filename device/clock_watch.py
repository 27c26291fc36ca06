"""Keeps an eye on the clock: its state for whoever decides by the time of day, and its mark in the store."""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from device.at_work import LATE_S, at_work
from device.errors import DoorError, LintelError
from device.policy.clock_state import ClockMark, ClockReading, ClockSeen, Doubt, accepted, moved, read
from device.records import Event
from device.records.rulings import ClockState
from device.store.store import Store

KEEP_S = 600.0
"""How often the mark is written down: a card wears by each write, and a power cut costs this much of the mark."""
ACCEPT = "If it is right now: `lintel clock accept`."


class LooksAtClock(Protocol):
    """A `TimeSource`, or that of a virtual world."""

    @property
    def is_always_right(self) -> bool:
        """Whether something else keeps the clock right."""

    def look(self) -> ClockSeen:
        """What the clock shows, and what speaks for it."""


class ClockWatch:
    """The clock's state at any moment. Thread-safe."""

    def __init__(self, source: LooksAtClock, store: Store, max_gap: timedelta) -> None:
        """Opens nothing yet; the store may be missing."""
        self._source = source
        self._store = store
        self._max_gap = max_gap
        self._lock = threading.Lock()
        self._is_known = False
        self._mark: ClockMark | None = None
        self._accepted = 0
        self._signature: object = None
        self._kept_at: float | None = None
        self._thread: threading.Thread | None = None

    def state(self) -> ClockState:
        """How far the clock can be relied upon now."""
        return self.reading().state

    def reading(self) -> ClockReading:
        """The time of day with its state. While the store gives no mark, the clock is untrusted.

        Takes a lock and reads a few small files; only the first call may wait for the store.
        """
        if self._source.is_always_right:
            seen = self._source.look()
            return ClockReading(ClockState.TRUSTED, seen.now, monotonic=seen.monotonic, boot=seen.boot)
        if not self._is_known:
            self._load()
        with self._lock:
            seen = self._source.look()
            reading = read(seen, self._mark, self._max_gap)
            if not self._is_known:
                return ClockReading(ClockState.UNTRUSTED, seen.now, Doubt.NEVER_SET, None, seen.monotonic, seen.boot)
            self._mark = moved(self._mark, seen, reading.state)
            return reading

    def trouble(self) -> str:
        """Why the clock is not trusted, in a sentence; "" if it is. Never raises, and never waits for a disk."""
        if self._source.is_always_right:
            return ""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._settle, name="clock", daemon=True)
            self._thread.start()
        if not self._is_known:
            return ""
        doubt = self.reading().doubt
        return f"The clock is not trusted: {doubt}. {ACCEPT}" if doubt else ""

    def accept(self) -> ClockReading:
        """An operator says that the clock is right. Noted in the audit. Raises `LintelError` for a time that can't be,
        `StoreError`.
        """
        seen = self._source.look()
        try:
            mark = accepted(seen)
        except ValueError as error:
            raise DoorError(f"The clock can't be accepted: {error}.", hint="Set it: `sudo date -s ...`.") from None
        with self._store.writing(), self._store.clock() as marks, self._store.audit() as audit:
            marks.accept(mark)
            audit.note(Event.CLOCK_ACCEPTED, seen.now)
        self._load()
        return self.reading()

    def close(self) -> None:
        """Writes the mark down a last time, if the store takes it."""
        if self._thread:
            self._thread.join(1.0)
        with suppress(LintelError):
            self._keep()

    def _settle(self) -> None:
        """Reads the mark again where it may have been changed, and writes it down where it is due."""
        with suppress(LintelError), at_work(LATE_S):
            if not self._is_known or self._store.signature() != self._signature:
                self._load()
            now = self._source.look().monotonic
            if self._is_known and (self._kept_at is None or now - self._kept_at >= KEEP_S):
                self._keep()
                self._kept_at = now

    def _load(self) -> None:
        """What the store knows, if an operator has accepted the clock meanwhile, or nothing was known."""
        signature = self._store.signature()
        try:
            with self._store.clock() as marks:
                mark, times = marks.mark()
        except LintelError:
            return
        with self._lock:
            if not self._is_known or times != self._accepted:
                self._mark, self._accepted = mark, times
            self._is_known, self._signature = True, signature

    def _keep(self) -> None:
        with self._lock:
            mark, times = self._mark, self._accepted
        if mark is None or not self._is_known:
            return
        with self._store.clock() as marks:
            if marks.mark()[0] != mark:
                marks.keep(mark, times)
