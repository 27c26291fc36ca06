"""A clock that stands still until a thread waits: minutes of a scenario pass in no time, and always alike."""

from bisect import insort
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from device.ports import Timed
from device.wakeup import Wakeup

BEGINS = datetime(2026, 1, 1, 8, tzinfo=UTC)
"""When a world begins that says nothing of it."""


class SimulatedClock:
    """`Clock` that starts at 0 s and moves only when a thread waits.

    What happens meanwhile, happens in order: actions that were laid down with `at`, and whatever it attends.
    """

    def __init__(self, start: datetime = BEGINS) -> None:
        self._start = start.astimezone(UTC)
        self._now = 0.0
        self._actions: list[tuple[float, Callable[[], None]]] = []
        self._attended: list[Timed] = []

    def monotonic(self) -> float:
        """Seconds since the scenario began."""
        return self._now

    def utc(self) -> datetime:
        """The scenario's own time of day, in UTC as of any clock."""
        return self._start + timedelta(seconds=self._now)

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self._pass(self._now + max(0.0, seconds), None)

    def wait(self, wakeup: Wakeup, timeout_s: float) -> bool:
        """Lets time pass until something that happens meanwhile sets `wakeup`."""
        self._pass(self._now + max(0.0, timeout_s), wakeup)
        return wakeup.is_set()

    def step_utc(self, seconds: float) -> None:
        """Someone sets the time of day, forward or back; the monotonic time goes on as before."""
        self._start += timedelta(seconds=seconds)

    def skip(self, seconds: float) -> None:
        """Goes on at once: what was due meanwhile happens late, the next time that a thread waits."""
        self._now += max(0.0, seconds)

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Has something happen at a time, in seconds on this clock; at once if that is past."""
        insort(self._actions, (when, action), key=lambda planned: planned[0])

    def attend(self, timed: Timed) -> None:
        """Calls something whenever its time has come."""
        self._attended.append(timed)

    def _pass(self, end: float, wakeup: Wakeup | None) -> None:
        while not (wakeup and wakeup.is_set()):
            due = self._next_due()
            if due is None or due[0] > end:
                self._now = max(self._now, end)
                return
            self._now = max(self._now, due[0])
            due[1]()

    def _next_due(self) -> tuple[float, Callable[[], None]] | None:
        """The earliest of all that is to come; an action is taken off the list when it is returned within reach."""
        deadlines = ((when, timed.tick) for timed in self._attended if (when := timed.deadline()) is not None)
        return min((*self._pending(), *deadlines), key=lambda due: due[0], default=None)

    def _pending(self) -> tuple[tuple[float, Callable[[], None]], ...]:
        if not self._actions:
            return ()
        when, action = self._actions[0]

        def take() -> None:
            self._actions.pop(0)
            action()

        return ((when, take),)
