"""Anti-passback and occupancy: where a person is as far as the doors know, and what follows at a reader. Pure.

A door leads from one area to another. A person is in an area or at an unknown place, and from there may pass either
way. The way out refuses no one: what does not fit there is a violation that is reported, and the person leaves.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from device.records import Reason

OUTSIDE = ""
"""The area that no door leads to from anywhere else."""


class Antipassback(StrEnum):
    """What a door does about a badge whose holder should be elsewhere."""

    OFF = "off"
    SOFT = "soft"
    """It lets them in and reports it."""
    HARD = "hard"
    """It refuses them."""


@dataclass(frozen=True, slots=True)
class Way:
    """One direction through a door. At an `is_exit` reader nothing is refused."""

    starts: str
    leads: str
    antipassback: Antipassback = Antipassback.OFF
    is_exit: bool = False

    @property
    def back(self) -> "Way":
        """The way out of the area that this one leads to, or the other way round."""
        return Way(self.leads, self.starts, self.antipassback, is_exit=not self.is_exit)


@dataclass(frozen=True, slots=True)
class Area:
    """A place that doors lead to. `most` is how many people may be in it, None any number."""

    name: str
    most: int | None = None
    bypass: frozenset[str] = frozenset()
    """Groups that anti-passback and occupancy do not hold for."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """When a place counts as unknown: after a while, and daily at an hour of the clock on the wall."""

    reset_after: timedelta = timedelta(hours=12)
    amnesty: time | None = None
    zone: tzinfo | None = None
    """Of the amnesty; None is the system's own."""

    def last_amnesty(self, now: datetime) -> datetime | None:
        """When the last one was, None without any."""
        if self.amnesty is None:
            return None
        today = now.astimezone(self.zone).date()
        both = (self._amnesty_of(today), self._amnesty_of(today - timedelta(days=1)))
        return max(at for at in both if at is not None and at <= now)

    def _amnesty_of(self, day: date) -> datetime | None:
        if self.amnesty is None:
            return None
        on_the_wall = datetime.combine(day, self.amnesty)
        return on_the_wall.replace(tzinfo=self.zone) if self.zone is not None else on_the_wall.astimezone()


@dataclass(frozen=True, slots=True)
class Place:
    """The area that a person's last passage led to: when, in UTC, and the audit row that says so."""

    area: str
    at: datetime
    row: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A person at a reader: where they are, None unknown, and how many others are known to be where it leads."""

    where: str | None
    others_there: int = 0
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Passing:
    """What areas say of a passage: why it is refused, if it is, and whether it is one that does not fit."""

    reason: Reason | None = None
    violates: bool = False


def known_area(place: Place | None, *, doubted_from: int, forgetting: Forgetting, now: datetime) -> str | None:
    """The area that a person is in `now`, or None for unknown.

    `doubted_from` is the newest audit row after which people may have come to or left that area unseen: a place from
    a row before it counts no more. Nor does one in the future, of a clock that was set back.
    """
    if place is None or place.row <= doubted_from:
        return None
    if not timedelta() <= now - place.at < forgetting.reset_after:
        return None
    amnesty = forgetting.last_amnesty(now)
    return None if amnesty is not None and place.at < amnesty else place.area


def passing(way: Way, asked: Asked, area: Area | None = None) -> Passing:
    """What areas say of a person who wants to pass; `area` is the one that the way leads to, None for outside."""
    if area is not None and area.bypass & asked.groups:
        return Passing()
    is_elsewhere = asked.where is not None and asked.where != way.starts
    violates = is_elsewhere and way.antipassback is not Antipassback.OFF
    if way.is_exit:
        return Passing(violates=violates)
    if violates and way.antipassback is Antipassback.HARD:
        return Passing(Reason.PASSED_BACK, violates=True)
    if area is not None and area.most is not None and asked.others_there >= area.most:
        return Passing(Reason.AREA_FULL, violates)
    return Passing(violates=violates)
