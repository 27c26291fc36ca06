"""Doors in operation and their schedules: nobody comes, someone early, a power cut, a holiday, a clock in doubt."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from device.door.interlock import Interlock
from device.door.mode import ModeFile
from device.door.operation import Door
from device.door_times import DoorTimes
from device.policy.clock_state import ClockReading
from device.records import ClockState, DoorCommand, DoorInput, Line
from device.settings.tables import DoorSettings
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from tests.device.door.bench import FakeDoorIO

TEXT = """
zone = "Europe/Berlin"
[[holidays]]
name = "public"
dates = ["12-25"]
[[schedules]]
name = "shop"
windows = ["Mon-Fri 08:00-18:00"]
holidays = { public = [] }
[[schedules]]
name = "closed"
windows = ["daily 22:00-06:00"]
"""
RELEASE = '[[releases]]\nname = "open"\nall_doors = true\nschedule = "shop"\n'
FIRST_IN = RELEASE + 'first_in = "staff"\nearly_s = 900\n'
LOCK = '[[locks]]\nname = "shut"\nall_doors = true\nschedule = "closed"\n'


class House:
    """One door, what speaks for its schedules, and a clock that can be wrong."""

    def __init__(self, folder: Path, start: str, text: str, **changed: Any) -> None:
        self.folder, self.text, self.changed = folder, text, changed
        self.state, self.wrong_by, self.other = ClockState.TRUSTED, timedelta(), timedelta()
        self.store = Store(folder)
        self.apply(text)
        self.begin(datetime.fromisoformat(start))

    def begin(self, at: datetime) -> None:
        """Starts the process, as after a power cut."""
        self.clock = SimulatedClock(at.astimezone(UTC))
        self.io = FakeDoorIO(self.clock)
        self.memory = ModeFile(self.folder, "main")
        self.door = Door(DoorSettings(name="main", **self.changed), self.io, self.clock, self.memory)
        self.clock.attend(self.door)
        self.times = DoorTimes((self.door,), self.store, self.clock)
        self.wait(1)

    def apply(self, text: str) -> None:
        with self.store.rules() as book:
            book.apply(TEXT + text, datetime(2026, 1, 1, tzinfo=UTC))

    def wait(self, seconds: float) -> "House":
        """Lets time pass, with a look at the schedules twice a second; in a long wait only in its last minute."""
        end = self.clock.monotonic() + seconds
        self.clock.sleep(seconds - 60 if seconds > 180 else 0)
        while self.clock.monotonic() < end:
            self.look()
            self.clock.sleep(min(0.5, end - self.clock.monotonic()))
        self.look()
        return self

    def look(self) -> None:
        now = self.clock.utc() + self.wrong_by
        other = now + self.other if self.state is ClockState.UNTRUSTED else None
        self.times.ask(ClockReading(self.state, now, other=other))

    def until(self, text: str) -> "House":
        """Waits until the wall's clock, which is right, shows a time."""
        return self.wait((datetime.fromisoformat(text) - self.clock.utc()).total_seconds())

    def power_cut(self, minutes: float = 1.0) -> "House":
        """The process and the door's relay are gone for a while."""
        assert self.door.wait_written(5)
        at = self.clock.utc() + timedelta(minutes=minutes)
        self.door.close()
        self.begin(at)
        return self

    def come_in(self, *, leads: bool = True) -> "House":
        assert self.door.grant(row=1, leads=leads)
        return self.swing()

    def swing(self) -> "House":
        self.io.change(DoorInput.DPS, Line.ACTIVE)
        self.clock.sleep(1)
        self.io.change(DoorInput.DPS, Line.QUIET)
        return self.wait(5)

    def changes(self) -> list[str]:
        """When the strike changed, in UTC."""
        start = self.clock.utc() - timedelta(seconds=self.clock.monotonic())
        changes = [(start + timedelta(seconds=when), released) for when, released in self.io.strike()]
        return [f"{when:%H:%M:%S} {'released' if released else 'secured'}" for when, released in changes[1:]]

    @property
    def released(self) -> bool:
        return self.io.driven[-1][1].released

    def close(self) -> None:
        self.door.close()
        self.store.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Any]:
    opened = list[House]()

    def build(start: str, text: str, **changed: Any) -> House:
        opened.append(House(tmp_path, start, text, **changed))
        return opened[-1]

    yield build
    for one in opened:
        one.close()


