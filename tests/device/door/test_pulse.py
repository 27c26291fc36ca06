"""The pulse: whatever the strike time and whatever fails, the door is secured last and never released for too long."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.config import DoorSettings
from device.door.gpio import Relay
from device.door.pulse import MAX_STRIKE_TIME_S, pulse
from device.errors import DoorError
from device.simulation.clock import SimulatedClock
from device.simulation.pins import SimulatedPins

FAILURES = [None, DoorError("It does not answer.", hint="Mend it."), OSError("any"), KeyboardInterrupt(), SystemExit(1)]


class FailingDoor:
    """`DoorIO` that writes down what was asked and when, and then fails as told."""

    def __init__(self, clock, failures):
        self.asked = []
        self.clock = clock
        self.failures = failures

    def release(self):
        self._ask("release")

    def secure(self):
        self._ask("secure")

    def close(self):
        self._ask("close")

    def _ask(self, what):
        self.asked.append((what, self.clock.monotonic()))
        if self.failures.get(what):
            raise self.failures[what]


class InterruptedClock(SimulatedClock):
    """A clock whose sleep ends early, or with an error."""

    def __init__(self, share, failure):
        super().__init__()
        self.share, self.failure = share, failure

    def sleep(self, seconds):
        super().sleep(seconds * self.share)
        if self.failure:
            raise self.failure


failures = st.sampled_from(FAILURES)


@given(st.floats(), failures, failures, failures, st.floats(0, 1))
def test_door_is_secured_last_and_never_released_for_longer_than_the_limit(
    strike_time_s, on_release, on_sleep, on_secure, share
):
    clock = InterruptedClock(share, on_sleep)
    door = FailingDoor(clock, {"release": on_release, "secure": on_secure})
    try:
        pulse(door, clock, strike_time_s)
        failed = None
    except BaseException as error:  # an interruption counts as well
        failed = error
    (first, released_at), (last, secured_at) = door.asked
    assert (first, last) == ("release", "secure")
    assert 0.0 <= secured_at - released_at <= MAX_STRIKE_TIME_S
    assert failed is (on_secure or on_release or on_sleep)


@given(st.floats(0, MAX_STRIKE_TIME_S))
def test_strike_is_released_for_the_strike_time(strike_time_s):
    clock = SimulatedClock()
    pins = SimulatedPins(clock)
    pulse(Relay(DoorSettings(pin=17), pins.factory), clock, strike_time_s)
    assert [level.at for level in pins.history(17)] == [0.0, 0.0, strike_time_s]


@pytest.mark.parametrize("strike_time_s", [11.0, 1e9, float("inf")])
def test_strike_time_has_a_limit_of_its_own(strike_time_s):
    clock = SimulatedClock()
    pins = SimulatedPins(clock)
    pulse(Relay(DoorSettings(pin=17), pins.factory), clock, strike_time_s)
    assert clock.monotonic() == MAX_STRIKE_TIME_S


@pytest.mark.parametrize("strike_time_s", [-1.0, float("-inf"), float("nan")])
def test_strike_time_of_nothing_releases_for_no_time(strike_time_s):
    clock = SimulatedClock()
    pulse(FailingDoor(clock, {}), clock, strike_time_s)
    assert clock.monotonic() == 0.0


def test_pulses_follow_each_other():
    clock = SimulatedClock()
    pins = SimulatedPins(clock)
    relay = Relay(DoorSettings(pin=17), pins.factory)
    for _ in range(3):
        pulse(relay, clock, 1.0)
    highs = [level.high for level in pins.history(17)]
    assert highs == list(itertools.islice(itertools.cycle([False, True]), 7))
