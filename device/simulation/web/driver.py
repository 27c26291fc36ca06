"""The thread that a virtual world lives in: it lets time pass, carries out what is asked, and publishes what is new.

A world is used by this thread alone. What others want of it is a function that this thread calls between two moments of
the world, so that an answer never sees half a change.
"""

import queue
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from device.errors import LintelError
from device.simulation.web.publishing import Publisher
from device.simulation.web.worlds import Opening, Stage
from device.web.answering import Busy
from device.web.messages import Said
from device.web.stream import Client, Stream

T = TypeVar("T")

TICK_S = 0.02
"""How often time passes."""
MOST_AT_ONCE_S = 0.25
"""A world that doesn't keep up falls behind, rather than being late with everything."""
MOST_JOBS = 64
END_S = 5.0
LIVED_S = 5.0
"""A world that fails sooner than that is not begun again: it would fail again."""

Job = Callable[[Stage], None]
_GONE = "The world of the simulation has ended."
_START_AGAIN = "Start the simulation again; the terminal says why it ended."


class Ended(LintelError):
    """What is asked of a world that lives no more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What waits for the world's next moment, and what ends the wait without it."""

    do: Job
    refuse: Callable[[Exception], None]


class Driver:
    """Runs the world of a scenario, and after it those that are loaded. Close it in the end."""

    def __init__(self, opening: Opening, publisher: Publisher) -> None:
        self._opening = opening
        self._publisher = publisher
        self._jobs: queue.Queue[Asked] = queue.Queue(MOST_JOBS)
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
        self._refuse_all()

    def ask(self, act: Callable[[Stage], T]) -> "Future[T]":
        """Has something done in the world's thread. Raises `Busy` if too much waits already; the result is `Ended` once
        no world lives.
        """
        result: Future[T] = Future()

        def job(stage: Stage) -> None:
            if not result.set_running_or_notify_cancel():
                return
            try:
                result.set_result(act(stage))
            except Exception as error:  # the asker's to answer
                result.set_exception(error)

        self._put(Asked(job, partial(_refuse, result)))
        return result

    def load(self, scenario: str) -> "Future[None]":
        """Ends the world and begins that of a scenario; if it can't be made, the first one again."""
        result: Future[None] = Future()

        def job(_: Stage) -> None:
            if result.set_running_or_notify_cancel():
                self._wanted = scenario, result

        self._put(Asked(job, partial(_refuse, result)))
        return result

    def join(self, client: Client, stream: Stream) -> None:
        """Has a browser get how everything is, and from then on what is new; while too much waits, it gets nothing."""
        with suppress(Busy):
            self.ask(lambda stage: stream.welcome(client, self._publisher.welcome(stage)))

    def _put(self, asked: Asked) -> None:
        try:
            self._jobs.put_nowait(asked)
        except queue.Full:
            raise Busy("Too much is asked for at a time.", hint="Try again in a second.") from None
        if self._ends.is_set():
            self._refuse_all()

    def _run(self) -> None:
        scenario, result = "", self._first
        try:
            while not self._ends.is_set():
                began = time.monotonic()
                try:
                    self._live_in(scenario, result)
                except Exception as error:  # of a world: the page and the terminal say so, and another one begins
                    if result.done():
                        goes_on = self._broke(error, lived_s=time.monotonic() - began)
                    else:
                        goes_on, scenario = isinstance(error, LintelError) and scenario != "", ""
                        result.set_exception(error)
                    if not goes_on:
                        return
                    result = Future()
                else:
                    scenario, result = self._wanted or ("", Future())
                    self._wanted = None
        finally:
            self._ends.set()
            self._refuse_all()

    def _live_in(self, scenario: str, result: "Future[None]") -> None:
        with self._opening(scenario) as stage:
            self._publisher.begin(stage)
            result.set_result(None)
            self._live(stage)

    def _broke(self, error: Exception, *, lived_s: float) -> bool:
        """Says that a world has ended that nothing ended, to pages and terminal; whether it begins again."""
        traceback.print_exception(error)
        goes_on = lived_s >= LIVED_S
        hint = "It begins again; the terminal says why." if goes_on else _START_AGAIN
        self._publisher.say(Said(_GONE, hint, is_error=True))
        return goes_on

    def _refuse_all(self) -> None:
        """Answers what waits and will not be done."""
        if self._wanted is not None and not self._wanted[1].done():
            self._wanted[1].set_exception(Ended(_GONE, hint=_START_AGAIN))
        with suppress(queue.Empty):
            while True:
                self._jobs.get_nowait().refuse(Ended(_GONE, hint=_START_AGAIN))

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
            job.do(stage)
            if self._wanted is not None:
                return


def _refuse(result: "Future[Any]", error: Exception) -> None:
    """Answers who asked, if the answer is still waited for."""
    if result.set_running_or_notify_cancel():
        result.set_exception(error)
