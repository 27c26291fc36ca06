"""The process shell of its doors: signals, watchdog, and a secure door on every way out."""

import itertools
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from types import FrameType

from device.assembly import Post
from device.clock import SLICE_S, Stop
from device.config import Settings
from device.door_loop import DoorLoop
from device.errors import DoorError, ReaderEnded, ReaderError, StoreError
from device.ports import Clock
from device.records import DoorState, Event, Transaction

POLL_S = 1.0
MAX_SWIPE_S = 70.0
"""A door's loop that has not come round for so long hangs; no swipe that the settings allow takes longer."""
MAX_BEAT_S = 10.0
"""Any other thread of a door that has not come round for so long hangs."""

Tell = Callable[[Transaction], None]


class Notifier:
    """Tells systemd how the process is (sd_notify(3)); without systemd it does nothing."""

    def __init__(self, address: str | None) -> None:
        """`address` is NOTIFY_SOCKET, a path or an abstract name that begins with @."""
        self._address = address and (f"\0{address[1:]}" if address.startswith("@") else address)

    @classmethod
    def of_environment(cls) -> "Notifier":
        """The notifier of the service manager that started this process."""
        return cls(os.environ.get("NOTIFY_SOCKET"))

    def ready(self) -> None:
        """The door is in operation."""
        self._send("READY=1")

    def alive(self) -> None:
        """Feeds the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The process is on its way out."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        """A service manager that does not listen is no reason to give up the door."""
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
                datagram.sendto(message.encode(), socket.MSG_DONTWAIT, self._address)


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Sets `stop` on SIGTERM, SIGINT and SIGHUP within the block; a pulse under way ends at once."""

    def request(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, request) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Watchdog:
    """Feeds the service manager's watchdog as long as every part of the process is alive."""

    def __init__(self, notifier: Notifier, clock: Clock) -> None:
        self._notifier = notifier
        self._clock = clock
        self._parts: list[tuple[Callable[[], float], float]] = []

    def add(self, last_beat: Callable[[], float], allowance_s: float) -> None:
        """A part that is alive if its last beat, on the monotonic clock, is not older than `allowance_s`."""
        self._parts.append((last_beat, allowance_s))

    def feed(self) -> None:
        """Does nothing, and so lets the process be ended and started again, once a part hangs."""
        now = self._clock.monotonic()
        if all(now - last_beat() <= allowance_s for last_beat, allowance_s in self._parts):
            self._notifier.alive()


class Service:
    """One door in operation: the loop from event to event."""

    def __init__(self, post: Post, settings: Settings, watchdog: Watchdog, *, in_turn: bool = False) -> None:
        """`in_turn` is as in `DoorLoop`."""
        self._doorway = post.doorway
        self._attendant = DoorLoop(post.doorway, settings, post.reader, in_turn=in_turn)
        self._reader = post.reader
        self._watchdog = watchdog
        self._beat = self._doorway.clock.monotonic()
        watchdog.add(lambda: self._beat, MAX_SWIPE_S)
        for beat in post.beats:
            watchdog.add(beat, MAX_BEAT_S)

    def run(self, stop: Stop, ready: Callable[[], None], tell: Tell) -> None:
        """Serves until `stop` is set or the reader's input ends; the door is secured at the end, whatever happens.

        Raises `DoorError`, `ReaderError` or `StoreError` when the door cannot go on; the fault is in the audit if it
        can be.
        """
        try:
            self._serve_secured(stop, ready, tell)
        except (DoorError, ReaderError) as error:
            with suppress(StoreError):
                self._attendant.note(Event.FAULT, error.message)
            raise
        self._attendant.note(Event.SERVICE_STOPPED)

    def _serve_secured(self, stop: Stop, ready: Callable[[], None], tell: Tell) -> None:
        try:
            self._attendant.note(Event.SERVICE_STARTED)
            with suppress(ReaderEnded):
                self._serve(stop, ready, tell)
            self._let_in_the_last(stop)
        finally:
            try:
                self._doorway.door.close()
            finally:
                self._attendant.write_down(finally_=True)

    def _let_in_the_last(self, stop: Stop) -> None:
        """Whoever was granted before the input ended may still open the door; a request to stop shortens that."""
        while self._doorway.door.state is DoorState.RELEASED and not stop.is_set():
            self._doorway.clock.sleep(SLICE_S)

    def _serve(self, stop: Stop, ready: Callable[[], None], tell: Tell) -> None:
        self._attendant.forget_waiting(stop, within_s=POLL_S)
        ready()
        while not stop.is_set():
            self._beat = self._doorway.clock.monotonic()
            self._watchdog.feed()
            self._attendant.show_state()
            event = self._reader.read(POLL_S)
            if event and (transaction := self._attendant.attend(event, stop)):
                tell(transaction)
                if transaction.credential is not None:
                    self._attendant.forget_waiting(stop, within_s=POLL_S)
            self._attendant.write_down()


def serve(services: Sequence[Service], notifier: Notifier, stop: Stop, tell: Tell) -> None:
    """Runs all doors until `stop` is set, or until every reader's input has ended.

    Several doors have a thread each, so that nobody waits for a face at another door. What ends one of them with an
    error ends them all, for the service manager to start them again. Raises what `Service.run` does.
    """
    ready = _when_all_are(len(services), notifier.ready)
    try:
        if len(services) == 1:
            services[0].run(stop, ready, tell)
        else:
            _serve_side_by_side(services, stop, ready, tell)
    finally:
        notifier.stopping()


def _serve_side_by_side(services: Sequence[Service], stop: Stop, ready: Callable[[], None], tell: Tell) -> None:
    """Waits and does nothing else: the main thread is free for signals."""
    with ThreadPoolExecutor(len(services), thread_name_prefix="door") as pool:
        running: list[Future[None]] = [pool.submit(service.run, stop, ready, tell) for service in services]
        try:
            while pending := [future for future in running if not future.done()]:
                wait(pending, SLICE_S, FIRST_EXCEPTION)
                if any(future.done() and future.exception() for future in running):
                    stop.set()
        finally:
            stop.set()
    for future in running:
        future.result()


def _when_all_are(count: int, ready: Callable[[], None]) -> Callable[[], None]:
    """A function that calls `ready` when it is called for the `count`th time, from whichever thread."""
    lock, calls = threading.Lock(), itertools.count(1)

    def one_more() -> None:
        with lock:
            if next(calls) == count:
                ready()

    return one_more
