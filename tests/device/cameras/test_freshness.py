"""No frame that waited in the driver is fresh, with the driver's time stamps and without them."""

import math
from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.cameras.freshness import Freshness

FRESH_S = 0.5
RATE_FPS = 15.0

Stamp = Callable[[float, float], float]
"""What the driver says of a frame captured then and delivered now, in milliseconds."""


class Driver:
    """A device that captures into a queue as long as there is room, and keeps frames that are not read in time."""

    def __init__(self, stamp: Stamp, *, buffers: int, says: int, decoding_s: float = 0.001) -> None:
        self.now = 1000.0
        self._decoding_s = decoding_s
        self._stamp, self._buffers = stamp, buffers
        self._next_at = self.now + 1 / RATE_FPS
        self._queue: deque[float] = deque()
        self._freshness = Freshness(RATE_FPS, says)

    def read(self) -> tuple[float, float | None]:
        """When the next frame was captured, and when it's said to have been."""
        self._capture()
        if not self._queue:
            self.now = self._next_at
            self._capture()
        captured_at = self._queue.popleft()
        self.now += self._decoding_s
        return captured_at, self._freshness.captured_at(self.now, self._stamp(captured_at, self.now))

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def _capture(self) -> None:
        while self._next_at <= self.now:
            if len(self._queue) < self._buffers:
                self._queue.append(self._next_at)
            self._next_at += 1 / RATE_FPS


def own(captured_at: float, _now: float) -> float:
    return 1000 * captured_at


WITHOUT_USE: dict[str, Stamp] = {
    "none": lambda _captured_at, _now: 0.0,
    "unknown": lambda _captured_at, _now: -1.0,
    "never advancing": lambda _captured_at, _now: 999_990.0,
    "time of day": lambda captured_at, _now: 1000 * (captured_at + 1.8e9),
    "since the device was plugged in": lambda captured_at, _now: 1000 * (captured_at - 990),
    "not a number": lambda _captured_at, _now: math.nan,
}


def stamps() -> st.SearchStrategy[Stamp]:
    return st.sampled_from([own, *WITHOUT_USE.values()])


ROUNDING_S = 1e-6


@given(stamps(), st.lists(st.floats(0, 3.5), min_size=1, max_size=60))
def test_fresh_frame_is_as_young_as_it_says(stamp: Stamp, waits: list[float]) -> None:
    """However late it is read, a frame is no older than its time stamp, and that is young."""
    driver = Driver(stamp, buffers=1, says=1)
    for wait in waits:
        driver.wait(wait)
        captured_at, said = driver.read()
        assert said is None or (said <= captured_at + ROUNDING_S and driver.now - said <= FRESH_S)


@given(stamps(), st.integers(2, 10), st.booleans(), st.lists(st.sampled_from([0.0, 3.0]), min_size=20, max_size=60))
def test_frame_that_waited_in_one_of_many_buffers_is_not_fresh(
    stamp: Stamp, buffers: int, silent: bool, waits: list[float]
) -> None:
    """Of a device that doesn't say how many it has, OpenCV's four are expected."""
    driver = Driver(stamp, buffers=buffers, says=0 if silent and buffers <= 4 else buffers)
    for wait in waits:
        driver.wait(wait)
        captured_at, said = driver.read()
        assert said is None or (said <= captured_at + ROUNDING_S and driver.now - said <= FRESH_S)


@pytest.mark.parametrize("stamp", [own, *WITHOUT_USE.values()], ids=["own", *WITHOUT_USE])
@pytest.mark.parametrize(
    ("buffers", "says", "decoding_s"),
    [(1, 1, 0.001), (4, 0, 0.001), (4, 4, 0.05), (10, 0, 0.001)],
    ids=["one buffer", "four", "four, decoded slowly", "ten, of which the driver says nothing"],
)
def test_no_frame_from_before_a_stall_is_fresh(stamp: Stamp, buffers: int, says: int, decoding_s: float) -> None:
    driver = Driver(stamp, buffers=buffers, says=says, decoding_s=decoding_s)
    for _ in range(30):
        driver.read()
    left_at = driver.now
    driver.wait(3.0)
    seen = [driver.read() for _ in range(30)]
    assert [captured_at for captured_at, said in seen if said is not None and captured_at < left_at + 2.5] == []


def test_frames_that_waited_are_stale_after_stamps_end_in_a_stall() -> None:
    """A driver whose stamps are gone once it comes back: what waited was captured 3 s ago."""
    freshness = Freshness(15, 4)
    for frame in range(30):
        freshness.captured_at(100 + frame / 15, 1000 * (100 + frame / 15) - 20)
    back_at = 100 + 29 / 15 + 3
    said = [freshness.captured_at(back_at, 1000 * (100 + 30 / 15))]
    said += [freshness.captured_at(back_at + 0.05 * frame, 0.0) for frame in range(1, 4)]
    assert said == [None] * 4


@pytest.mark.parametrize("stamp", [own, *WITHOUT_USE.values()], ids=["own", *WITHOUT_USE])
def test_frames_are_fresh_again_within_a_second_of_a_stall(stamp: Stamp) -> None:
    driver = Driver(stamp, buffers=4, says=0)
    driver.read()
    driver.wait(3.0)
    began = driver.now
    while driver.read()[1] is None:
        assert driver.now - began < 1.0


@pytest.mark.parametrize("stamp", [own, *WITHOUT_USE.values()], ids=["own", *WITHOUT_USE])
def test_frames_that_are_read_in_time_are_all_fresh(stamp: Stamp) -> None:
    driver = Driver(stamp, buffers=1, says=1)
    said = [driver.read()[1] for _ in range(200)]
    assert None not in said[2:]


def test_driver_that_is_always_late_gives_nothing_fresh() -> None:
    driver = Driver(lambda captured_at, _now: 1000 * (captured_at - 2), buffers=1, says=1)
    assert {driver.read()[1] for _ in range(50)} == {None}


@pytest.mark.parametrize("rate_fps", [0.0, -1.0, math.nan, math.inf, 1e6])
def test_device_that_says_nonsense_is_served_all_the_same(rate_fps: float) -> None:
    freshness = Freshness(rate_fps, math.nan)
    said = [freshness.captured_at(step / 15, 0.0) for step in range(20)]
    assert said[-1] == pytest.approx(18 / 15)
