"""Schedules and holidays as they are written: `Mon-Fri 08:00-18:00`, `12-25`, `2026-04-03`. Part of the rules' text."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta

from device.policy.schedules import MAX_WINDOWS_A_DAY, MINUTES_A_DAY, WEEKDAYS, Holidays, Schedule, Window
from device.settings.lock import Group, Name

_TIMES = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_DAYS = re.compile(rf"({'|'.join(WEEKDAYS)})(?:-({'|'.join(WEEKDAYS)}))?")
_YEARLY = re.compile(r"(\d\d)-(\d\d)")
_EXPECTED = "expected as `Mon-Fri 08:00-18:00`, `Sat,Sun 22:00-02:00` or `daily 00:00-24:00`"
LEAP_YEAR = 2024
"""Has each date that any year has."""


class HolidaysSaid(Group, frozen=True):
    """One of `[[holidays]]`."""

    name: Name
    dates: Annotated[tuple[str, ...], Meta(max_length=1000)]


class ScheduleSaid(Group, frozen=True):
    """One of `[[schedules]]`."""

    name: Name
    windows: Annotated[tuple[str, ...], Meta(max_length=7 * MAX_WINDOWS_A_DAY)] = ()
    zone: str | None = None
    holidays: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies it
    """Windows of the days in a list, by its name."""


class Said(Group, frozen=True):
    """The part of the text that says when."""

    zone: str | None = None
    holidays: tuple[HolidaysSaid, ...] = ()
    schedules: Annotated[tuple[ScheduleSaid, ...], Meta(max_length=200)] = ()


def holidays_of(said: Said) -> dict[str, Holidays]:
    """The lists by their names. Raises `ValueError` with the place."""
    return {one.name: _list(f"holidays[{number}]", one) for number, one in enumerate(said.holidays)}


def schedule_of(at: str, said: ScheduleSaid, lists: Mapping[str, Holidays], site: ZoneInfo | None) -> Schedule:
    """A schedule, in its own zone or that of the site. Raises `ValueError` with the place."""
    zone = site if said.zone is None else zone_named(said.zone, f"{at}.zone")
    if zone is None:
        raise ValueError(f"the schedule {said.name!r} has no time zone, write `zone` above it or in it - at `{at}`")
    week: tuple[list[Window], ...] = tuple([] for _ in WEEKDAYS)
    for number, text in enumerate(said.windows):
        for day, window in _windows(f"{at}.windows[{number}]", text):
            week[day].append(window)
    try:
        return Schedule(said.name, zone, tuple(map(tuple, week)), tuple(_special(at, said, lists)))
    except ValueError as error:
        raise ValueError(f"{error} - at `{at}`") from None


def zone_named(name: str, at: str) -> ZoneInfo:
    """A time zone. Raises `ValueError` with the place."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError) as error:  # an unknown one is a KeyError of its own
        raise ValueError(_no_zone(name, at)) from error
    except KeyError:
        raise ValueError(_no_zone(name, at)) from None


def _no_zone(name: str, at: str) -> str:
    return f"unknown time zone {name!r}, expected a name as `Europe/Berlin` (`timedatectl list-timezones`) - at `{at}`"


def _list(at: str, said: HolidaysSaid) -> Holidays:
    yearly, once = set[tuple[int, int]](), set[date]()
    for number, text in enumerate(said.dates):
        try:
            if found := _YEARLY.fullmatch(text):
                day = date(LEAP_YEAR, int(found[1]), int(found[2]))
                yearly.add((day.month, day.day))
            else:
                once.add(date.fromisoformat(text))
        except ValueError:
            raise ValueError(
                f"{text!r} is not a date, expected as `12-25` (each year) or `2026-04-03` - at `{at}.dates[{number}]`"
            ) from None
    return Holidays(said.name, frozenset(yearly), frozenset(once))


def _special(
    at: str, said: ScheduleSaid, lists: Mapping[str, Holidays]
) -> Iterator[tuple[Holidays, tuple[Window, ...]]]:
    for name, texts in said.holidays.items():
        if name not in lists:
            known = f"expected one of {', '.join(lists)}" if lists else "there is no [[holidays]]"
            raise ValueError(f"unknown list of holidays {name!r}, {known} - at `{at}.holidays`")
        where = f"{at}.holidays.{name}"
        yield lists[name], tuple(_times(f"{where}[{number}]", text, text) for number, text in enumerate(texts))


def _windows(at: str, text: str) -> Iterator[tuple[int, Window]]:
    """(weekday, window) for each day that a text names."""
    days, _, times = text.strip().rpartition(" ")
    window = _times(at, times, text)
    named = range(7) if days.strip() == "daily" else [day for part in days.split(",") for day in _days(at, part, text)]
    yield from ((day, window) for day in named)


def _days(at: str, part: str, text: str) -> list[int]:
    found = _DAYS.fullmatch(part.strip())
    if found is None:
        raise ValueError(f"{text!r} names no days, {_EXPECTED} - at `{at}`")
    first, last = WEEKDAYS.index(found[1]), WEEKDAYS.index(found[2] or found[1])
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def _times(at: str, times: str, text: str) -> Window:
    """`22:00-02:00` ends on the next day; `00:00-24:00` is the whole of one."""
    found = _TIMES.fullmatch(times.strip())
    if found is None:
        raise ValueError(f"{text!r} has no times, {_EXPECTED} - at `{at}`")
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    begins, ends = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
    if begin_minute > 59 or end_minute > 59 or begins >= MINUTES_A_DAY or ends > MINUTES_A_DAY:
        raise ValueError(f"{text!r} has a time that no clock shows, {_EXPECTED} - at `{at}`")
    if begins == ends:
        raise ValueError(f"{text!r} ends when it begins, {_EXPECTED} - at `{at}`")
    return Window(begins, ends if ends > begins else ends + MINUTES_A_DAY)
