"""One reader of a group, served step by step by a thread of its own: which of its events pass, and its state."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from device.errors import ReaderEnded
from device.failures import in_words
from device.ports import Clock, Reader
from device.readers.mailbox import Mailbox
from device.readers.presentations import Presentations
from device.readers.rate_limit import RateLimit
from device.readers.recovery import FIRST_WAIT_S, LONGEST_WAIT_S
from device.records import BadgeRead, BadgeRemoved, Notice, ReaderEvent, ReaderNotice

LOOK_UP_S = 0.25
"""How often a thread checks whether it should end."""
DROPS_TOGETHER = 100
REST_S = 0.01
"""Rest after this many events in a row that were dropped, so that a flood leaves the processor to others."""
HELD_UP_S = 1.0
"""A look that took longer was held up, as when the process stood still: what it gives may have waited since."""
DRAIN_S = 0.25
"""For this long after that, so may what is given next."""
HANGS_S = 5.0
"""A reader whose device keeps its thread for longer hangs. Opening the slowest kind takes some 2 s."""


@dataclass(frozen=True, slots=True)
class Member:
    """A reader of a group: its name in the settings, and the silence after which a badge is presented again, in
    seconds; with 0 every sighting counts.
    """

    reader: Reader
    name: str = ""
    hold_time_s: float = 0.0


class Part:
    """What the group knows of one reader. `step` is called by its thread, the rest by any."""

    def __init__(self, member: Member, mailbox: Mailbox, clock: Clock, *, dropped: Callable[[BadgeRead], None]) -> None:
        """`dropped` takes a badge that `mailbox` had no room for, of whichever reader."""
        self._was_tried = False
        self.has_ended = False
        self._reader = member.reader
        self._name = member.name
        self._mailbox = mailbox
        self._clock = clock
        self._dropped = dropped
        self._presentations = Presentations(member.hold_time_s)
        self._lock = threading.Lock()
        self._intake = RateLimit(member.name)
        self._in_a_row = 0
        self._lost = ""
        self._failed = False
        self._wait_s = FIRST_WAIT_S
        self._retry_at = -math.inf
        self._came_round_at = clock.monotonic()
        self._held_up_at, self._drained_at = -math.inf, -math.inf
        self._hangs = False

    def step(self) -> float:
        """Passes on what the reader gives within `LOOK_UP_S`. Seconds until the next step. Raises `ReaderEnded`."""
        now = self._came_round_at = self._clock.monotonic()
        if now < self._retry_at:
            return self._retry_at - now
        try:
            event = self._reader.read(LOOK_UP_S)
        except ReaderEnded:
            self._end()
            raise
        except Exception as error:
            return self._fail(error)
        self._recover()
        return self._pass_on(self._dated(event, now))

    def unserved(self, read: BadgeRead) -> None:
        """A badge of this reader was dropped after it was passed on."""
        if read.reader == self._name:
            with self._lock:
                self._presentations.unserved(read.credential)

    def trouble(self) -> str:
        """Why the reader does not work, in one sentence that names it; empty if it does."""
        if self._is_hanging():
            return f"Reader {self._name} is stuck in its device."
        return does_not_work(self._name, self._lost) if self._lost else ""

    def report_hanging(self) -> None:
        """Gives a notice when the reader's thread is held by its device, and when it is free again."""
        if self._is_hanging() != self._hangs:
            self._hangs = not self._hangs
            notice = Notice.LOST if self._hangs else Notice.FOUND
            detail = "its device hangs" if self._hangs else ""
            self._mailbox.put(ReaderNotice(notice, self._clock.monotonic(), self._name, detail))

    @property
    def was_tried(self) -> bool:
        """Whether it was found or missed once; one that hangs while it is opened was missed."""
        return self._was_tried or self._is_hanging()

    @property
    def last_beat(self) -> float:
        """When its thread last came round; never late once its input has ended."""
        return math.inf if self.has_ended else self._came_round_at

    def _is_hanging(self) -> bool:
        return self._clock.monotonic() - self.last_beat > HANGS_S

    def _end(self) -> None:
        self._was_tried = self.has_ended = True
        self._lost = "its input has ended"

    def _fail(self, error: Exception) -> float:
        """Reports the first of several failures; how long to wait before the next try."""
        now = self._clock.monotonic()
        if not self._failed:
            self._failed = True
            self._pass_on(ReaderNotice(Notice.LOST, now, self._name, in_words(error)))
        wait_s, self._wait_s = self._wait_s, min(2 * self._wait_s, LONGEST_WAIT_S)
        self._retry_at = now + wait_s
        self._was_tried = True
        return wait_s

    def _recover(self) -> None:
        self._was_tried = True
        if self._failed:
            self._failed, self._wait_s = False, FIRST_WAIT_S
            self._pass_on(ReaderNotice(Notice.FOUND, self._clock.monotonic(), self._name))

    def _dated(self, event: ReaderEvent | None, asked_at: float) -> ReaderEvent | None:
        """A badge that may have waited in its device is as old as it can be."""
        now = self._clock.monotonic()
        if now - asked_at > HELD_UP_S:
            self._held_up_at, self._drained_at = asked_at, now + DRAIN_S
        if isinstance(event, BadgeRead) and now < self._drained_at:
            return replace(event, at=min(event.at, self._held_up_at))
        return event

    def _pass_on(self, event: ReaderEvent | None) -> float:
        """Puts an event where it is taken from, unless it is a repeat or too fast; how long to rest."""
        now = self._clock.monotonic()
        if isinstance(event, ReaderNotice):
            self._note(event)
        passes = event is not None and self._is_new(event) and self._is_let_in(event, now)
        if event is not None and passes:
            self._put(event)
        if report := self._intake.report(now):
            self._put(report)
        self._in_a_row = 0 if passes or event is None else self._in_a_row + 1
        return REST_S if self._in_a_row and self._in_a_row % DROPS_TOGETHER == 0 else 0.0

    def _note(self, said: ReaderNotice) -> None:
        if said.notice is Notice.LOST:
            self._lost = said.detail or "it is lost"
        elif said.notice is Notice.FOUND:
            self._lost = ""

    def _is_new(self, event: ReaderEvent) -> bool:
        """Whether a badge is presented rather than still there; other events always are."""
        with self._lock:
            if isinstance(event, BadgeRemoved):
                self._presentations.removed()
            return not isinstance(event, BadgeRead) or self._presentations.begins(event)

    def _is_let_in(self, event: ReaderEvent, now: float) -> bool:
        let_in = self._intake.lets_in(event, now)
        if isinstance(event, BadgeRead) and not let_in:
            self.unserved(event)
        return let_in

    def _put(self, event: ReaderEvent) -> None:
        gone = self._mailbox.put(event)
        if isinstance(gone, BadgeRead):
            self._dropped(gone)


def does_not_work(name: str, why: str) -> str:
    """The sentence about a reader that is missing or lost."""
    return f"Reader {name} does not work: {why.removesuffix('.')}."
