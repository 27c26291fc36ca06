"""The lane of subscriptions: sends rows of the audit to each subscriber, in their order and once.

A subscriber has a cursor, the number of the last row that it was sent, and no queue: the next page is read when there
is room for all of it in the kernel's buffer. So nothing here waits for a slow subscriber, and none costs memory. One
that reads nothing at all is dropped, and resumes behind the last row it has.
"""

import contextlib
import fcntl
import selectors
import socket
import sys
import termios
import threading
import time
from collections import deque
from dataclasses import dataclass, field

import msgspec

from device.at_work import LATE_S, at_work
from device.control.desk import bug
from device.control.feed import POLL_S, After, Feed, Finding, Newest, Page, Source, Wish
from device.control.jobs import Job, ending, slow
from device.control.messages import Beat, Code, Rewound, Row, Start, Subscribe, Trouble
from device.control.protocol import ProtocolError, error_line, part_line
from device.control.roles import ADMINS, SEES_ALARMS, SEES_PEOPLE, may
from device.records import Event, Reason
from device.records.audit import LEFT_UNDER_DURESS, REFUSED_UNDER_DURESS, TYPED_UNDER_DURESS

MAX_SUBSCRIBERS = 64
KEPT_PLACES = 16
"""Places among them that only admins get, so that others can't take them all."""
UNREAD_BEATS = 3
"""A subscriber that leaves this many beats unread is dropped."""
ROOM = 256 * 1024
"""Asked of the kernel for each subscriber; it says that there is room while a quarter is used at most."""
MAX_SENT = 64 * 1024
"""Bytes that are sent at once, so that they always fit."""
_PEOPLE = ("badge", "person_id", "person")
_CHATTER = ProtocolError(
    "A subscriber sends nothing after its request.", hint="Open another connection for it.", code=Code.REQUEST
)


@dataclass(frozen=True, slots=True)
class Pace:
    """What is waited for how long, in seconds."""

    poll_s: float = POLL_S
    """Between two looks at the store's files."""
    beat_s: float = 5.0
    """After this silence a subscriber gets a beat."""
    stall_s: float = 10.0
    """A subscriber that makes no room in this time is dropped."""
    hangs_s: float = 2.0
    """A store that does not answer in this time is a trouble."""


@dataclass(eq=False, slots=True)
class _Subscriber:
    """One who subscribed."""

    job: Job
    wish: Wish
    spoken_at: float
    is_ready: bool = False
    """Whether there is room for a page."""
    full_since: float = 0.0
    trouble: str = ""
    """The last trouble of the store that was sent to it."""
    unread_beats: int = 0
    again: tuple[Row, ...] = ()
    """Open duress alarms that are to be repeated to it."""
    sees_people: bool = field(init=False)
    sees_duress: bool = field(init=False)

    def __post_init__(self) -> None:
        self.sees_people = may(self.job.operator, SEES_PEOPLE)
        self.sees_duress = may(self.job.operator, SEES_ALARMS)

    def seen(self, row: Row) -> Row | None:
        """What it sees of a row."""
        return as_seen(row, people=self.sees_people, duress=self.sees_duress)

    @property
    def connection(self) -> socket.socket:
        """Its end here."""
        return self.job.peer.connection

    @property
    def after(self) -> int | None:
        """Number of the last row that it has; None while it isn't known where it begins."""
        return self.wish.row if isinstance(self.wish, After) else None

    def has_unread(self) -> bool:
        """Whether something that was sent lies in the kernel still (unix(7), SIOCOUTQ)."""
        return any(fcntl.ioctl(self.connection, termios.TIOCOUTQ, bytes(4)))


