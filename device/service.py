"""The process shell of its doors: signals, watchdog, and a secure door on every way out."""

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from device.assembly import Assembled, DoorParts
from device.at_work import at_work
from device.clock import Stop
from device.door_log import DoorLog
from device.door_loop import DoorLoop
from device.errors import DoorError, LintelError, ReaderEnded
from device.failures import in_words
from device.journal import Entry, JournalEvent
from device.notifier import Notifier
from device.records import DoorState, Event, Transaction
from device.settings.tables import Settings
from device.watchdog import Watchdog

POLL_S = 1.0
LOOK_S = 0.05
"""How often a door that is still released at the end of the input is looked at."""
SUPERVISE_S = 0.5
"""How often the main thread asks all parts how they are."""
WRITE_S = 0.25
"""How often at least a door's log is written down."""
PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""How long a door's loop that failed rests before it runs again; the last one repeats."""
WORKED_S = 60.0
"""A loop that fails after this long has worked: the next pause is the first one again."""
TRIED_S = 10.0
"""A part that has not even failed after this long counts as tried: a driver that hangs must not delay the door."""
LOG_S = 30.0
"""A writer of rows that has not come round for this long hangs in a disk: a trouble, and no reason to restart."""
END_S = 5.0
"""How long the end waits for a loop or a log that hangs in a disk."""
MAX_SWIPE_S = 70.0
"""A door's loop, or what looks through its cameras, that has not come round for this long hangs. No swipe that the
settings allow takes longer, with a database that is locked at each step.
"""
MAX_BEAT_S = 10.0
"""Any other thread of a door that has not come round for this long hangs."""

Tell = Callable[[Transaction], None]


class Service:
    """One loop of a door in operation: from event to event."""

    def __init__(self, parts: DoorParts, settings: Settings, watchdog: Watchdog, *, in_turn: bool = False) -> None:
        """`in_turn` is as in `DoorLoop`."""
        self._doorway = parts.doorway
        self.loop = DoorLoop(parts.doorway, settings, parts.reader, in_turn=in_turn, log=parts.log)
        self._is_way_out = parts.is_way_out
        self._watchdog = watchdog
        self._beat = self._doorway.clock.monotonic()
        watchdog.add(lambda: self._beat, MAX_SWIPE_S)
        watchdog.add(lambda: self.loop.last_beat, MAX_SWIPE_S)
        for beat in parts.beats:
            watchdog.add(beat, MAX_BEAT_S)

    @property
    def log(self) -> DoorLog:
        """Where the rows of this door go."""
        return self.loop.log

    def run(self, stop: Stop, ready: Callable[[], None], tell: Tell, *, writes: bool = True) -> None:
        """Serves until `stop` is set or the reader's input ends. Raises `ReaderError`.

        With `writes` it writes the door's log down itself, in between; without, the caller has to.
        """
        with suppress(ReaderEnded):
            self._serve(stop, ready, tell, writes=writes)
        for transaction in self.loop.advance(stop):  # people still there when the process was asked to stop
            tell(transaction)
        self._let_in_the_last(stop)

    @property
    def name(self) -> str:
        """Which door, and which way."""
        return f"{self._doorway.door.name}{', way out' if self._is_way_out else ''}"

    def rest(self, seconds: float) -> None:
        """Waits, alive, after a failure."""
        end = self._doorway.clock.monotonic() + seconds
        self._beat = end
        self._doorway.clock.sleep(seconds)

    def end(self) -> None:
        """Secures the door, and hands the last counts to the log; harmless when repeated. Raises `DoorError`."""
        self._beat = math.inf
        self.loop.close()
        self._doorway.door.close()

    def _let_in_the_last(self, stop: Stop) -> None:
        """A person granted before the input ended may still open the door; a request to stop shortens that."""
        while self._doorway.door.state is DoorState.RELEASED and not stop.is_set():
            self._doorway.clock.sleep(LOOK_S)

    def _serve(self, stop: Stop, ready: Callable[[], None], tell: Tell, *, writes: bool) -> None:
        self.loop.begin()
        ready()
        while not stop.is_set():
            self._beat = self._doorway.clock.monotonic()
            self._watchdog.feed()
            self.loop.show_state()
            for transaction in self.loop.serve_once(stop, POLL_S):
                tell(transaction)
            if writes:
                self.loop.write_down()
            else:
                self.loop.count_unserved()


def serve(services: Sequence[Service], notifier: Notifier, stop: Stop, tell: Tell) -> None:
    """Runs one loop in this thread until `stop` is set or its reader's input has ended. Raises `ReaderError`."""
    (service,) = services
    with _in_operation(services, notifier):
        service.log.write_down()
        service.run(stop, notifier.ready, tell)


