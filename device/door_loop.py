"""Attends to one door: what its readers give becomes transactions, what happens at it becomes audit rows."""

import math
from collections.abc import Iterable
from typing import assert_never

from device.access import Access
from device.clock import Stop
from device.door_log import DoorLog
from device.doorway import Doorway
from device.errors import ReaderError
from device.looking import GLANCE_S
from device.policy.attempts import ReaderPace
from device.policy.showing import Showing
from device.ports import HoldingReader, Reader, SeveralReaders
from device.reader_signals import ReaderSignals
from device.records import (
    BadgeRead,
    BadgeRemoved,
    Event,
    KeyPress,
    Notice,
    ReaderEvent,
    ReaderNotice,
    Reason,
    Signal,
    Transaction,
)
from device.settings.tables import Settings
from device.unserved import Unserved
from device.way_out import BadgeLookup, WayOut
from device.whereabouts import Whereabouts

MOST_HELD = 64
"""How many badges of one reader wait at most while a person shows a face there."""
SECOND_PERSON = (Reason.SECOND_AWAITED, Reason.HOST_AWAITED)
"""The person was recognized, and another one is awaited."""
ENDED_S = 0.05
"""How often those who are still at a door are looked at once its readers' input has ended."""

_EVENT_OF = {
    Notice.LOST: Event.READER_LOST,
    Notice.FOUND: Event.READER_FOUND,
    Notice.TAMPERED: Event.READER_TAMPERED,
    Notice.POWER_FAILED: Event.READER_POWER_FAILED,
    Notice.RESTORED: Event.READER_RESTORED,
    Notice.KEYS_REFUSED: Event.READER_KEYS_REFUSED,
}


