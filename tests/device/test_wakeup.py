"""Waiting takes no turns: a thread sleeps once, and any other, or a signal handler, ends that at any moment."""

import os
import resource
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any

import pytest

from device.clock import Stop, SystemClock
from device.signals import stopped_by_signals
from device.wakeup import Wakeup
from tests.waiting import PATIENCE_S

FOR_EVER_S = 1e6
A_WHILE_S = 0.3
BEFORE_IT_SLEEPS = 29
"""Lines of both modules that a wait runs before it sleeps."""


class Sleeper:
    """A thread that waits for a wakeup for ever."""

    def __init__(self, clock: SystemClock, wakeup: Wakeup | None = None) -> None:
        self.clock, self.wakeup, self.found = clock, wakeup, False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        if self.wakeup is None:
            self.clock.sleep(FOR_EVER_S)
        else:
            self.found = self.clock.wait(self.wakeup, FOR_EVER_S)

    def is_back(self) -> bool:
        self.thread.join(PATIENCE_S)
        return not self.thread.is_alive()


class Interrupted:
    """Within it, a signal comes at the n-th line of `device/wakeup.py` and `device/clock.py` that this thread runs."""

    def __init__(self, at_line: int, signaled: Stop) -> None:
        self.lines_left, self.signaled, self.came = at_line, signaled, False

    def __enter__(self) -> "Interrupted":
        self.before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        sys.settrace(self.before)

    def _trace(self, frame: FrameType, event: str, _given: object) -> Any:
        if not frame.f_code.co_filename.endswith(("device/wakeup.py", "device/clock.py")):
            return None
        if event == "line" and not self.came:
            self.lines_left -= 1
            if self.lines_left < 0:
                self.came = True
                sys.settrace(None)
                self.signaled.set()
        return self._trace


def wake_ups(clock: SystemClock, wakeup: Wakeup | None) -> int:
    """How often this thread gave up the processor while it waited."""
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    if wakeup is None:
        clock.sleep(A_WHILE_S)
    else:
        clock.wait(wakeup, A_WHILE_S)
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before


@pytest.mark.parametrize("wakeup", [None, Wakeup()], ids=["sleep", "wait"])
def test_who_waits_wakes_once(wakeup: Wakeup | None) -> None:
    """Another thread that holds the interpreter adds some; looking 20 times a second adds 6."""
    assert any(wake_ups(SystemClock(), wakeup) <= 3 for _ in range(5))


def test_wait_ends_with_what_it_waits_for() -> None:
    sleeper = Sleeper(SystemClock(), Wakeup())
    assert sleeper.wakeup is not None
    sleeper.wakeup.set()
    assert (sleeper.is_back(), sleeper.found) == (True, True)


def test_request_to_stop_ends_each_wait() -> None:
    clock, wakeup = SystemClock(), Wakeup()
    sleepers = [Sleeper(clock), Sleeper(clock, wakeup), Sleeper(clock, wakeup)]
    clock.stop.set()
    assert [(sleeper.is_back(), sleeper.found) for sleeper in sleepers] == [(True, False)] * 3


def test_one_wakeup_ends_no_other_wait() -> None:
    clock, mine, other = SystemClock(), Wakeup(), Wakeup()
    sleeper = Sleeper(clock, mine)
    other.set()
    was_waiting = sleeper.thread.is_alive()
    mine.set()
    assert (was_waiting, sleeper.is_back()) == (True, True)


def test_cleared_wakeup_is_waited_for() -> None:
    clock, wakeup = SystemClock(), Wakeup()
    wakeup.set()
    wakeup.clear()
    assert not clock.wait(wakeup, 0.01)


def test_signal_at_any_line_of_a_wait_ends_it() -> None:
    """A handler runs between two lines of the thread that waits: it neither hangs nor is missed."""

    def interrupted(at_line: int, done: list[bool]) -> None:
        stop = Stop()
        with Interrupted(at_line, stop) as signaled:
            SystemClock(stop).wait(Wakeup(), FOR_EVER_S)
        done.append(signaled.came)

    came: list[bool] = []
    for at_line in range(BEFORE_IT_SLEEPS):
        thread = threading.Thread(target=interrupted, args=(at_line, came), daemon=True)
        thread.start()
        thread.join(PATIENCE_S)
    assert came == [True] * BEFORE_IT_SLEEPS


def test_signal_at_any_line_of_a_set_is_not_missed() -> None:
    for at_line in range(4):
        stop, wakeup = Stop(), Wakeup()
        sleeper = Sleeper(SystemClock(stop), wakeup)
        with Interrupted(at_line, stop):
            wakeup.set()
        assert (sleeper.is_back(), stop.is_set()) == (True, True)


def test_sleep_of_the_main_thread_ends_by_a_signal() -> None:
    stop = Stop()
    with stopped_by_signals(stop):
        killer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM))
        killer.start()
        began = time.monotonic()
        SystemClock(stop).sleep(FOR_EVER_S)
        assert time.monotonic() - began < PATIENCE_S


def test_no_set_is_lost_however_it_falls() -> None:
    """A thread sets it after each count; who waits, woken or not, has seen all of them at the last."""
    clock, wakeup, counted, seen = SystemClock(), Wakeup(), [0], 0

    def call() -> None:
        for _ in range(2000):
            counted[0] += 1
            wakeup.set()

    thread = threading.Thread(target=call)
    thread.start()
    while seen < 2000 and clock.wait(wakeup, PATIENCE_S):
        wakeup.clear()
        seen = counted[0]
    thread.join()
    assert seen == 2000
