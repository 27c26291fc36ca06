"""The clock's state while a service runs: what the store keeps of it, and what an operator may say."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device.clock_watch import ClockWatch
from device.errors import DoorError
from device.policy.clock_state import ClockMark, Doubt
from device.records import Event
from device.records.rulings import ClockState
from device.store.store import Store
from device.time_source import Places, TimeSource
from device.wakeup import Wakeup
from tests.waiting import until

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


class HandClock:
    """Set by the test, both of its times."""

    def __init__(self) -> None:
        self.now, self.passed_s = NOON, 100.0

    def monotonic(self) -> float:
        return self.passed_s

    def utc(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pass_(seconds)

    def wait(self, wakeup: Wakeup, timeout_s: float) -> bool:
        self.pass_(timeout_s)
        return wakeup.is_set()

    def pass_(self, seconds: float) -> None:
        self.now, self.passed_s = self.now + timedelta(seconds=seconds), self.passed_s + seconds


class Bench:
    """A machine with a store, whose clock is synchronized by making a file."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.folder = HandClock(), folder
        self.places = Places((folder / "synchronized",), folder / "rtc", folder / "boot")
        self.places.boot.write_text("run-1")
        self.store = Store(folder / "state")

    def watch(self, store: Store | None = None) -> ClockWatch:
        source = TimeSource(self.clock, places=self.places)
        return ClockWatch(source, store or self.store, timedelta(days=30))

    def synchronize(self) -> None:
        self.places.synchronized[0].touch()

    def restart(self, off: timedelta) -> None:
        self.places.synchronized[0].unlink(missing_ok=True)
        self.places.boot.write_text("run-2")
        self.clock.now, self.clock.passed_s = self.clock.now + off, 5.0

    def kept(self) -> ClockMark | None:
        with self.store.clock() as marks:
            return marks.mark()[0]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    with closing(bench.store):
        yield bench


def test_state_outlasts_a_restart_of_the_service(bench: Bench) -> None:
    bench.synchronize()
    with closing(bench.watch()) as watch:
        assert watch.state() is ClockState.TRUSTED
    bench.places.synchronized[0].unlink()
    assert bench.watch().state() is ClockState.HELD


def test_power_cut_of_two_days_without_battery_is_noticed(bench: Bench) -> None:
    bench.synchronize()
    with closing(bench.watch()) as watch:
        watch.state()
    bench.restart(timedelta(0))
    reading = bench.watch().reading()
    assert (reading.state, reading.doubt) == (ClockState.UNTRUSTED, Doubt.NEVER_SET)


def test_clock_set_back_under_a_running_service_is_a_trouble(bench: Bench) -> None:
    bench.synchronize()
    watch = bench.watch()
    assert watch.state() is ClockState.TRUSTED
    bench.clock.now -= timedelta(days=1)
    assert watch.trouble() == (
        "The clock is not trusted: it shows an earlier time than was written down before. "
        "If it is right now: `lintel clock accept`."
    )
    watch.close()


def test_mark_is_written_down_in_the_background(bench: Bench) -> None:
    bench.synchronize()
    watch = bench.watch()
    watch.state()
    watch.trouble()
    until(lambda: bench.kept() is not None)
    watch.close()


def test_accepted_clock_is_trusted_and_noted(bench: Bench) -> None:
    bench.synchronize()
    watch = bench.watch()
    watch.state()
    bench.clock.now -= timedelta(days=1)
    assert watch.accept().state is ClockState.TRUSTED
    with bench.store.audit() as audit:
        assert [row.event for row in audit.newest(5)] == [Event.CLOCK_ACCEPTED]


def test_running_service_hears_of_an_accepted_clock(bench: Bench) -> None:
    bench.synchronize()
    running = bench.watch()
    running.state()
    bench.clock.now -= timedelta(days=1)
    assert running.state() is ClockState.UNTRUSTED
    bench.watch().accept()
    until(lambda: running.trouble() == "")
    assert running.state() is ClockState.TRUSTED
    running.close()


def test_service_does_not_undo_what_an_operator_accepted(bench: Bench) -> None:
    bench.synchronize()
    running = bench.watch()
    running.state()
    bench.clock.now -= timedelta(days=1)
    bench.watch().accept()
    running.close()
    kept = bench.kept()
    assert kept is not None
    assert kept.newest == bench.clock.now


def test_clock_of_1970_is_not_accepted(bench: Bench) -> None:
    bench.clock.now = datetime(1970, 1, 1, tzinfo=UTC)
    with pytest.raises(DoorError, match="The clock can't be accepted: 1970"):
        bench.watch().accept()


def test_store_that_is_missing_leaves_the_clock_untrusted(bench: Bench, tmp_path: Path) -> None:
    bench.synchronize()
    (tmp_path / "file").touch()
    watch = bench.watch(Store(tmp_path / "file" / "state", opened=False))
    assert watch.state() is ClockState.UNTRUSTED
    watch.close()


def test_clock_that_something_else_keeps_right_is_trusted(bench: Bench) -> None:
    source = TimeSource(bench.clock, always=True, places=bench.places)
    watch = ClockWatch(source, bench.store, timedelta(days=30))
    bench.clock.now -= timedelta(days=1)
    assert (watch.state(), watch.trouble()) == (ClockState.TRUSTED, "")