class DoorLoop:
    """One door's loop body: `serve_once` over and over, `write_down` in between.

    A person at one reader keeps no one at another waiting. What is presented at the same reader meanwhile gets no
    answer, as it says nothing about who is there afterwards, unless a face did not match: then another badge is that of
    the next person, or the right one.
    """

    def __init__(
        self, doorway: Doorway, settings: Settings, reader: Reader, *, in_turn: bool = False, log: DoorLog | None = None
    ) -> None:
        """With `in_turn` every badge gets an answer, one after the other, as on a desk where they are typed. `log` is
        shared by all loops of a door.

        A reader whose `read` can be woken is served beside the door's cameras, any other in turn with them.
        """
        self._doorway = doorway
        self._clock = doorway.clock
        self._door = doorway.door
        self.log = log or DoorLog(doorway.door, doorway.store, doorway.clock, Whereabouts(settings))
        self._is_beside = isinstance(reader, SeveralReaders)
        wake = reader.wake if isinstance(reader, SeveralReaders) else None
        self._access = Access(doorway, settings, self.log, wake)
        is_free = settings.door_named(doorway.door.name).egress == "free"
        self._exits = frozenset(one.name for one in settings.readers if one.direction == "exit" and is_free)
        self._way_out = WayOut(doorway.door, BadgeLookup(doorway.store), self.log, doorway.clock)
        self._reader = reader
        self._signals = ReaderSignals(reader, doorway.clock, self._door.tell)
        self._in_turn = in_turn
        self._unserved = Unserved()
        self._second_within_s = settings.door_named(self._door.name).custody.within_s
        self._open_since = -math.inf
        self._busy_until: dict[str, float] = {}
        self._held: dict[str, list[BadgeRead]] = {}
        self._next_up: dict[str, BadgeRead] = {}
        self._paces: dict[str, ReaderPace] = {}

    @property
    def is_busy(self) -> bool:
        """Whether a person at a reader has no verdict yet."""
        return bool(self._access.busy)

    @property
    def showings(self) -> tuple[Showing, ...]:
        """What is known so far of those at its readers, for who looks on."""
        return self._access.showings

    @property
    def last_beat(self) -> float:
        """When what looks through the cameras last came round, in seconds on the monotonic clock."""
        return self._access.last_beat

    def begin(self) -> None:
        """Serves from now on: badges that were presented before say nothing about who is there now."""
        self._open_since = self._clock.monotonic()
        self._busy_until.clear()
        self._access.forget()
        for reader in tuple(self._held):
            self._drop_held(reader)
        for badge in self._next_up.values():
            self._drop(badge)
        self._next_up.clear()

    def serve_once(self, stop: Stop, timeout_s: float) -> tuple[Transaction, ...]:
        """Waits for what comes next, `timeout_s` at most, and carries it out; what came to its end.

        Raises `ReaderError`, once those who are at a reader have their verdict.
        """
        try:
            event = self._next(timeout_s)
        except ReaderError:
            if not self.is_busy:
                raise
            self._clock.sleep(ENDED_S)
            event = None
        at_once = self.attend(event, stop) if event is not None else None
        over = self.advance(stop, within_s=GLANCE_S)
        return over if at_once is None else (at_once, *over)

    def attend(self, event: ReaderEvent, stop: Stop) -> Transaction | None:
        """Takes what a reader gives; what came of a badge, or None if it takes longer or gets no answer. Keys without a
        badge before them count for nothing.
        """
        match event:
            case BadgeRead():
                return self._presented(event, stop)
            case ReaderNotice():
                self._access.notice(event)
                self.log.add(_EVENT_OF[event.notice], event.detail, reader=event.reader, at=event.at)
            case KeyPress() | BadgeRemoved():
                self._access.hear(event)
            case _:
                assert_never(event)
        return None

    def advance(self, stop: Stop, *, within_s: float = 0.0) -> tuple[Transaction, ...]:
        """Looks at those who are at a reader, and lets time pass; what came to its end."""
        over = self._access.advance(stop, within_s)
        for reader, signal in self._access.prompts.items():
            self._signals.prompt(reader, signal)
        for transaction in over:
            self._answered(transaction)
        return (*over, *self._now_in_turn(over, stop), *self._now_next_up(over, stop))

    def close(self) -> None:
        """Hands the log the last counts, and serves no more people and badges; harmless when repeated."""
        self.count_unserved(finally_=True)
        self._access.close()
        self._way_out.close()

    def count_unserved(self, *, finally_: bool = False) -> None:
        """Hands the log what was counted, when it is due; `finally_` all of it."""
        now = math.inf if finally_ else self._clock.monotonic()
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
        self._signals.show_state(self._door.state, self._access.busy)

    def _next(self, timeout_s: float) -> ReaderEvent | None:
        """What a reader gives. A person who has to be looked at is not kept waiting for it."""
        if not self.is_busy:
            return self._reader.read(timeout_s)
        if self._is_beside:
            left_s = self._access.deadline - self._clock.monotonic()
            return self._reader.read(min(timeout_s, GLANCE_S, max(0.0, left_s)))
        return None if self._in_turn else self._reader.read(0.0)

    def _presented(self, badge: BadgeRead, stop: Stop) -> Transaction | None:
        """An operator who waits for a badge at the way out keeps no one in."""
        if self._doorway.next_badge.takes(badge) and badge.reader not in self._exits:
            self._signals.prompt(badge.reader, Signal.LOOK)
            return None
        if badge.reader in self._access.busy:
            self._meanwhile(badge)
        elif not self._in_turn and badge.at < self._busy_until.get(badge.reader, self._open_since):
            self._drop(badge)
        elif self._in_turn or self._unserved.is_served(badge, self._clock.monotonic()):
            return self._served(badge, stop)
        else:
            self._hand_back(badge)
            self._signals.answer(badge.reader, granted=False)
        return None

    def _served(self, badge: BadgeRead, stop: Stop) -> Transaction | None:
        if badge.reader in self._exits:
            transaction: Transaction | None = self._way_out.swipe(badge, stop)
        else:
            if badge.credential is not None:  # before the store is asked, which may take its time
                self._signals.prompt(badge.reader, Signal.LOOK)
            transaction = self._access.present(badge, stop)
        if transaction is not None:
            self._answered(transaction)
        return transaction

    def _answered(self, transaction: Transaction) -> None:
        """Shows it, and drops what was presented at this reader meanwhile."""
        reader = transaction.reader
        if transaction.decision.reason in SECOND_PERSON:
            self._signals.wait(reader, self._second_within_s)
        else:
            self._show_answer(reader, granted=transaction.decision.granted)
        if self._in_turn:
            return
        if transaction.credential is not None and reader not in self._exits:
            self._busy_until[reader] = self._clock.monotonic()
        self._drop_held(reader)

    def _show_answer(self, reader: str, *, granted: bool) -> None:
        """A refusal at a reader where many were refused is shown late; the next badge is served at once."""
        if granted or self._in_turn or reader in self._exits:
            self._signals.answer(reader, granted=granted)
            return
        now = self._clock.monotonic()
        pace = self._paces.get(reader, ReaderPace())
        self._paces[reader] = pace.refused(now)
        if (after_s := pace.delay_s(now)) > 0:
            self._signals.refuse_late(reader, after_s)
        else:
            self._signals.answer(reader, granted=False)

    def _now_in_turn(self, over: Iterable[Transaction], stop: Stop) -> Iterable[Transaction]:
        """What comes at once of the badges that waited for their turn, where they do."""
        for transaction in over:
            waiting = self._held.pop(transaction.reader, [])
            while waiting and transaction.reader not in self._access.busy:
                if (at_once := self._served(waiting.pop(0), stop)) is not None:
                    yield at_once
            if waiting:
                self._held[transaction.reader] = waiting

    def _now_next_up(self, over: Iterable[Transaction], stop: Stop) -> Iterable[Transaction]:
        """What comes at once of the badges for which others gave way."""
        for transaction in over:
            badge = self._next_up.pop(transaction.reader, None)
            if badge is not None and (at_once := self._served(badge, stop)) is not None:
                yield at_once

    def _meanwhile(self, badge: BadgeRead) -> None:
        """A badge at a reader where a person has no verdict yet. Where all have their turn, none goes before others."""
        if self._access.gives_way(badge) and not self._in_turn:
            self._next_up[badge.reader] = badge
        else:
            self._hold(badge)

    def _hold(self, badge: BadgeRead) -> None:
        """It waits until the reader is free: dropped sooner, a card that lies there would come again and again."""
        held = self._held.setdefault(badge.reader, [])
        if len(held) < MOST_HELD:
            held.append(badge)
        else:
            self._drop(badge)

    def _drop_held(self, reader: str) -> None:
        for badge in self._held.pop(reader, ()):
            self._drop(badge)

    def _drop(self, badge: BadgeRead) -> None:
        self._unserved.late += 1
        self._hand_back(badge)

    def _hand_back(self, badge: BadgeRead) -> None:
        """A badge gets no answer: its reader is not to hold it back as a repeat."""
        if isinstance(self._reader, HoldingReader):
            self._reader.unserved(badge)
