"""Attends to one door: what its readers give becomes transactions, what happens at it becomes audit rows."""

import math
from collections.abc import Iterator
from contextlib import suppress
from typing import assert_never

from device.access import Access, Doorway
from device.clock import Stop
from device.door_log import DoorLog
from device.errors import ReaderError
from device.ports import HoldingReader, Reader
from device.records import (
    BadgeRead,
    BadgeRemoved,
    DoorState,
    Event,
    KeyPress,
    Notice,
    ReaderEvent,
    ReaderNotice,
    Signal,
    Transaction,
)
from device.settings.tables import Settings
from device.way_out import BadgeLookup, WayOut

MAX_READ_AGE_S = 1.0
"""An older badge read is dropped: whoever presented it may be gone."""
NOISE_S = 60.0
"""After an unreadable badge others are only counted for so long: noise on the line writes a row a minute at most."""

ANSWER_S = 2.0
"""So long at least a reader shows that a badge was granted or denied."""

_EVENT_OF = {
    Notice.LOST: Event.READER_LOST,
    Notice.FOUND: Event.READER_FOUND,
    Notice.TAMPERED: Event.READER_TAMPERED,
    Notice.POWER_FAILED: Event.READER_POWER_FAILED,
    Notice.RESTORED: Event.READER_RESTORED,
}
_ALARMS = (DoorState.FORCED, DoorState.HELD_OPEN)


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
        """What is to be written down now. A count begins anew when the next sentence is asked for, that is, only if
        this one could be written.
        """
        if self.late and now >= self._late_until:
            yield f"{self.late} badge read{'s' * (self.late != 1)} dropped that came while the door was busy."
            self.late, self._late_until = 0, now + NOISE_S
        if self._noise and now >= self._noise_until:
            yield f"{self._noise} more unreadable badge read{'s' * (self._noise != 1)} within {NOISE_S:.0f} s."
            self._noise, self._noise_until = 0, now + NOISE_S


class DoorLoop:
    """One door's loop body: `attend` to each event of its readers, `write_down` in between."""

    def __init__(
        self, doorway: Doorway, settings: Settings, reader: Reader, *, in_turn: bool = False, log: DoorLog | None = None
    ) -> None:
        """With `in_turn` every badge gets an answer, one after the other, as on a desk where they are typed; a door
        forgets those that were presented while it was busy. `log` is shared by all loops of a door.
        """
        self._doorway = doorway
        self._door = doorway.door
        self.log = log or DoorLog(doorway.door, doorway.store, doorway.clock)
        self._access = Access(doorway, settings, self.log)
        self._exits = frozenset(one.name for one in settings.readers if one.direction == "exit")
        self._way_out = WayOut(doorway.door, BadgeLookup(doorway.store), self.log, doorway.clock)
        self._reader = reader
        self._in_turn = in_turn
        self._unserved = Unserved()
        self._shown: Signal | None = None
        self._answered_until = -math.inf

    def attend(self, event: ReaderEvent, stop: Stop) -> Transaction | None:
        """Carries a badge out; notes what a reader says of itself. Keys are not used yet, and never kept."""
        match event:
            case BadgeRead():
                return self._served(event, stop)
            case ReaderNotice():
                self.log.add(_EVENT_OF[event.notice], event.detail, reader=event.reader, at=event.at)
            case KeyPress() | BadgeRemoved():
                pass
            case _:
                assert_never(event)
        return None

    def forget_waiting(self, stop: Stop, *, within_s: float) -> None:
        """Drops badges that were presented while nobody could be served, as they say nothing about who is there now.

        A line that never falls silent keeps it no longer than `within_s`.
        """
        clock = self._doorway.clock
        deadline = clock.monotonic() + within_s
        while not (self._in_turn or stop.is_set()) and clock.monotonic() < deadline and (event := self._reader.read(0)):
            if isinstance(event, BadgeRead):
                self._unserved.late += 1
                self._hand_back(event)
            else:
                self.attend(event, stop)

    def close(self) -> None:
        """Hands the log the last counts, and looks no badge up any more; harmless when repeated."""
        self.count_unserved(finally_=True)
        self._way_out.close()

    def count_unserved(self, *, finally_: bool = False) -> None:
        """Hands the log what was counted, when it is due; `finally_` all of it."""
        now = math.inf if finally_ else self._doorway.clock.monotonic()
        for fault in self._unserved.due(now):
            self.log.add(Event.FAULT, fault)

    def write_down(self, *, finally_: bool = False) -> None:
        """Writes what happened at the door, and what was counted, into the audit.

        A store that fails does not keep the door from being served; what it did not take is written later.
        """
        self.count_unserved(finally_=finally_)
        self.log.write_down(finally_=finally_)

    def show_state(self) -> None:
        """Has the readers show whether the door waits for a badge or is in alarm; an answer stands for a while."""
        state, now = self._door.state, self._doorway.clock.monotonic()
        if state in _ALARMS:
            self._show(Signal.ALARM)
        elif now >= self._answered_until and not (self._shown is Signal.GRANTED and state is DoorState.RELEASED):
            self._show(Signal.READY)

    def _served(self, badge: BadgeRead, stop: Stop) -> Transaction | None:
        if not (self._in_turn or self._unserved.is_served(badge, self._doorway.clock.monotonic())):
            self._hand_back(badge)
            self._answer(Signal.DENIED)
            return None
        if badge.credential is not None and badge.reader not in self._exits:
            self._show(Signal.LOOK)
        transaction = self._transaction(badge, stop)
        self._answer(Signal.GRANTED if transaction.decision.granted else Signal.DENIED)
        return transaction

    def _transaction(self, badge: BadgeRead, stop: Stop) -> Transaction:
        if badge.reader in self._exits:
            return self._way_out.swipe(badge, stop)
        return self._access.swipe(badge, stop)

    def _hand_back(self, badge: BadgeRead) -> None:
        """A badge gets no answer: its reader is not to hold it back as a repeat."""
        if isinstance(self._reader, HoldingReader):
            self._reader.unserved(badge)

    def _answer(self, signal: Signal) -> None:
        """What a person has to see stands for `ANSWER_S`, or until the next badge or an alarm."""
        self._shown = None
        self._show(signal)
        self._answered_until = self._doorway.clock.monotonic() + ANSWER_S

    def _show(self, signal: Signal) -> None:
        """A reader that cannot show anything is lost, and says so when it is read."""
        if signal is not self._shown:
            self._shown = signal
            with suppress(ReaderError):
                self._reader.show(signal)
