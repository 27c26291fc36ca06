"""The time of day in a virtual world: right until someone sets the clock, and then judged by the door's own rules."""

from datetime import datetime, timedelta

from device.clock_watch import ClockWatch
from device.errors import ScenarioError
from device.policy.clock_state import ClockSeen
from device.settings.tables import Settings
from device.store.store import Store
from device.virtual.clock import SimulatedClock

YEARS = range(1970, 2200)
"""What a clock can be set to; a kernel's own begins in 1970 and ends in 2232."""
_BOOT, _SYNCHRONIZED = "virtual", "at the start"


class TimeOfDay:
    """The clock of a machine that was synchronized when it started, and never again. One thread uses it.

    Hand `watch` to the doors. As on a Pi, a clock set back to where it would have been is trusted again.
    """

    def __init__(self, clock: SimulatedClock, store: Store, settings: Settings) -> None:
        self._clock = clock
        self._is_kept_right = settings.clock.trust == "always"
        self.is_always_right = True
        """Until someone sets the clock: a scenario may begin at any time."""
        self.watch = ClockWatch(self, store, timedelta(days=settings.clock.max_gap_days))

    def look(self) -> ClockSeen:
        """What the clock shows."""
        return ClockSeen(self._clock.utc(), self._clock.monotonic(), _BOOT, _SYNCHRONIZED)

    def step(self, seconds: float) -> None:
        """Someone sets the clock, forward or back. Monotonic time goes on as before.

        Raises `ScenarioError` for a time that no clock is set to.
        """
        if not self._reaches(seconds):
            raise ScenarioError(
                f"The clock can't be set by {seconds:g} s from {self._clock.utc():%Y-%m-%d}.",
                hint=f"Stay within the years {YEARS.start} to {YEARS.stop - 1}.",
            )
        if self.is_always_right and not self._is_kept_right:
            self.is_always_right = False
            self.watch.reading()  # the newest time that was right
        self._clock.step_utc(seconds)

    def _reaches(self, seconds: float) -> bool:
        try:
            then: datetime = self._clock.utc() + timedelta(seconds=seconds)
        except OverflowError:
            return False
        return then.year in YEARS
