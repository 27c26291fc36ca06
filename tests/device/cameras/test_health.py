"""Frozen, repeated and still pictures are not evidence and are reported; a noisy still scene never is."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.cameras.health import FrameHealth
from device.records import Image

ROOT = Path(__file__).parents[3]
SIZE = (120, 160)
RATE_FPS = 10.0
REPORTED_S = 2.0
"""A trouble is reported within this time."""


class Sensor:
    """A scene without motion, as a camera sees it: darker or brighter, with more or less noise."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        height, width = SIZE
        scene = self._random.uniform(60, 160, (height // 8, width // 8, 3)).repeat(8, 0).repeat(8, 1)
        self._scene = scene.astype(np.float32)
        self._noise = self._random.normal(0, 1, (height + 64, width + 64, 3)).astype(np.float32)
        self._frames = 0

    def frame(self, *, noise: float, light: float = 1.0) -> Image:
        """A frame with noise of this standard deviation, in levels; another one for 4,096 frames."""
        self._frames += 1
        (y, x), (height, width) = divmod(self._frames * 1597 % 4096, 64), SIZE
        drawn = self._scene * light + noise * self._noise[y : y + height, x : x + width]
        return np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


class Watched:
    """A camera's health in the course of time: when it was in trouble, and which frames were evidence."""

    def __init__(self) -> None:
        self.health = FrameHealth(0.0)
        self.now = 0.0
        self.evidence: list[bool] = []
        self.troubles: list[tuple[float, str]] = []

    def see(self, frames: Iterator[Image], rate_fps: float = RATE_FPS) -> "Watched":
        for frame in frames:
            self.now += 1 / rate_fps
            self.evidence.append(self.health.came(frame, self.now) and self.health.looked(frame, self.now))
            if trouble := self.health.trouble(self.now):
                self.troubles.append((self.now, trouble))
        return self


def live(sensor: Sensor, seconds: float, *, noise: float = 2.0, light: float = 1.0) -> Iterator[Image]:
    return (sensor.frame(noise=noise, light=light) for _ in range(round(seconds * RATE_FPS)))


def warm(sensor: Sensor, *, noise: float = 2.0) -> Watched:
    """Ten seconds of a healthy camera."""
    watched = Watched().see(live(sensor, 10.0, noise=noise))
    watched.evidence.clear()
    return watched


def forever(frames: list[Image], seconds: float) -> Iterator[Image]:
    return (frames[index % len(frames)] for index in range(round(seconds * RATE_FPS)))


@given(st.integers(1, 16), st.integers(0, 40))
def test_loop_of_sixteen_frames_is_never_evidence(length: int, before: int) -> None:
    sensor = Sensor()
    loop = [sensor.frame(noise=2.0) for _ in range(length)]
    watched = Watched().see(live(sensor, before / RATE_FPS)).see(iter(loop))
    watched.evidence.clear()
    watched.see(forever(loop, 10.0))
    assert not any(watched.evidence)


@pytest.mark.parametrize("length", [1, 2, 16, 40, 300])
def test_repeated_frames_are_reported_within_two_seconds(length: int) -> None:
    sensor = Sensor()
    watched, loop = warm(sensor), [sensor.frame(noise=2.0) for _ in range(length)]
    watched.see(iter(loop))
    began = watched.now
    watched.see(forever(loop, 5.0))
    reported_at, trouble = watched.troubles[0]
    assert reported_at - began <= REPORTED_S
    assert trouble == "is frozen: it repeats the same picture"


def numbered(number: int) -> NDArray[np.uint8]:
    return np.frombuffer(number.to_bytes(4, "big"), np.uint8)


def test_frame_among_the_last_thousand_is_a_repeat() -> None:
    health = FrameHealth(0.0)
    assert not any(health.is_repeat(numbered(number)) for number in range(5000))
    assert all(health.is_repeat(numbered(number)) for number in range(4000, 5000))
    assert not health.is_repeat(numbered(0))


def test_repeat_stays_remembered_while_it_repeats() -> None:
    health = FrameHealth(0.0)
    health.is_repeat(numbered(0))
    for number in range(1, 5000):
        assert not health.is_repeat(numbered(number))
        assert number % 500 or health.is_repeat(numbered(0))


def test_frame_that_differs_in_one_bit_is_not_a_repeat() -> None:
    image = Sensor().frame(noise=2.0)
    other = image.copy()
    other[-1, -1, -1] ^= 1
    assert Watched().see(iter([image, other])).evidence == [True, True]


def one_bit(image: Image) -> Iterator[Image]:
    while True:
        image = image.copy()
        image[0, 0, 0] ^= 1
        image[7:8, 3, 1] += 1
        yield image


def brighter_and_darker(image: Image) -> Iterator[Image]:
    """A frozen picture under an automatic exposure that goes on."""
    step = 0
    while True:
        step += 1
        yield np.clip(image.astype(np.int16) + step % 5 - 2, 0, 255).astype(np.uint8)


def weak_noise(image: Image) -> Iterator[Image]:
    """An eighth of what it was."""
    sensor = Sensor(1)
    while True:
        noise = sensor.frame(noise=0.375).astype(np.int16) - np.rint(sensor._scene).astype(np.int16)
        yield np.clip(image.astype(np.int16) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("still", [one_bit, brighter_and_darker, weak_noise])
def test_picture_whose_noise_has_vanished_is_not_evidence(still: Callable[[Image], Iterator[Image]]) -> None:
    sensor = Sensor()
    watched = warm(sensor, noise=3.0)
    began, frames = watched.now, still(sensor.frame(noise=3.0))
    watched.see(next(frames) for _ in range(50))
    reported_at, trouble = watched.troubles[0]
    assert sum(watched.evidence) <= 1
    assert reported_at - began <= REPORTED_S
    assert trouble == "is frozen: its picture has lost the sensor's noise" or still is brighter_and_darker


def test_still_picture_after_the_light_changed_is_not_evidence() -> None:
    """Nothing is known of the noise in this light yet, but where nothing at all changes there is no sensor."""
    sensor = Sensor()
    watched, frames = warm(sensor), one_bit(sensor.frame(noise=2.0, light=1.3))
    watched.see(next(frames) for _ in range(50))
    assert sum(watched.evidence) <= 2


def test_camera_that_was_frozen_is_healthy_again() -> None:
    sensor = Sensor()
    watched = warm(sensor).see(forever([sensor.frame(noise=2.0)], 60.0))
    watched.troubles.clear()
    watched.see(live(sensor, 10.0))
    assert watched.troubles == []


def test_frames_that_do_not_come_are_reported_within_two_seconds() -> None:
    watched = warm(Sensor())
    began = watched.now
    reported_at = next(began + step / 2 for step in range(100) if watched.health.trouble(began + step / 2))
    assert reported_at - began <= REPORTED_S


def test_camera_without_a_frame_is_reported_within_two_seconds() -> None:
    health = FrameHealth(100.0)
    reported_at = next(100 + step / 2 for step in range(100) if health.trouble(100 + step / 2))
    assert (health.trouble(101.0), reported_at <= 102.0) == ("", True)


def steady(value: float) -> Callable[[float], float]:
    return lambda _at: value


HOUR_S, EVENING_S = 3600.0, 1200.0
Course = Callable[[float], float]
"""A value in the course of time, by seconds since the start."""


def watched_at_two_different_frames_a_second(seconds: float, light: Course, noise: Course, times: int = 1) -> Watched:
    """Each frame is given several `times`, as webcams do in the dark."""
    sensor = Sensor()

    def frames() -> Iterator[Image]:
        for index in range(round(2 * seconds)):
            yield from [sensor.frame(noise=noise(index / 2), light=light(index / 2))] * times

    return Watched().see(frames(), rate_fps=2.0 * times)


empty_scenes = pytest.mark.parametrize(
    ("light", "noise", "times"),
    [(1.0, 1.2, 1), (1.0, 0.25, 1), (0.2, 4.0, 4), (0.01, 1.0, 4)],
    ids=["day", "day, denoised", "night, each frame four times", "black"],
)


@empty_scenes
def test_noisy_empty_scene_raises_no_alarm_in_ten_minutes(light: float, noise: float, times: int) -> None:
    watched = watched_at_two_different_frames_a_second(HOUR_S / 6, lambda _at: light, lambda _at: noise, times)
    assert watched.troubles == []


@pytest.mark.slow(small="test_noisy_empty_scene_raises_no_alarm_in_ten_minutes")
@empty_scenes
def test_noisy_empty_scene_raises_no_alarm_in_an_hour(light: float, noise: float, times: int) -> None:
    watched = watched_at_two_different_frames_a_second(HOUR_S, lambda _at: light, lambda _at: noise, times)
    assert watched.troubles == []


@pytest.mark.parametrize(
    ("light", "noise"),
    [
        (lambda at: 1 - 0.8 * at / EVENING_S, lambda at: 1 + 5 * at / EVENING_S),
        (lambda _at: 1.0, lambda at: 6 - 5.5 * at / EVENING_S),
        (lambda at: 1.0 if at % 600 < 300 else 0.2, lambda at: 0.5 if at % 600 < 300 else 6.0),
        (lambda at: 1.8 if 600 <= at < 602 else 1.0, lambda at: 6.0 if at < 600 else 0.5),
    ],
    ids=[
        "dusk, with a rising gain",
        "dawn, with a falling gain",
        "light switched on and off",
        "light switched on, until the exposure is as before",
    ],
)
def test_light_and_gain_that_change_raise_no_alarm(light: Course, noise: Course) -> None:
    assert watched_at_two_different_frames_a_second(EVENING_S, light, noise).troubles == []


def test_noise_that_halves_is_no_fault() -> None:
    watched = warm(Sensor(), noise=3.0)
    watched.see(live(Sensor(), 60.0, noise=1.5))
    assert watched.troubles == []


def waving(sensor: Sensor) -> Iterator[Image]:
    """Something fills a third of the picture."""
    for index in range(200):
        frame = sensor.frame(noise=1.0)
        frame[:, 40:95] = np.roll(frame, 5 * index, axis=1)[:, 40:95] // 2 + 20
        yield frame


def strobing(sensor: Sensor) -> Iterator[Image]:
    """The whole picture is another one with each frame, as bright as the other."""
    for index in range(200):
        frame = sensor.frame(noise=1.0)
        yield frame if index % 2 else np.ascontiguousarray(frame[:, ::-1])


def flickering(sensor: Sensor) -> Iterator[Image]:
    """One picture twice, the other once."""
    for index in range(200):
        frame = sensor.frame(noise=1.0)
        yield frame if index % 3 else np.ascontiguousarray(frame[::-1])


def panning(sensor: Sensor) -> Iterator[Image]:
    """All of it moves, evenly."""
    for index in range(200):
        yield np.roll(sensor.frame(noise=1.0), 3 * index, axis=1)


def shaking(sensor: Sensor) -> Iterator[Image]:
    """All of it moves to and fro, in the wind."""
    for index in range(200):
        yield np.roll(sensor.frame(noise=1.0), round(4 * np.sin(index)), axis=1)


def gravel(contrast: float) -> Image:
    """A scene of fine grains."""
    return np.clip(np.random.default_rng(5).normal(110, contrast, (*SIZE, 3)), 0, 255).astype(np.uint8)


def panning_over_gravel(_sensor: Sensor) -> Iterator[Image]:
    """Each pixel is another one with each frame, as with strong noise."""
    scene, noise = gravel(30.0).astype(np.int16), Sensor(2)
    for index in range(200):
        flat = noise.frame(noise=1.0).astype(np.int16) - noise.frame(noise=0.0)
        yield np.clip(np.roll(scene, 3 * index, axis=1) + flat, 0, 255).astype(np.uint8)


def panning_now_and_then(_sensor: Sensor) -> Iterator[Image]:
    """Over fine gravel, in which each move is like noise."""
    scene, noise, moved = gravel(5.0).astype(np.int16), Sensor(2), 0
    for index in range(200):
        moved += 3 * (index % 16 < 10)
        flat = noise.frame(noise=0.7).astype(np.int16) - noise.frame(noise=0.0)
        yield np.clip(np.roll(scene, moved, axis=1) + flat, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "before", [waving, strobing, flickering, panning, shaking, panning_over_gravel, panning_now_and_then]
)
def test_still_scene_after_motion_from_the_start_is_healthy(before: Callable[[Sensor], Iterator[Image]]) -> None:
    sensor, watched = Sensor(), Watched()
    watched.see(before(sensor)).see(live(sensor, 60.0, noise=0.7))
    assert watched.troubles == []


@pytest.mark.slow(small="tests/project/test_benchmarks.py::test_benchmark_runs")
def test_benchmark_of_the_cameras_health_finds_no_alarm() -> None:
    """As it is run for an hour, here for two minutes."""
    command = [sys.executable, str(ROOT / "benchmarks" / "camera_health.py"), "--hours", "0.03"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.splitlines()
    assert [line.split(" in ")[0] for line in printed[-2:]] == ["day: 0 alarms", "night: 0 alarms"]
