"""A year of minutes in three time zones, written out by hand: what schedules and rules must agree with.

The oracle knows no time zones: it has the offsets of 2026 as the tables of the zones give them, paints each local day's
minutes from the windows, and looks each minute up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Times = tuple[tuple[int, int], ...]
"""(begin, end) in minutes after midnight; an end above 1440 lies on the next day."""


@dataclass(frozen=True)
class Zone:
    """A zone's minutes ahead of UTC, and from when on in 2026."""

    name: str
    offsets: tuple[tuple[datetime, int], ...]

    def wall(self, at: datetime) -> datetime:
        """What the wall's clock shows."""
        minutes = [ahead for begins, ahead in self.offsets if begins <= at][-1]
        return (at + timedelta(minutes=minutes)).replace(tzinfo=None)

    @property
    def changes(self) -> tuple[datetime, ...]:
        """When its clocks change."""
        return tuple(begins for begins, _ in self.offsets[1:])


def _utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


ZONES = (
    Zone("Europe/Berlin", ((BEGIN, 60), (_utc(3, 29, 1), 120), (_utc(10, 25, 1), 60))),
    Zone("America/New_York", ((BEGIN, -300), (_utc(3, 8, 7), -240), (_utc(11, 1, 6), -300))),
    Zone("Australia/Lord_Howe", ((BEGIN, 660), (_utc(4, 4, 15), 630), (_utc(10, 3, 15, 30), 660))),
)


def painted(week: tuple[Times, ...], special: dict[date, Times]) -> frozenset[tuple[date, int]]:
    """All (local date, minute of the day) that are open."""
    open_minutes = set[tuple[date, int]]()
    for number in range(-3, 369):
        day = date(2026, 1, 1) + timedelta(days=number)
        for begin, end in special.get(day, week[day.weekday()]):
            for minute in range(begin, end):
                open_minutes.add((day + timedelta(days=minute // 1440), minute % 1440))
    return frozenset(open_minutes)


def is_painted(open_minutes: frozenset[tuple[date, int]], wall: datetime) -> bool:
    """Whether it is open when the wall's clock shows that."""
    return (wall.date(), wall.hour * 60 + wall.minute) in open_minutes


def all_minutes() -> Iterator[datetime]:
    """Each minute of the year."""
    return (BEGIN + number * MINUTE for number in range(365 * 1440))


def some_minutes(zone: Zone) -> Iterator[datetime]:
    """Each minute around both changes of the clocks, and every 97th of the year."""
    for change in zone.changes:
        yield from (change + number * MINUTE for number in range(-1500, 1500))
    yield from (BEGIN + number * MINUTE for number in range(0, 365 * 1440, 97))
