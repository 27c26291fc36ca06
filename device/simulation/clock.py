"""A clock that stands still until somebody waits: minutes of a scenario pass in no time, and always alike."""

from datetime import UTC, datetime, timedelta


class SimulatedClock:
    """`Clock` that starts at 0 s and moves only by `sleep`."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._now = 0.0

    def monotonic(self) -> float:
        """Seconds since the scenario began."""
        return self._now

    def utc(self) -> datetime:
        """The scenario's own time of day."""
        return self._start + timedelta(seconds=self._now)

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self._now += max(0.0, seconds)