def test_a_release_begins_and_ends_with_its_window(house: Any) -> None:
    shop = house("2026-11-30T06:58+00:00", RELEASE)
    assert shop.wait(180).changes() == ["07:00:00 released"]
    shop.until("2026-11-30T16:58+00:00")
    assert shop.wait(180).changes()[-1] == "17:00:00 secured"


def test_each_day_of_the_change_of_clocks_begins_at_eight(house: Any) -> None:
    """Berlin is two hours ahead of UTC until Sunday, and one hour from then on."""
    shop = house("2026-10-23T05:59+00:00", RELEASE)
    assert not shop.released
    assert shop.until("2026-10-23T06:00:01+00:00").released
    shop.until("2026-10-26T06:00:01+00:00")
    assert not shop.released
    assert shop.until("2026-10-26T07:00:01+00:00").released


def test_a_holiday_stays_locked(house: Any) -> None:
    shop = house("2026-12-24T12:00+00:00", RELEASE)
    assert shop.released
    assert not shop.until("2026-12-25T12:00+00:00").released


def test_new_rules_count_within_a_second(house: Any) -> None:
    shop = house("2026-11-30T12:00+00:00", RELEASE)
    before = shop.released
    shop.apply("")
    assert (before, shop.wait(1).released) == (True, False)
    shop.apply(RELEASE)
    assert shop.wait(1).released


def test_schedules_that_fall_silent_leave_no_door_released(house: Any) -> None:
    shop = house("2026-11-30T12:00+00:00", RELEASE)
    shop.clock.sleep(20)
    assert shop.released
    shop.clock.sleep(11)
    assert not shop.released
    assert shop.wait(1).released


def test_first_in_with_nobody_coming_stays_locked(house: Any) -> None:
    shop = house("2026-11-30T06:30+00:00", FIRST_IN)
    assert not shop.until("2026-11-30T17:30+00:00").released


@pytest.mark.parametrize(("at", "counts"), [("06:44:00", False), ("06:46:00", True), ("09:00:00", True)])
def test_first_in_counts_early_and_late_but_not_too_early(house: Any, at: str, counts: bool) -> None:
    shop = house("2026-11-30T06:30+00:00", FIRST_IN).until(f"2026-11-30T{at}+00:00").come_in()
    assert shop.until("2026-11-30T09:30+00:00").released is counts
    assert not shop.until("2026-11-30T17:01+00:00").released
    assert not shop.until("2026-12-01T09:00+00:00").released


def test_first_in_does_not_count_for_other_people(house: Any) -> None:
    assert not house("2026-11-30T08:00+00:00", FIRST_IN).come_in(leads=False).released


def test_power_cut_in_the_window_is_remembered(house: Any) -> None:
    shop = house("2026-11-30T09:00+00:00", FIRST_IN).come_in()
    assert shop.until("2026-11-30T10:00+00:00").power_cut().released
    assert not shop.until("2026-12-01T10:00+00:00").released


def test_secure_lasts_over_a_power_cut_and_to_the_windows_end(house: Any) -> None:
    shop = house("2026-11-30T09:00+00:00", RELEASE)
    shop.door.command(DoorCommand.SECURE)
    assert not shop.wait(60).power_cut().wait(60).released
    assert shop.until("2026-12-01T09:00+00:00").released


def test_lockdown_inside_a_window_is_resumed_only_inside_it(house: Any) -> None:
    shop = house("2026-11-30T09:00+00:00", RELEASE)
    shop.door.command(DoorCommand.LOCKDOWN)
    assert not shop.wait(10).released
    shop.door.command(DoorCommand.CLEAR)
    assert shop.wait(1).released
    shop.door.command(DoorCommand.LOCKDOWN)
    shop.until("2026-11-30T17:30+00:00").door.command(DoorCommand.CLEAR)
    assert not shop.wait(10).released