def operate(services: Sequence[Service], assembled: Assembled, watchdog: Watchdog, stop: Stop, tell: Tell) -> None:
    """Runs every loop in a thread of its own until `stop` is set, or until all inputs have ended.

    This thread asks all parts how they are, feeds the watchdog, and is free for signals. A loop that fails is reported
    and runs again: the doors, their exit buttons and the operators' socket go on meanwhile. Raises `DoorError` if a
    door's own thread has ended, as nothing but a new process drives that door again.
    """
    with _in_operation(services, watchdog.notifier), _writers(services, stop):
        loops = [_Loop(service, stop, tell, assembled.report) for service in services]
        try:
            _supervise(loops, assembled, watchdog, stop)
        finally:
            stop.set()
            for loop in loops:
                loop.join(END_S)


def _supervise(loops: "Sequence[_Loop]", assembled: Assembled, watchdog: Watchdog, stop: Stop) -> None:
    clock = assembled.clock
    deadline = clock.monotonic() + TRIED_S
    while not stop.is_set() and any(loop.is_alive() for loop in loops):
        is_tried = assembled.tried() or clock.monotonic() >= deadline
        if is_tried:
            assembled.health.poll()
        if is_tried and not watchdog.is_ready:
            watchdog.ready()
        watchdog.tell(assembled.health.missing())
        if door := assembled.ended():
            raise DoorError(
                f"The timer thread of door {door} has ended.",
                hint="The service manager restarts Lintel, which then drives the door again.",
            )
        if watchdog.is_ready and assembled.begins_again():
            watchdog.notifier.reloading()
            return
        watchdog.feed()
        clock.sleep(SUPERVISE_S)


class _Loop(threading.Thread):
    """A door's loop that is started again after it has failed."""

    def __init__(self, service: Service, stop: Stop, tell: Tell, report: Callable[[str], None]) -> None:
        super().__init__(name=f"loop {service.name}", daemon=True)
        self._service = service
        self._stop_request = stop
        self._tell = tell
        self._report = report
        self.start()

    def run(self) -> None:
        """Until a request to stop, or the end of the reader's input."""
        failures = 0
        while not self._stop_request.is_set():
            began = time.monotonic()
            try:
                return self._service.run(self._stop_request, lambda: None, self._tell, writes=False)
            except Exception as error:  # whatever it is, this door's other parts need no restart
                failures = 0 if time.monotonic() - began > WORKED_S else failures
                self._fail(error)
                self._service.rest(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
                failures += 1
        return None

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, LintelError):
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self)))
        why = in_words(error)
        self._service.log.add(Event.FAULT, f"The badge loop failed and is restarted: {why}")
        said = f"Door {self._service.name}: the badge loop failed and is restarted: {why}"
        self._report(Entry.of(said, JournalEvent.LOOP_FAILED, [self._service.log.door]))


@contextmanager
def _writers(services: Sequence[Service], stop: Stop) -> Iterator[None]:
    """A thread for each door that writes its log down, so that no badge and no alarm waits for a disk."""
    distinct = {id(service.log): service for service in services}.values()
    for one in distinct:
        one.log.has_writer = True
    threads = [threading.Thread(target=_write, args=(one, stop), name="log", daemon=True) for one in distinct]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(END_S)
        for one in distinct:
            one.log.has_writer = False


def _write(service: Service, stop: Stop) -> None:
    while not stop.is_set():
        try:
            with at_work(LOG_S):
                service.log.write_down()
        except Exception:
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
        service.log.wait_for_rows(WRITE_S)


@contextmanager
def _in_operation(services: Sequence[Service], notifier: Notifier) -> Iterator[None]:
    """Notes start and end of each door; secures all at the end, whatever happens, and writes the last rows."""
    logs = tuple({id(service.log): service.log for service in services}.values())
    last: list[tuple[Event, str]] = []
    for log in logs:
        log.add(Event.SERVICE_STARTED)
    try:
        yield
        last.append((Event.SERVICE_STOPPED, "to begin again with new settings" if notifier.is_reloading else ""))
    except LintelError as error:
        last.append((Event.FAULT, error.message))
        raise
    finally:
        with ExitStack() as stack:
            stack.callback(notifier.stopping)
            for log in logs:
                stack.callback(_close, log, last)
            for service in services:
                stack.callback(service.end)


def _close(log: DoorLog, last: Sequence[tuple[Event, str]]) -> None:
    log.write_down(finally_=True)
    for event, detail in last:
        log.add(event, detail)
    log.write_down()
