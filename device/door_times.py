"""Tells the doors what their schedules say: windows that release them, locks, and when that ends."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from device.at_work import LATE_S, at_work
from device.door.operation import Door
from device.errors import LintelError
from device.failures import in_words
from device.policy.clock_state import ClockReading
from device.policy.door_times import LEASE_S, OpenWindow, said_at, window_at
from device.policy.rules import Rules
from device.ports import Clock
from device.records import ClockState, ScheduleChanged
from device.store.store import Store

PERIOD_S = 0.5
"""How often the rules and the time are looked at."""
LOOK_S = 10
"""How often the windows are looked for, seconds of the wall's clock: a divisor of a minute, as these begin with one."""
END_S = 2.0


@dataclass(slots=True)
class _Told:
    """What one door was told, and the window it is about."""

    said: ScheduleChanged = field(default_factory=lambda: ScheduleChanged(unlocked=False))
    at: float = 0.0
    window: OpenWindow | None = None
    ends_at: float = 0.0
    """On the monotonic clock, as of the last time that the time of day was trusted."""
    looked: object = None


class DoorTimes:
    """Speaks for the schedules of some doors. One thread calls `ask`."""

    def __init__(self, doors: tuple[Door, ...], store: Store, clock: Clock) -> None:
        self._doors = doors
        self._store = store
        self._clock = clock
        self._told = {door.name: _Told() for door in doors}
        self._signature: object = None
        self._rules: Rules | None = None
        self._is_known = False

    def ask(self, reading: ClockReading) -> None:
        """Tells each door what counts now, as far as it does not know. While the store does not answer, the rules that
        were read last count.
        """
        self._read()
        for door in self._doors:
            self._tell(door, self._told[door.name], reading)

    def _read(self) -> None:
        signature = self._store.signature()
        if self._is_known and signature == self._signature:
            return
        try:
            with self._store.rules() as book:
                self._rules = book.rules()
        except LintelError:
            return
        self._signature, self._is_known = signature, True

    def _tell(self, door: Door, told: _Told, reading: ClockReading) -> None:
        now = self._clock.monotonic()
        readings = reading.times
        window = self._window(door, told, reading, now)
        said = said_at(self._rules, door.name, readings, window, told.ends_at - now)
        is_new = replace(said, lasts_s=0.0) != replace(told.said, lasts_s=0.0)
        if is_new or (said.unlocked and now - told.at >= LEASE_S / 3):
            told.said, told.at = said, now
            door.tell(said)

    def _window(self, door: Door, told: _Told, reading: ClockReading, now: float) -> OpenWindow | None:
        """While the time of day is not trusted, a release that is under way goes on to its end, and none begins."""
        if reading.state is ClockState.UNTRUSTED:
            window = told.window
            goes_on = window is not None and door.is_scheduled and all(map(window.is_on, reading.times))
            told.looked = None
            if not (goes_on and now < told.ends_at):
                told.window = None
            return told.window
        looked = (self._rules, int(reading.now.timestamp()) // LOOK_S)
        if looked != told.looked:
            told.looked = looked
            told.window = None if self._rules is None else window_at(self._rules, door.name, reading.now)
        if told.window is not None:
            told.ends_at = now + (told.window.ends - reading.now).total_seconds()
        return told.window


class DoorTimesThread:
    """Asks twice a second, in a thread of its own. Whatever fails, the doors are secure within `LEASE_S`."""

    def __init__(self, times: DoorTimes, reading: Callable[[], ClockReading]) -> None:
        self._times = times
        self._reading = reading
        self._is_ending = threading.Event()
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name="door times", daemon=True)
        self._thread.start()

    def trouble(self) -> str:
        """Why schedules are not followed, in a sentence; "" if they are."""
        return self._failure

    def close(self) -> None:
        """Says no more; harmless when repeated."""
        self._is_ending.set()
        self._thread.join(END_S)  # one that hangs in the disk is left behind

    def _run(self) -> None:
        while not self._is_ending.is_set():
            try:
                with at_work(LATE_S):
                    self._times.ask(self._reading())
                self._failure = ""
            except Exception as error:  # the next look may be another
                self._failure = f"The schedules of the doors can't be followed: {in_words(error)}."
            self._is_ending.wait(PERIOD_S)
