"""When a schedule holds: weekly windows and holidays in local time, with both changes of the clocks. Pure.

A window is [begins, ends) on the wall's clock, so that daylight saving needs no rule of its own: a time that does not
exist begins at the next that does, and one that comes twice counts both times.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 24 * 60
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MAX_WINDOWS_A_DAY = 20
LOOKED_AHEAD_DAYS = 800
"""How far the next change is looked for: past each yearly holiday, and one of them in a leap year or not."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From `begins` until before `ends`, minutes after the midnight of the day it begins on.

    `begins` is 0..1439. `ends` is greater, up to a day later: above 1440 the window crosses midnight. Raises
    `ValueError` otherwise.
    """

    begins: int
    ends: int

    def __post_init__(self) -> None:
        if not 0 <= self.begins < MINUTES_A_DAY:
            raise ValueError("a window begins at 00:00 to 23:59")
        if not self.begins < self.ends <= self.begins + MINUTES_A_DAY:
            raise ValueError("a window ends after it begins, at most 24 hours later")


@dataclass(frozen=True, slots=True)
class Holidays:
    """A named list of dates: `yearly` ones as (month, day), and single ones."""

    name: str
    yearly: frozenset[tuple[int, int]] = frozenset()
    once: frozenset[date] = frozenset()

    def __contains__(self, day: date) -> bool:
        return (day.month, day.day) in self.yearly or day in self.once


NO_HOLIDAYS: Mapping[str, tuple[Window, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Schedule:
    """Windows for each weekday, Monday first, and others for the days of `holidays`, in one time zone.

    A window belongs to the day it begins on and runs to its end, into a holiday too. Of several lists with a date the
    first counts. Raises `ValueError` for more than 20 windows a day.
    """

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Window, ...], ...]
    holidays: tuple[tuple[Holidays, tuple[Window, ...]], ...] = field(default=())

    def __post_init__(self) -> None:
        if len(self.week) != len(WEEKDAYS):
            raise ValueError("a schedule has windows for seven days")
        if any(len(day) > MAX_WINDOWS_A_DAY for day in (*self.week, *(own for _, own in self.holidays))):
            raise ValueError(f"a day has at most {MAX_WINDOWS_A_DAY} windows")

    def windows(self, day: date) -> tuple[Window, ...]:
        """Those that begin on a day."""
        for days, own in self.holidays:
            if day in days:
                return own
        return self.week[day.weekday()]

    def holds(self, at: datetime) -> bool:
        """Whether it holds at a time, which has a time zone."""
        return self._holds_on_the_wall(at.astimezone(self.zone).replace(tzinfo=None))

    def next_change(self, after: datetime) -> datetime | None:
        """The first time after `after`, in UTC, at which it begins or ends to hold; None if none is near."""
        now = self.holds(after)
        for at in self._candidates(after):
            if self.holds(at) is not now:
                return at
        return None

    def _holds_on_the_wall(self, wall: datetime) -> bool:
        minute = wall.hour * 60 + wall.minute
        if any(window.begins <= minute < window.ends for window in self.windows(wall.date())):
            return True
        if wall.date() == date.min:
            return False
        late = self.windows(wall.date() - timedelta(days=1))
        return any(minute + MINUTES_A_DAY < window.ends for window in late)

    def _candidates(self, after: datetime) -> Iterator[datetime]:
        """All times at which it could change, in order: borders of windows, and changes of the clocks."""
        begin = after.astimezone(UTC)
        first = after.astimezone(self.zone).date()
        for offset in range(-2, LOOKED_AHEAD_DAYS):
            day = datetime.combine(first, datetime.min.time()) + timedelta(days=offset)
            yield from sorted(at for at in self._candidates_on(day) if at > begin)

    def _candidates_on(self, day: datetime) -> Iterator[datetime]:
        """Those that belong to a local day. They are in order from day to day, as borders past midnight come with the
        day that they lie in.
        """
        minutes = {border for window in self.windows(day.date()) for border in (window.begins, window.ends)}
        late = self.windows(day.date() - timedelta(days=1))
        minutes |= {window.ends - MINUTES_A_DAY for window in late}
        for minute in minutes:
            if 0 <= minute < MINUTES_A_DAY:
                yield from self._instants(day + timedelta(minutes=minute))
        yield from self._clock_changes(day)

    def _instants(self, wall: datetime) -> tuple[datetime, ...]:
        """When the wall's clock shows a time: once, twice, or at neither of two times in a gap."""
        return tuple(wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))

    def _clock_changes(self, day: datetime) -> Iterator[datetime]:
        """The changes of the clocks on a local day, at most one, to the second."""
        before, after = (self._instants(day + timedelta(days=days))[0] for days in (0, 1))
        if self._offset(before) == self._offset(after):
            return
        while after - before > timedelta(seconds=1):
            middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
            if self._offset(middle) == self._offset(before):
                before = middle
            else:
                after = middle
        yield after

    def _offset(self, at: datetime) -> timedelta | None:
        return at.astimezone(self.zone).utcoffset()


def always(name: str = "always") -> Schedule:
    """One that holds at all times."""
    return Schedule(name, ZoneInfo("UTC"), ((Window(0, MINUTES_A_DAY),),) * len(WEEKDAYS))


ALWAYS = "always"
"""The name of the schedule that holds at all times and depends on no clock."""
