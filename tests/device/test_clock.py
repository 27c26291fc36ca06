"""The real clock: it never goes back, speaks UTC, and a request to stop ends its sleep."""

import threading
import time
from datetime import datetime, timedelta

import pytest

from device.clock import Stop, SystemClock
from device.virtual.clock import SimulatedClock
from tests.waiting import PATIENCE_S

FOR_EVER_S = 1e6


def test_clock_never_goes_back() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()


def test_time_of_day_is_utc() -> None:
    assert SystemClock().utc().utcoffset() == timedelta(0)


def test_request_to_stop_ends_every_later_sleep() -> None:
    stop = Stop()
    stop.set()
    began = time.monotonic()
    SystemClock(stop).sleep(FOR_EVER_S)
    assert time.monotonic() - began < PATIENCE_S


def test_request_to_stop_ends_a_sleep_under_way() -> None:
    clock = SystemClock()
    sleeper = threading.Thread(target=clock.sleep, args=(FOR_EVER_S,))
    sleeper.start()
    clock.stop.set()
    sleeper.join(PATIENCE_S)
    assert not sleeper.is_alive()


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("-inf")])
def test_sleep_of_no_time_returns(seconds: float) -> None:
    began = time.monotonic()
    SystemClock().sleep(seconds)
    assert time.monotonic() - began < PATIENCE_S


def test_simulated_clock_of_any_zone_tells_utc() -> None:
    at = SimulatedClock(datetime.fromisoformat("2026-11-30T08:00:00+01:00")).utc()
    assert at.isoformat() == "2026-11-30T07:00:00+00:00"