class Subscriptions:
    """The thread that speaks to all subscribers. `add`, `end` and `join` are for others."""

    def __init__(self, source: Source, pace: Pace) -> None:
        self._pace = pace
        self._new: deque[_Subscriber] = deque()
        self._found: deque[Finding] = deque()
        self._repeated: deque[tuple[Row, ...]] = deque()
        self._subscribers: set[_Subscriber] = set()
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        for each in (self._waker, self._woken):
            each.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._is_ending = False
        self._feed = Feed(source, self._deliver, pace.poll_s)
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def add(self, job: Job) -> None:
        """Begins a subscription; waits for nothing."""
        room = MAX_SUBSCRIBERS if may(job.operator, ADMINS) else MAX_SUBSCRIBERS - KEPT_PLACES
        if len(self._subscribers) + len(self._new) >= room:
            job.refuse(_full(room))
            return
        self._new.append(_Subscriber(job, _beginning(job), time.monotonic()))
        self._wake()

    def repeat(self, rows: tuple[Row, ...]) -> None:
        """Sends rows that are not the audit's to those who see duress, by the number of the last row they have."""
        self._repeated.append(rows)
        self._wake()

    def end(self) -> None:
        """Hangs up on all of them."""
        self._is_ending = True
        self._feed.end()
        self._wake()

    def join(self, deadline: float) -> None:
        """Waits for the end, until `deadline` on the monotonic clock."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        self._feed.join(deadline)
        for each in (self._waker, self._woken, self._selector):
            each.close()

    def _deliver(self, finding: Finding) -> None:
        self._found.append(finding)
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def _run(self) -> None:
        while not self._is_ending:
            try:
                self._step()
            except Exception:  # the other subscribers go on
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
                time.sleep(0.1)
        for one in [*self._subscribers, *self._new]:
            one.job.refuse(ending())

    def _step(self) -> None:
        for key, mask in self._selector.select(min(1.0, self._pace.beat_s / 2) if self._subscribers else None):
            if isinstance(key.data, _Subscriber):
                self._hear(key.data, mask)
            else:
                with contextlib.suppress(OSError):
                    self._woken.recv(4096)
        with at_work(LATE_S):
            self._serve()

    def _serve(self) -> None:
        while self._new:
            self._admit(self._new.popleft())
        while self._found:
            self._pass_on(self._found.popleft())
        while self._repeated:
            rows = self._repeated.popleft()
            for one in self._subscribers:
                one.again = tuple(filter(None, (one.seen(row) for row in rows)))
        self._look_after()
        self._feed.want(frozenset(one.wish for one in self._subscribers if one.is_ready))

    def _admit(self, one: _Subscriber) -> None:
        one.connection.setblocking(False)
        one.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
        self._subscribers.add(one)
        self._selector.register(one.connection, selectors.EVENT_READ, one)
        one.is_ready = True
        if one.after is not None:
            self._say(one, Start(one.after))

    def _hear(self, one: _Subscriber, mask: int) -> None:
        if one not in self._subscribers:
            return
        if mask & selectors.EVENT_WRITE:
            one.is_ready = True
            self._selector.modify(one.connection, selectors.EVENT_READ, one)
        if mask & selectors.EVENT_READ:
            said = one.job.peer.receive(4096)
            if said is not None:
                self._drop(one, _CHATTER if said else None)

    def _pass_on(self, finding: Finding) -> None:
        """What the feed has found, to those who wait for just that."""
        for one in [one for one in self._subscribers if one.is_ready and one.wish == finding.wish]:
            try:
                self._answer(one, finding)
            except Exception as error:  # the other subscribers go on
                self._drop(one, bug(error))

    def _answer(self, one: _Subscriber, finding: Finding) -> None:
        self._tell_trouble(one, finding.trouble)
        if finding.trouble or not one.is_ready:
            return
        if finding.page is None:
            one.wish = After(finding.begins_after)
            self._say(one, Start(finding.begins_after))
        else:
            self._turn(one, finding.page)

    def _turn(self, one: _Subscriber, page: Page) -> None:
        after = one.after or 0
        if page.end < after and not page.rows:
            one.wish = After(page.end)
            self._say(one, Rewound(page.end))
            return
        lines, last = bytearray(), after
        for row in page.rows:
            seen = one.seen(row)
            if seen is None:
                last = row.id
                continue
            line = part_line(one.job.request.id, seen)
            if lines and len(lines) + len(line) > MAX_SENT:
                break
            lines += line
            last = row.id
        one.wish = After(last)
        if lines:
            self._send(one, bytes(lines))

    def _look_after(self) -> None:
        """Drops those that read nothing, and speaks to those that have heard nothing for a while."""
        now, silent_s = time.monotonic(), self._feed.silent_s()
        for one in list(self._subscribers):
            if silent_s >= self._pace.hangs_s:
                self._tell_trouble(one, f"The store has not answered for {self._pace.hangs_s:g} s.")
            if one.again and one.is_ready and one.after is not None:
                self._say_again(one, one.after)
            elif one.is_ready and now - one.spoken_at >= self._pace.beat_s:
                self._beat(one)
            elif not one.is_ready and now - one.full_since >= self._pace.stall_s:
                self._drop(one, slow())

    def _say_again(self, one: _Subscriber, after: int) -> None:
        rows, one.again = one.again, ()
        lines = [part_line(one.job.request.id, msgspec.structs.replace(row, id=after)) for row in rows]
        while sum(map(len, lines)) > MAX_SENT:
            lines.pop()
        self._send(one, b"".join(lines))

    def _beat(self, one: _Subscriber) -> None:
        one.unread_beats = one.unread_beats + 1 if one.has_unread() else 0
        if one.unread_beats >= UNREAD_BEATS:
            self._drop(one, slow())
        else:
            self._say(one, Beat(one.after))

    def _tell_trouble(self, one: _Subscriber, what: str) -> None:
        if one.is_ready and one.trouble != what:
            one.trouble = what
            self._say(one, Trouble(what))

    def _say(self, one: _Subscriber, part: msgspec.Struct) -> None:
        self._send(one, part_line(one.job.request.id, part))

    def _send(self, one: _Subscriber, lines: bytes) -> None:
        """Sends what always fits, and finds out whether more would."""
        try:
            sent = one.connection.send(lines)
        except OSError:
            sent = 0
        if sent < len(lines):  # it has gone, or its rest of a line would be cut off
            self._drop(one, None)
            return
        one.spoken_at = one.full_since = time.monotonic()
        one.is_ready = False
        self._selector.modify(one.connection, selectors.EVENT_READ | selectors.EVENT_WRITE, one)

    def _drop(self, one: _Subscriber, why: ProtocolError | None) -> None:
        if one not in self._subscribers:
            return
        self._subscribers.remove(one)
        self._selector.unregister(one.connection)
        if why is not None:
            one.job.peer.send(error_line(one.job.request.id, why))
        one.job.peer.close()


def _full(room: int) -> ProtocolError:
    return ProtocolError(f"There are {room} subscribers already.", hint="Close one, and ask again.", code=Code.BUSY)


def _beginning(job: Job) -> Wish:
    request = job.request
    if not isinstance(request, Subscribe):
        raise TypeError(type(request).__name__)
    return Newest(request.last) if request.since is None else After(request.since - 1)


_HIDDEN = frozenset({Event.DURESS_PIN_GIVEN.value, Event.DURESS_PIN_REMOVED.value})


def _tells_of_duress(row: Row) -> bool:
    """Whether a row that is not a decision speaks of duress: an acknowledgement, or a PIN for it."""
    return row.event in _HIDDEN or (row.reason == Reason.DURESS.code and row.event != Event.DECISION.value)


def as_seen(row: Row, *, people: bool, duress: bool) -> Row | None:
    """What is seen of a row by those who may know people, or that someone came under duress; None if it is nothing."""
    if people:
        return row
    if row.event in _HIDDEN or (_tells_of_duress(row) and not duress):
        return None
    if not duress:
        return _without_people(row)
    return msgspec.structs.replace(row, fault=_impersonal(row), **dict.fromkeys(_PEOPLE))


_PERSONAL = (
    "person",
    "enrolled",
    "references-",
    "reference-",
    "renewal-",
    "basis-",
    "look-alike",
    "retention",
    "badge-",
    "pin-",
    "confirmation-",
)
"""Beginnings of the kinds whose text may name people and badges."""


def _impersonal(row: Row) -> str | None:
    """What a row says in words, without people and badges."""
    if row.event.startswith(_PERSONAL):
        return None
    if row.event == Event.DENIALS_COUNTED.value and row.fault:
        return row.fault.partition(", first badge")[0]
    return row.fault


def _without_people(row: Row) -> Row:
    """Nor is it seen that somebody came under duress: that row looks like any other of a person who may pass."""
    is_said = row.fault in (LEFT_UNDER_DURESS, TYPED_UNDER_DURESS) or _refused_as(row)
    fault = None if is_said else _impersonal(row)
    return msgspec.structs.replace(row, reason=ordinary_reason(row), fault=fault, **dict.fromkeys(_PEOPLE))


def ordinary_reason(row: Row) -> str | None:
    """The reason that the row would have without duress."""
    if row.reason != Reason.DURESS.code:
        return row.reason
    if refused := _refused_as(row):
        return refused
    if row.fault == TYPED_UNDER_DURESS:
        return Reason.PIN.code
    if row.similarity is not None and row.threshold is not None and row.similarity >= row.threshold:
        return Reason.MATCH.code
    if "pin" in (row.mode or ""):
        return Reason.PIN.code
    return Reason.EXIT.code if row.fault == LEFT_UNDER_DURESS else Reason.BADGE.code


def _refused_as(row: Row) -> str:
    """The reason why someone under duress was refused; "" for a grant."""
    fault = row.fault or ""
    is_refused = row.reason == Reason.DURESS.code and fault.startswith(REFUSED_UNDER_DURESS)
    return fault.removeprefix(REFUSED_UNDER_DURESS) if is_refused else ""
