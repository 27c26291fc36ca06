"""Calls what has a time of its own, such as a wire that settles, in a thread as real time passes."""

import sys
import threading
from collections.abc import Callable

from device.ports import Clock, Timed

LONGEST_WAIT_S = 1.0
"""How often a thread looks around even if it waits for nothing."""


class Timekeeper:
    """A daemon thread for one `Timed`; on a simulated clock, `SimulatedClock.attend` does the same."""

    def __init__(self, timed: Timed, clock: Clock, *, each_round: Callable[[], None] = lambda: None) -> None:
        """`each_round` is called whenever the thread looks at the deadline, at least every `LONGEST_WAIT_S`."""
        self._timed = timed
        self._clock = clock
        self._each_round = each_round
        self._wakeup = threading.Event()
        self.last_beat = clock.monotonic()
        """When the thread last came round, in seconds on the clock; one that is several `LONGEST_WAIT_S` late hangs."""
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=type(timed).__name__, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Has it look at the deadline again, which may be nearer than before."""
        self._wakeup.set()

    def close(self) -> None:
        """Ends the thread, without waiting for one that hangs; harmless when repeated."""
        self._closed = True
        self._wakeup.set()
        if self._thread is not threading.current_thread():
            self._thread.join(LONGEST_WAIT_S)

    def _run(self) -> None:
        """A wire that is no longer read, or a strike without a guard, would be worse than any error."""
        while not self._closed:
            self._wakeup.clear()
            try:
                self._come_round()
            except Exception:
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self._thread)))
                self._wakeup.wait(LONGEST_WAIT_S)

    def _come_round(self) -> None:
        self._each_round()
        deadline = self._timed.deadline()
        left = LONGEST_WAIT_S if deadline is None else deadline - self._clock.monotonic()
        if left > 0:
            self._wakeup.wait(min(left, LONGEST_WAIT_S))
        else:
            self._timed.tick()
        self.last_beat = self._clock.monotonic()
