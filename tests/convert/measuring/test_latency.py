"""Latencies: medians of what a clock says, in turns, without the warm-up."""

from collections.abc import Callable
from itertools import accumulate, cycle
from typing import Any

import pytest

from convert.measuring.latency import medians_ms


class Clock:
    """Time passes only while something runs."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.called: list[str] = []

    def __call__(self) -> float:
        return self.now_s

    def work(self, name: str, *seconds: float) -> Callable[..., Any]:
        durations = cycle(seconds)

        def run() -> None:
            self.called.append(name)
            self.now_s += next(durations)

        return run


def test_a_median_is_in_milliseconds() -> None:
    clock = Clock()
    assert medians_ms([clock.work("a", 0.002), clock.work("b", 0.005)], clock=clock) == pytest.approx((2, 5))


def test_a_disturbance_does_not_move_a_median() -> None:
    clock = Clock()
    assert medians_ms([clock.work("a", 0.002, 0.002, 9.0)], clock=clock) == pytest.approx((2,))


def test_all_take_turns() -> None:
    clock = Clock()
    medians_ms([clock.work("a", 1.0), clock.work("b", 1.0)], clock=clock)
    turns = [name for name, before in zip(clock.called, ["", *clock.called[:-1]], strict=True) if name != before]
    assert turns == ["a", "b"] * 5
    assert clock.called.count("a") == 60


def test_the_warm_up_does_not_count() -> None:
    clock = Clock()
    slow_first = [50.0] * 2 + [0.001] * 10
    assert medians_ms([clock.work("a", *slow_first)], clock=clock) == pytest.approx((1,))


def test_nothing_takes_no_time() -> None:
    assert medians_ms([], clock=iter(accumulate([1.0] * 9)).__next__) == ()
