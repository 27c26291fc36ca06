"""One integration's own thread: rows from the service to its wire, in order, each at least once.

Nothing is kept here but a page of rows: what waits, waits in the audit, and the cursor says from where on.
"""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from device.clock import Stop
from device.control.client import SILENCE_S, Client
from device.control.messages import Beat, Rewound, Row, Start, Subscribe, Trouble, Update
from device.errors import LinkError, LintelError
from device.failures import in_words
from device.link.cursor import Cursor, Mark, Place
from device.link.events import event_of, uid_of
from device.link.health import Board
from device.link.states import States
from device.link.stream import ServiceLost, Stream, subscribed
from device.link.wires import Integration
from device.records import DoorStatus, Event, Reason


@dataclass(frozen=True, slots=True)
class Pace:
    """What is waited for how long, in seconds."""

    first_s: float = 1.0
    """After the first failure of a wire; doubled after each."""
    longest_s: float = 60.0
    look_s: float = 0.25
    """How late a change of a door may be shown."""
    show_s: float = 5.0
    """The doors are shown that often although nothing has changed: a sign of life."""
    save_s: float = 0.25
    """The cursor is written that often while rows come; what was delivered since comes again after a crash."""
    retry_s: float = 0.5
    """Before a service that is gone is looked for again."""


PACE = Pace()


class _Again(Exception):
    """An older copy of the store is in place: subscribe again, from a row on that both have."""


class Backoff:
    """How long to wait after failures: twice as long each time, by a random part less, so that not all come at once."""

    def __init__(self, pace: Pace, part: Callable[[], float] = random.random) -> None:
        self._pace = pace
        self._part = part
        self._failures = 0

    def next_s(self) -> float:
        """Seconds to wait after one more failure."""
        longest = min(self._pace.longest_s, math.ldexp(self._pace.first_s, self._failures))
        self._failures = min(self._failures + 1, 30)
        return longest * (1 - self._part() / 2)

    def reset(self) -> None:
        """It works."""
        self._failures = 0


class Batch:
    """How many events are delivered at once: few at a far side that is slow, so that no call lasts long."""

    FIRST = 4
    AIM_S = 5.0

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = min(self.FIRST, most)

    def took(self, count: int, seconds: float) -> None:
        """Notes how long so many took."""
        at_most = min(self._most, 2 * self.size)
        self.size = at_most if seconds * at_most <= self.AIM_S * count else max(1, int(self.AIM_S * count / seconds))


class Page:
    """Rows that are delivered at once: new ones, and open alarms that the service repeats."""

    def __init__(self, after: int) -> None:
        self.rows: list[Row] = []
        self.last: Row | None = None
        """The newest of the audit's own."""
        self.after = after

    def add(self, row: Row) -> None:
        """Adds a row. A repeated duress moves nothing; others of old numbers are left out."""
        if _is_repeated(row):
            self.rows.append(row)
        elif row.id > self.after:
            self.after, self.last = row.id, row
            self.rows.append(row)