def test_no_release_begins_while_the_clock_is_in_doubt(house: Any) -> None:
    shop = house("2026-11-30T06:50+00:00", RELEASE)
    shop.state = ClockState.UNTRUSTED
    assert not shop.until("2026-11-30T09:00+00:00").released
    shop.state = ClockState.TRUSTED
    assert shop.wait(1).released


def test_first_in_does_not_begin_while_the_clock_is_in_doubt(house: Any) -> None:
    shop = house("2026-11-30T09:00+00:00", FIRST_IN)
    shop.state = ClockState.UNTRUSTED
    assert not shop.wait(1).come_in().released


def test_a_release_goes_on_to_its_end_in_doubt(house: Any) -> None:
    shop = house("2026-11-30T16:58+00:00", RELEASE)
    shop.state = ClockState.UNTRUSTED
    assert shop.until("2026-11-30T16:59:58+00:00").released
    assert not shop.until("2026-11-30T17:00:01+00:00").released


def test_a_clock_that_is_set_back_in_doubt_prolongs_nothing(house: Any) -> None:
    shop = house("2026-11-30T16:58+00:00", RELEASE)
    shop.state, shop.wrong_by = ClockState.UNTRUSTED, timedelta(hours=-5)
    assert shop.until("2026-11-30T16:59:58+00:00").released
    assert not shop.until("2026-11-30T17:00:01+00:00").released


@pytest.mark.parametrize("hours", [-24 * 365, -24, -1, 1, 24, 24 * 365 * 12])
def test_a_clock_that_steps_releases_nothing_outside_windows(house: Any, hours: float) -> None:
    """What counts is what the trusted clock shows; back in time, the door is as it was."""
    shop = house("2026-11-30T12:00+00:00", RELEASE)
    shop.wrong_by = timedelta(hours=hours)
    shown = (shop.clock.utc() + shop.wrong_by + timedelta(hours=1)).replace(tzinfo=None)
    assert shop.wait(2).released is (shown.weekday() < 5 and 8 <= shown.hour < 18)
    shop.wrong_by = timedelta()
    assert shop.wait(2).released


def test_a_power_cut_with_a_clock_in_doubt_stays_locked(house: Any) -> None:
    shop = house("2026-11-30T09:00+00:00", FIRST_IN).come_in()
    shop.state = ClockState.UNTRUSTED
    assert not shop.power_cut().wait(60).released


def test_a_scheduled_lock_ends_grants_and_the_way_out_stays_free(house: Any) -> None:
    shop = house("2026-11-30T20:59:58+00:00", LOCK)
    shop.door.grant()
    assert shop.released
    assert not shop.wait(2).released
    assert shop.door.let_out()
    assert shop.released
    assert shop.until("2026-12-01T05:00:01+00:00").door.grant()


def test_a_lock_holds_by_either_reading_of_a_clock_in_doubt(house: Any) -> None:
    shop = house("2026-11-30T12:00+00:00", RELEASE + LOCK)
    shop.state, shop.other = ClockState.UNTRUSTED, timedelta(hours=11)
    assert not shop.wait(1).released
    assert shop.door.let_out()


def test_a_mantrap_holds_the_release_of_a_schedule(tmp_path: Path) -> None:
    clock, both = SimulatedClock(datetime(2026, 11, 30, 9, tzinfo=UTC)), Interlock()
    pins = [FakeDoorIO(clock), FakeDoorIO(clock)]
    doors = tuple(
        Door(DoorSettings(name=name), io, clock, None, both) for name, io in zip(("a", "b"), pins, strict=True)
    )
    for door in doors:
        clock.attend(door)
    with Store(tmp_path) as store:
        with store.rules() as book:
            book.apply(TEXT + RELEASE.replace("all_doors = true", 'doors = ["a"]'), clock.utc())
        times = DoorTimes(doors, store, clock)
        doors[1].let_out()
        pins[1].change(DoorInput.DPS, Line.ACTIVE)
        times.ask(ClockReading(ClockState.TRUSTED, clock.utc()))
        held_back = pins[0].driven[-1][1].released
        pins[1].change(DoorInput.DPS, Line.QUIET)
        doors[0].tick()
        assert (held_back, pins[0].driven[-1][1].released) == (False, True)
    for door in doors:
        door.close()
