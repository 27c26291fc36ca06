"""The virtual world: a clock that moves when somebody waits, pins that remember, scenes that are alike for a seed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from gpiozero import DigitalOutputDevice
from hypothesis import given
from hypothesis import strategies as st

from device.records import Image
from device.virtual.clock import SimulatedClock
from device.virtual.figures import Figure, Place
from device.virtual.pins import Level, SimulatedPins
from device.virtual.scene import Scene, place_at

HEIGHT = 480
WIDTH = 640


@pytest.fixture
def eileen(portraits: Mapping[str, Image]) -> Callable[..., Scene]:
    def scene(**figure: Any) -> Scene:
        return Scene((Figure(image="eileen", **figure),), {"eileen": portraits["eileen-collins"]})

    return scene


def test_clock_stands_still() -> None:
    clock = SimulatedClock()
    assert clock.monotonic() == clock.monotonic() == 0.0


@given(st.lists(st.floats(0, 1e6)))
def test_clock_moves_by_what_is_slept(sleeps: list[float]) -> None:
    clock = SimulatedClock()
    for seconds in sleeps:
        clock.sleep(seconds)
    assert clock.monotonic() == pytest.approx(sum(sleeps))


@given(st.floats())
def test_clock_never_goes_back(seconds: float) -> None:
    clock = SimulatedClock()
    clock.sleep(seconds)
    assert clock.monotonic() >= 0.0


def test_time_of_day_goes_with_the_clock() -> None:
    clock = SimulatedClock(datetime(2026, 11, 24, 12, 0, tzinfo=UTC))
    clock.sleep(90.0)
    assert clock.utc() == datetime(2026, 11, 24, 12, 0, tzinfo=UTC) + timedelta(seconds=90)


def test_pin_has_no_history_before_it_is_driven() -> None:
    assert SimulatedPins(SimulatedClock()).history(17) == ()


def test_pin_remembers_levels_and_times() -> None:
    clock = SimulatedClock()
    pins = SimulatedPins(clock)
    with DigitalOutputDevice(17, initial_value=True, pin_factory=pins.factory) as device:
        clock.sleep(1.5)
        device.off()
        assert pins.history(17) == (Level(0.0, high=True), Level(1.5, high=False))


def test_boards_of_pins_are_apart() -> None:
    one, other = SimulatedPins(SimulatedClock()), SimulatedPins(SimulatedClock())
    with DigitalOutputDevice(17, initial_value=True, pin_factory=one.factory):
        assert other.history(17) == ()


def test_scene_is_a_picture(eileen: Callable[..., Scene]) -> None:
    image = eileen().draw(0.0, 0)
    assert (image.shape, image.dtype) == ((480, 640, 3), np.dtype(np.uint8))


def test_empty_scene_is_a_picture() -> None:
    assert Scene((), {}).draw(0.0, 0).shape == (HEIGHT, WIDTH, 3)


def test_scene_is_alike_for_the_same_moment_and_seed(eileen: Callable[..., Scene]) -> None:
    assert np.array_equal(eileen().draw(1.3, 13), eileen().draw(1.3, 13))


@pytest.mark.parametrize("other", [(1.4, 13), (1.3, 14)], ids=["moment", "seed"])
def test_scene_differs_for_another(eileen: Callable[..., Scene], other: tuple[float, int]) -> None:
    assert not np.array_equal(eileen().draw(1.3, 13), eileen().draw(*other))


def test_scene_leaves_the_portrait_alone(eileen: Callable[..., Scene], portraits: Mapping[str, Image]) -> None:
    before = portraits["eileen-collins"].copy()
    eileen(light=0.3, blur_px=4.0).draw(0.0, 0)
    assert np.array_equal(portraits["eileen-collins"], before)


def test_light_makes_it_brighter(eileen: Callable[..., Scene]) -> None:
    means = [eileen(light=light).draw(0.0, 0).mean() for light in (0.2, 1.0, 2.0)]
    assert means == sorted(means)


def test_sensor_has_noise() -> None:
    picture = Scene((), {}).draw(0.0, 0).astype(float)
    assert 2.0 < (picture - picture.mean(axis=1, keepdims=True)).std() < 4.0


@pytest.mark.parametrize(("elapsed_s", "x"), [(0.0, 0.2), (1.0, 0.4), (2.0, 0.6), (9.0, 0.6)])
def test_figure_walks_and_stops(elapsed_s: float, x: float) -> None:
    figure = Figure(image="eileen", start=Place(x=0.2), end=Place(x=0.6), walk_s=2.0)
    assert place_at(figure, elapsed_s).x == pytest.approx(x)


def test_figure_that_does_not_walk_is_there_at_once() -> None:
    assert place_at(Figure(image="eileen", start=Place(x=0.2), end=Place(x=0.6)), 0.0) == Place(x=0.6)
