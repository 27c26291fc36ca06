"""The thread that a virtual world lives in: it lets time pass, carries out what is asked, and publishes what is new.

A world is used by this thread alone. What others want of it is a function that this thread calls between two moments of
the world, so that an answer never sees half a change.
"""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

from device.errors import LintelError
from device.simulation.web.publishing import Publisher
from device.simulation.web.worlds import Opening, Stage
from device.web.answering import Busy
from device.web.stream import Client, Stream

T = TypeVar("T")

TICK_S = 0.02
"""How often time passes."""
MOST_AT_ONCE_S = 0.25
"""A world that doesn't keep up falls behind, rather than being late with everything."""
MOST_JOBS = 64
END_S = 5.0

Job = Callable[[Stage], None]


class Driver:
    """Runs the world of a scenario, and after it those that are loaded. Close it in the end."""

    def __init__(self, opening: Opening, publisher: Publisher) -> None:
        self._opening = opening
        self._publisher = publisher
        self._jobs: queue.Queue[Job] = queue.Queue(MOST_JOBS)
        self._ends = threading.Event()
        self._wanted: tuple[str, Future[None]] | None = None
        self._thread = threading.Thread(target=self._run, name="world", daemon=True)
        self._first: Future[None] = Future()

    def start(self) -> Future[None]:
        """Begins; the result is there, or what was raised, when the first world lives."""
        self._thread.start()
        return self._first

    def close(self) -> None:
        """Ends the world; harmless when repeated."""
        self._ends.set()
        if self._thread.ident is not None:
            self._thread.join(END_S)

    def ask(self, act: Callable[[Stage], T]) -> "Future[T]":
        """Has something done in the world's thread. Raises `Busy` if too much waits already."""
        result: Future[T] = Future()

        def job(stage: Stage) -> None:
            if not result.set_running_or_notify_cancel():
                return
            try:
                result.set_result(act(stage))
            except Exception as error:  # the asker's to answer
                result.set_exception(error)

        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise Busy("Too much is asked for at a time.", hint="Try again in a second.") from None
        return result

    def load(self, scenario: str) -> "Future[None]":
        """Ends the world and begins that of a scenario; if it can't be made, the first one again."""
        result: Future[None] = Future()

        def job(_: Stage) -> None:
            self._wanted = scenario, result

        self.ask(job)
        return result

    def join(self, client: Client, stream: Stream) -> None:
        """Has a browser get how everything is, and from then on what is new; while too much waits, it gets nothing."""
        with suppress(Busy):
            self.ask(lambda stage: stream.welcome(client, self._publisher.welcome(stage)))

    def _run(self) -> None:
        scenario, result = "", self._first
        while not self._ends.is_set():
            try:
                with self._opening(scenario) as stage:
                    self._publisher.begin(stage)
                    result.set_result(None)
                    self._live(stage)
            except LintelError as error:
                if result.done() or result is self._first:
                    self._fail(result, error)
                    return
                result.set_exception(error)
                scenario, result = "", Future()
            except Exception as error:
                self._fail(result, error)
                raise
            else:
                scenario, result = self._wanted or ("", Future())
                self._wanted = None

    def _fail(self, result: "Future[None]", error: Exception) -> None:
        if not result.done():
            result.set_exception(error)
        self._ends.set()

    def _live(self, stage: Stage) -> None:
        before = time.monotonic()
        while not self._ends.is_set() and self._wanted is None:
            self._do_jobs(stage, until=before + TICK_S)
            now = time.monotonic()
            real_s, before = now - before, now
            lag_s = stage.player.advance(min(real_s, MOST_AT_ONCE_S))
            self._publisher.publish(stage, lag_s)

    def _do_jobs(self, stage: Stage, until: float) -> None:
        """Those that wait, at least one moment long."""
        while True:
            try:
                job = self._jobs.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return
            job(stage)
            if self._wanted is not None:
                return