def _is_repeated(row: Row) -> bool:
    """Whether it is none of the audit's, and has the number of whatever row the service had last."""
    return row.event == Event.ALARM_OPEN.value and row.reason == Reason.DURESS.code


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all integrations share."""

    client: Client
    states: States
    board: Board
    stop: Stop
    wait: Callable[[float], None]
    """Waits for seconds, or until the stop."""
    say: Callable[[str], None]
    """A line for the journal."""


class Carrier:
    """Carries rows to one integration."""

    def __init__(self, integration: Integration, cursor: Cursor, around: Surroundings, pace: Pace = PACE) -> None:
        self._one = integration
        self._cursor = cursor
        self._around = around
        self._pace = pace
        self._backoff = Backoff(pace)
        self._batch = Batch(integration.at_once)
        self._place = Place()
        self._saved: Place | None = None
        self._said = self._unsaved = ""
        self._is_lost = self._is_checked = False
        self._saved_s = 0.0
        self._shown: tuple[DoorStatus, ...] | None = None
        self._shown_s = 0.0
        self.beat_s = time.monotonic()
        """When this was last seen alive, seconds on the monotonic clock."""

    def run(self) -> None:
        """Until the stop. Raises nothing: what fails is noted, waited for and tried again."""
        while not self._around.stop.is_set():
            began_s = self.beat_s = time.monotonic()
            try:
                self._session()
            except LintelError as error:
                self._failed(error)
            except Exception as error:  # one integration's bug ends no other
                self._failed(LinkError(f"A bug in this integration: {in_words(error)}.", hint="Report it."))
            self._close()
            if time.monotonic() - began_s > self._pace.longest_s:
                self._backoff.reset()
            if not self._around.stop.is_set():
                self._around.wait(self._backoff.next_s())

    def _failed(self, error: LintelError) -> None:
        """Each error is said once, until events are delivered again."""
        self._around.board.failed(self._one.name, error)
        if error.message != self._said:
            self._said = error.message
            self._around.say(f"{self._one.name}: {error.message} {error.hint}")

    def _close(self) -> None:
        try:
            self._save()
        except LintelError as error:
            self._failed(error)
        try:
            self._one.wire.close()
        except Exception as error:  # it is gone either way
            self._around.say(f"{self._one.name}: closing it failed: {in_words(error)}.")

    def _session(self) -> None:
        """Until the wire fails."""
        if self._saved is None:
            self._place = self._saved = self._cursor.read()
        self._around.board.note(self._one.name, row=self._row)
        self._one.wire.open()
        self._around.board.note(self._one.name, connected=True)
        self._shown = None
        while not self._around.stop.is_set():
            try:
                with subscribed(self._around.client, self._request()) as stream:
                    self._follow(stream)
            except ServiceLost as lost:
                self._note_lost(lost)
            except _Again:
                continue

    def _note_lost(self, lost: ServiceLost) -> None:
        """The wire stays open, and shows that nothing is known of the doors."""
        self._failed(lost)
        self._around.board.note(self._one.name, connected=True)
        self._is_lost = True
        self._show()
        self._keep()
        self._around.wait(self._pace.retry_s)

    def _note_found(self) -> None:
        if self._is_lost:
            self._is_lost, self._said = False, ""
            self._around.board.note(self._one.name, error="", hint="")

    @property
    def _row(self) -> int | None:
        newest = self._place.newest
        return None if newest is None else newest.row

    def _request(self) -> Subscribe:
        """From the last row that was delivered on, to see whether it still is that one; at first, from now on."""
        newest = self._place.newest
        if newest is None:
            return Subscribe(last=0)
        return Subscribe(since=newest.row if newest.uid else newest.row + 1)

    def _follow(self, stream: Stream) -> None:
        """Until the service hangs up, the wire fails, or the stop."""
        self._is_checked = False
        heard_s = time.monotonic()
        while not self._around.stop.is_set():
            self.beat_s = time.monotonic()
            self._show()
            if updates := stream.updates(self._pace.look_s):
                heard_s = time.monotonic()
                self._take(updates)
                continue
            if time.monotonic() - heard_s > SILENCE_S:
                raise ServiceLost("The door's service says nothing.", hint="`sudo systemctl restart lintel`")
            self._keep()
        self._keep()

    def _take(self, updates: tuple[Update, ...]) -> None:
        page = Page(self._row or 0)
        for update in updates:
            match update:
                case Row():
                    self._check(update)
                    page.add(update)
                    if len(page.rows) >= self._batch.size:
                        self._deliver(page)
                        page = Page(self._row or 0)
                case Start(after=after):
                    self._note_found()
                    if self._place.newest is None:
                        self._resume(Place((Mark(after),)))
                        page = Page(after)
                case Rewound(after=after):
                    self._deliver(page)
                    self._go_back(after)
                case Trouble(what=what):
                    self._note_trouble(what)
                case Beat(after=after):
                    self._deliver(page)
                    page = Page(self._row or 0)
                    if after is not None and after < page.after:  # the last row is asked for, and isn't there
                        self._go_back(after)
        self._deliver(page)

    def _go_back(self, last: int) -> NoReturn:
        """Resumes in an audit that ends at that row."""
        self._resume(self._place.within(last))
        raise _Again

    def _check(self, row: Row) -> None:
        """Raises `_Again` if the first row of a connection is another one than the one of that number before."""
        newest = self._place.newest
        if self._is_checked or newest is None or row.id < newest.row or _is_repeated(row):
            return
        self._is_checked = True
        if row.id == newest.row and newest.uid and uid_of(row) != newest.uid:
            self._resume(self._place.without_newest())
            raise _Again
        if row.id > newest.row + 1 and newest.uid:
            self._around.say(
                f"{self._one.name}: Rows {newest.row + 1} to {row.id - 1} of the audit were removed before they went "
                "out. Keep rows for longer: audit.keep_days."
            )

    def _deliver(self, page: Page) -> None:
        if not page.rows:
            return
        began_s = time.monotonic()
        self._one.wire.deliver([event_of(row, names=self._one.names) for row in page.rows])
        self.beat_s = time.monotonic()
        self._batch.took(len(page.rows), self.beat_s - began_s)
        self._backoff.reset()
        self._said = ""
        if page.last is not None:
            self._place = self._place.behind(Mark(page.last.id, uid_of(page.last)))
        self._around.board.delivered(self._one.name, self._row, len(page.rows))
        if time.monotonic() - self._saved_s >= self._pace.save_s:
            self._keep()

    def _resume(self, place: Place) -> None:
        self._place = place
        self._around.board.note(self._one.name, row=self._row)
        self._keep()

    def _keep(self) -> None:
        """Saves if it can: on a full disk events go on, and come again after a crash."""
        try:
            self._save()
        except LintelError as error:
            self._saved_s = time.monotonic()
            self._around.board.note(self._one.name, error=error.message, hint=error.hint)
            if not self._unsaved:
                self._around.say(f"{self._one.name}: {error.message} {error.hint}")
            self._unsaved = error.message
            return
        if self._unsaved:
            self._unsaved = ""
            self._around.board.note(self._one.name, error="", hint="")

    def _save(self) -> None:
        """Writes the cursor, if it has moved. Raises `LinkError`."""
        if self._saved is not None and self._place != self._saved:
            self._cursor.write(self._place)
            self._saved, self._saved_s = self._place, time.monotonic()

    def _note_trouble(self, what: str) -> None:
        hint = "See `lintel door status`; what happens is sent once the audit can be read." if what else ""
        self._around.board.note(self._one.name, error=what, hint=hint)
        if what:
            self._around.say(f"{self._one.name}: the audit can't be read: {what}")

    def _show(self) -> None:
        """Shows the doors if they have changed, or as a sign of life."""
        doors, now = self._around.states.doors, time.monotonic()
        if doors != self._shown or now - self._shown_s >= self._pace.show_s:
            self._one.wire.show(doors)
            self._shown, self._shown_s = doors, now
