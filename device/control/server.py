"""The service's end of the operators' socket.

The socket's file decides who may connect: root, the service's own user, and the members of its group. They may send
anything: a line is bounded, a connection is bounded in time until its request is there, and of too many the oldest is
dropped.

The thread that listens carries out the safety commands and questions itself; it never waits for a disk or a peer. All
other requests are handed to the lane of their verb (`protocol.VERBS`).
"""

import contextlib
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from device.at_work import at_work
from device.control.desk import Desk, Later, bug
from device.control.feed import NOTHING, Source
from device.control.jobs import Job, Unread, ending, job_of, refuse, settled
from device.control.messages import Code, Row
from device.control.protocol import MAX_REQUEST, Lane, ProtocolError, error_line
from device.control.subscriptions import Pace, Subscriptions
from device.control.workers import Workers
from device.errors import DoorError, LintelError
from device.failures import in_words
from device.line_server import Limits, LineServer, Peer
from device.listening import Listening, listen_instead

MAX_PEERS = 64
"""Connections whose request isn't there yet; one more makes the oldest go."""
REQUEST_S = 2.0
"""A connection without a whole request is dropped after this time, seconds."""
MAX_WAITING = 16
"""How many requests wait at most in a lane whose threads are all at work."""
MAX_PARKED = 16
"""How many answers to commands wait for the disk at most; others are given at once."""
WRITTEN_S = 1.0
"""How long the answer to a command waits for the disk. After that it says that the disk does not have it yet."""
LOOK_S = 0.01
"""How often it is looked whether the disk has it."""
CHECK_S = 1.0
"""How often it is looked whether the socket is still in its place; one that was removed is made again."""
RELEASE_S, LONG_S = 30.0, 3600.0
"""How long a release may wait for its row, and what a person or a command of `lintel` may take, seconds."""
STEP_S = 10.0
"""A thread that listens and has not come round for this long hangs: it waits for no disk and no peer."""
END_S = 2.0
"""How long the end waits for the thread that listens, and then for all lanes together: one may hang in a disk."""
_NO_LINE = ProtocolError(
    f"Invalid request: expected one line of up to {MAX_REQUEST} bytes.", hint="Use `lintel door`.", code=Code.REQUEST
)


@dataclass(frozen=True, slots=True)
class _Parked:
    """A command that is carried out and only waits for the disk."""

    job: Job
    answer: Later
    until: float


class ControlServer:
    """Listens in a thread of its own, which nothing that is sent ends, and which no peer can keep busy."""

    def __init__(self, path: Path, desk: Desk, rows: Source = NOTHING, *, pace: Pace | None = None) -> None:
        """`rows` are those that can be subscribed to, at a pace that tests change.

        Raises `DoorError` if the socket cannot be made; one that a dead service left is replaced.
        """
        self._path = path
        self._desk = desk
        self._parked: list[_Parked] = []
        self._server = LineServer(_listening(path), Limits(MAX_PEERS, MAX_REQUEST + 1, REQUEST_S), self._take)
        self._looked_at = time.monotonic()
        self._is_ending = False
        self._workers = _workers(desk)
        self._subscriptions = Subscriptions(rows, pace or Pace())
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listens no more, and takes the socket's file away; harmless when repeated."""
        if self._is_ending:
            return
        self._is_ending = True
        self._server.wake()
        self._thread.join(END_S)
        lanes: list[Workers | Subscriptions] = [*self._workers.values(), self._subscriptions]
        for lane in lanes:
            lane.end()
        deadline = time.monotonic() + END_S
        for lane in lanes:
            lane.join(deadline)

    def repeat(self, rows: tuple[Row, ...]) -> None:
        """As `Subscriptions.repeat`."""
        self._subscriptions.repeat(rows)

    def _run(self) -> None:
        with contextlib.closing(self._server):
            while not self._is_ending:
                try:
                    with at_work(STEP_S, vital=True):
                        self._step()
                except Exception:  # the next request may be another
                    threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
                    time.sleep(LOOK_S)
            for parked in self._parked:
                parked.job.refuse(ending())

    def _step(self) -> None:
        self._server.step(LOOK_S if self._parked else CHECK_S)
        self._answer_parked()
        self._stay_in_place()

    def _stay_in_place(self) -> None:
        """Listens again where its socket was removed. One that another process put there is left alone."""
        now = time.monotonic()
        if now - self._looked_at < CHECK_S:
            return
        self._looked_at = now
        if not os.path.lexists(self._path):
            with contextlib.suppress(DoorError):  # its folder may come back
                self._server.listen_at(_listening(self._path))

    def _take(self, peer: Peer, received: bytes) -> None:
        """A whole request is carried out or handed on."""
        peer.received += received
        line, is_whole, _ = bytes(peer.received[:MAX_REQUEST]).partition(b"\n")
        if is_whole:
            self._server.let_go(peer)
            if job := job_of(self._desk, peer, line):
                self._hand_on(job)
        elif not received or len(peer.received) > MAX_REQUEST:
            self._server.let_go(peer)
            self._take_long(peer)

    def _take_long(self, peer: Peer) -> None:
        """What does not fit in a line can only be a bulk request."""
        bulk = self._workers.get(Lane.BULK)
        if bulk is None or len(peer.received) <= MAX_REQUEST:
            refuse(peer, error_line(0, _NO_LINE))
        else:
            bulk.add(Unread(peer, bytes(peer.received)))

    def _hand_on(self, job: Job) -> None:
        if job.verb.lane is Lane.SAFETY:
            self._carry_out(job)
        elif job.verb.lane is Lane.EVENTS:
            self._subscriptions.add(job)
        else:
            self._workers[job.verb.lane].add(job)

    def _carry_out(self, job: Job) -> None:
        try:
            answer = job.answer(self._desk)
        except LintelError as error:
            job.refuse(error)
            return
        if isinstance(answer, Later) and not answer.is_due() and len(self._parked) < MAX_PARKED:
            self._parked.append(_Parked(job, answer, time.monotonic() + WRITTEN_S))
        else:
            self._settle(job, answer)

    def _answer_parked(self) -> None:
        """Those whose command the disk has by now, and those that have waited long enough."""
        now = time.monotonic()
        for parked in [parked for parked in self._parked if parked.until <= now or parked.answer.is_due()]:
            self._parked.remove(parked)
            self._settle(parked.job, parked.answer)

    def _settle(self, job: Job, answer: object) -> None:
        """Answers; whatever goes wrong with that ends nothing but this job."""
        try:
            job.reply(settled(answer))
        except LintelError as error:
            job.refuse(error)
        except Exception as error:
            job.refuse(bug(error))


def _workers(desk: Desk) -> dict[Lane, Workers]:
    """The lanes that the desk's verbs need."""
    threads = {
        Lane.RELEASE: ("releases", 1, RELEASE_S),
        Lane.REMOTE: ("commands from the network", 1, RELEASE_S),
        Lane.BULK: ("bulk requests", 4, LONG_S),
        Lane.COMMANDS: ("commands", 2, LONG_S),
    }
    lanes = {verb.lane for verb in desk.verbs.values()}
    return {
        lane: Workers(name, desk, threads=count, waiting=MAX_WAITING, within_s=within_s)
        for lane, (name, count, within_s) in threads.items()
        if lane in lanes
    }


def _listening(path: Path) -> Listening:
    """A socket in the place of whatever was there, for its owner and its group alone from its first moment on."""
    try:
        return listen_instead(path, 0o660)
    except OSError as error:
        raise DoorError(
            f"Cannot listen for operators at {path}: {in_words(error, quoted=True)}.",
            hint="Make its folder writable for this user.",
        ) from None
