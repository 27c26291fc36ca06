"""The virtual wires: what is ordered happens on the pins, when it should."""

import threading

import pytest

from device.clock import SystemClock
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from device.virtual.wiegand import (
    FULL_SPEED,
    Change,
    Timing,
    WiegandWires,
    crosstalk,
    flipped,
    frame,
    noise,
    ringing,
    stuck,
    without,
)


class Listener:
    """Writes down every edge of both lines: line, time stamp, level."""

    def __init__(self, pins: SimulatedPins) -> None:
        self.heard: list[tuple[int, float, int]] = []
        self._pins = [pins.factory.pin(number) for number in (5, 6)]
        for pin, tell in zip(self._pins, (self.data0, self.data1), strict=True):
            pin.input_with_pull("up")
            pin.when_changed = tell

    def data0(self, ticks: float, state: bool) -> None:
        self.heard.append((0, ticks, state))

    def data1(self, ticks: float, state: bool) -> None:
        self.heard.append((1, ticks, state))


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def pins(clock: SimulatedClock) -> SimulatedPins:
    return SimulatedPins(clock)


@pytest.fixture
def listener(pins: SimulatedPins) -> Listener:
    return Listener(pins)


@pytest.fixture
def wires(pins: SimulatedPins) -> WiegandWires:
    return WiegandWires(pins.factory, 5, 6)


def test_edges_are_stamped_with_the_worlds_own_time(
    clock: SimulatedClock, listener: Listener, wires: WiegandWires
) -> None:
    wires.schedule([Change(2.5, 0, low=True)], clock)
    clock.sleep(3.0)
    assert listener.heard == [(0, 2.5, 0)]


def test_frame_is_a_pulse_a_bit(clock: SimulatedClock, listener: Listener, wires: WiegandWires) -> None:
    wires.schedule(frame("10", Timing(width_s=0.5, spacing_s=2.0)), clock)
    clock.sleep(10.0)
    assert listener.heard == [(1, 0.0, 0), (1, 0.5, 1), (0, 2.0, 0), (0, 2.5, 1)]


def test_frame_can_be_laid_down_for_later(clock: SimulatedClock, listener: Listener, wires: WiegandWires) -> None:
    end = wires.schedule(frame("1", Timing(width_s=0.5, spacing_s=2.0)), clock, at=7.0)
    clock.sleep(end)
    assert [at for _, at, _ in listener.heard] == [7.0, 7.5]


def test_nothing_ends_at_once(clock: SimulatedClock, wires: WiegandWires) -> None:
    assert wires.schedule((), clock) == clock.monotonic()


def test_bits_can_be_flipped() -> None:
    assert flipped("1100", 0, 3) == "0101"


def test_bits_can_be_lost() -> None:
    assert without("1100", 0, 3) == "10"


def test_ringing_stays_on_the_line_and_within_the_bounce(
    clock: SimulatedClock, listener: Listener, wires: WiegandWires
) -> None:
    wires.schedule((*frame("10"), *ringing("10", times=3)), clock)
    clock.sleep(1.0)
    falls = [(line, at) for line, at, state in listener.heard if not state]
    assert [line for line, _ in falls] == [1] * 4 + [0] * 4
    assert [at for _, at in falls] == pytest.approx([0.0] * 4 + [1e-3] * 4, abs=100e-6)


def test_crosstalk_comes_on_the_other_line() -> None:
    assert {change.line for change in crosstalk("111")} == {0}


def test_noise_is_alike_for_a_seed() -> None:
    assert noise(7, dips=20, lasts_s=0.1) == noise(7, dips=20, lasts_s=0.1)


def test_noise_is_another_for_another_seed() -> None:
    assert noise(7, dips=20, lasts_s=0.1) != noise(8, dips=20, lasts_s=0.1)


def test_stuck_line_stays_low(clock: SimulatedClock, listener: Listener, wires: WiegandWires) -> None:
    wires.schedule(stuck(1), clock)
    clock.sleep(60.0)
    assert [state for _, _, state in listener.heard] == [0]


def test_wires_can_be_driven_by_another_thread_in_real_time() -> None:
    clock = SystemClock()
    pins = SimulatedPins(clock)
    listener, wires = Listener(pins), WiegandWires(pins.factory, 5, 6)
    driver = threading.Thread(target=wires.play, args=(frame("1010", FULL_SPEED), clock))
    driver.start()
    driver.join()
    assert [line for line, _, state in listener.heard if not state] == [1, 0, 1, 0]


def test_who_drives_knows_when(clock: SimulatedClock, listener: Listener, wires: WiegandWires) -> None:
    fallen = wires.play(frame("11", Timing(width_s=0.5, spacing_s=2.0)), clock)
    assert fallen == tuple(at for _, at, state in listener.heard if not state)


class SlowClock(SimulatedClock):
    """A busy machine: whoever sleeps wakes a second late."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds + 1.0)


def test_busy_machine_draws_a_frame_out_and_never_together() -> None:
    pins = SimulatedPins(clock := SlowClock())
    fallen = WiegandWires(pins.factory, 5, 6).play(frame("111", Timing(width_s=0.5, spacing_s=2.0)), clock)
    assert fallen == (1.0, 5.0, 9.0)
