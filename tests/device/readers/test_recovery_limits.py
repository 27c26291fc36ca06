"""When a lost reader is looked for: after 0.5 s, 1 s, 2 s ... every 10 s, and never for longer than was asked."""

import pytest

from device.errors import ReaderError
from device.readers.recovery import Recovered
from device.records import Notice, ReaderEvent, ReaderNotice, Signal
from device.virtual.clock import SimulatedClock

GONE = ReaderError("The badge reader is gone.", hint="Connect the reader.")


class StrictClock(SimulatedClock):
    """Refuses to sleep for less than no time, as the real one does."""

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0.0
        super().sleep(seconds)


class Reader:
    """Says nothing for as long as it is asked to wait, until it is told to fail."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.fails = False
        self._clock = clock

    def read(self, timeout_s: float) -> ReaderEvent | None:
        assert timeout_s >= 0.0
        if self.fails:
            raise GONE
        self._clock.sleep(timeout_s)
        return None

    def show(self, signal: Signal) -> None:
        pass

    def close(self) -> None:
        pass


class Plug:
    """A reader that can be pulled out and put in, and the times at which it was looked for."""

    def __init__(self, *, opens_in_s: float = 0.0) -> None:
        self.clock = StrictClock()
        self.is_in = True
        self.tried_at: list[float] = []
        self.reader = Reader(self.clock)
        self._opens_in_s = opens_in_s

    def opened(self) -> Reader:
        self.tried_at.append(self.clock.monotonic())
        self.clock.sleep(self._opens_in_s)
        if not self.is_in:
            raise GONE
        self.reader = Reader(self.clock)
        return self.reader

    def recovered(self, *, first: bool = True) -> Recovered:
        return Recovered(self.opened, self.reader if first else None, name="front", clock=self.clock)

    def pull(self, recovered: Recovered) -> ReaderEvent | None:
        self.is_in, self.reader.fails = False, True
        return recovered.read(0.0)


def notice_of(event: ReaderEvent | None) -> Notice | None:
    return event.notice if isinstance(event, ReaderNotice) else None


def test_lost_reader_is_looked_for_at_growing_intervals() -> None:
    plug = Plug()
    recovered = plug.recovered()
    lost = plug.pull(recovered)
    recovered.read(45.0)
    assert (notice_of(lost), plug.tried_at) == (Notice.LOST, [0.5, 1.5, 3.5, 7.5, 15.5, 25.5, 35.5])


def test_interval_is_short_again_after_ten_seconds_of_work() -> None:
    plug = Plug()
    recovered = plug.recovered()
    plug.pull(recovered)
    recovered.read(20.0)
    plug.is_in = True
    found = recovered.read(20.0)
    recovered.read(11.0)
    plug.tried_at, began = [], plug.clock.monotonic()
    plug.pull(recovered)
    recovered.read(5.0)
    assert (notice_of(found), [at - began for at in plug.tried_at]) == (Notice.FOUND, [0.5, 1.5, 3.5])


@pytest.mark.parametrize("worked_s", [9.0, 10.0])
def test_interval_stays_long_if_it_worked_for_less(worked_s: float) -> None:
    plug = Plug()
    recovered = plug.recovered()
    plug.pull(recovered)
    recovered.read(20.0)
    plug.is_in = True
    recovered.read(20.0)
    recovered.read(worked_s)
    plug.tried_at, began = [], plug.clock.monotonic()
    plug.pull(recovered)
    recovered.read(30.0)
    assert [at - began for at in plug.tried_at] == [10.0, 20.0, 30.0]


def test_first_look_and_read_take_as_long_as_asked() -> None:
    plug = Plug()
    read = plug.recovered(first=False).read(0.5)
    assert (read, plug.clock.monotonic()) == (None, 0.5)


def test_look_that_takes_long_leaves_no_time_to_read() -> None:
    plug = Plug(opens_in_s=3.0)
    read = plug.recovered(first=False).read(2.0)
    assert (read, plug.clock.monotonic()) == (None, 3.0)


def test_overdue_look_comes_at_once() -> None:
    plug = Plug()
    recovered = plug.recovered()
    plug.pull(recovered)
    plug.clock.sleep(60.0)
    recovered.read(0.0)
    assert plug.tried_at == [60.0]
