"""How long one look through a camera lasts, how old its frame may be, and how many looks wait to be heard."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from device.errors import CameraError
from device.looking import Beside, InTurn, Sight, Turns
from device.policy.events import FrameSeen, LookFailed
from device.records import Frame, Reason
from device.virtual.clock import SimulatedClock

IMAGE = np.zeros((4, 4, 3), np.uint8)


class Camera:
    """Gives a frame of this age after a while, or fails, and remembers for how long it was asked to wait."""

    def __init__(self, clock: SimulatedClock, *, age_s: float = 0.0, fails: bool = False) -> None:
        self.waits: list[float] = []
        self._clock, self._age_s, self._fails = clock, age_s, fails

    def read(self, timeout_s: float) -> Frame | None:
        self.waits.append(timeout_s)
        if self._fails:
            raise CameraError("The camera is gone.", hint="Connect it.")
        return Frame(IMAGE, self._clock.monotonic() - self._age_s)

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        pass


class Analyzer:
    """Sees no face in anything, or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self._fails = fails

    def analyze(self, _image: object) -> Reason:
        if self._fails:
            raise ValueError
        return Reason.NO_FACE


def sight(clock: SimulatedClock, camera: Camera, analyzer: Analyzer | None = None) -> Sight:
    seen: Any = analyzer or Analyzer()
    return Sight(camera, seen, clock, max_age_s=0.5)


@pytest.fixture
def clock() -> SimulatedClock:
    """It is 100 s."""
    clock = SimulatedClock()
    clock.sleep(100.0)
    return clock


@pytest.mark.parametrize(("within_s", "waits_s"), [(5.0, 0.25), (0.25, 0.25), (0.1, 0.1)])
def test_camera_is_waited_for_a_quarter_of_a_second(clock: SimulatedClock, within_s: float, waits_s: float) -> None:
    camera = Camera(clock)
    sight(clock, camera).look(0.0, within_s, Turns())
    assert camera.waits == [waits_s]


@pytest.mark.parametrize(("age_s", "is_seen"), [(0.0, True), (0.5, True), (0.625, False)])
def test_frame_of_half_a_second_is_analyzed(clock: SimulatedClock, age_s: float, is_seen: bool) -> None:
    event = sight(clock, Camera(clock, age_s=age_s)).look(0.0, 1.0, Turns())
    assert isinstance(event, FrameSeen) is is_seen


@pytest.mark.parametrize(("since", "is_seen"), [(99.75, True), (100.0, False), (100.25, False)])
def test_frame_before_the_badge_is_not_analyzed(clock: SimulatedClock, since: float, is_seen: bool) -> None:
    event = sight(clock, Camera(clock)).look(since, 1.0, Turns())
    assert isinstance(event, FrameSeen) is is_seen


@pytest.mark.parametrize(("within_s", "pause_s"), [(5.0, 0.1), (0.05, 0.05)])
def test_camera_that_failed_is_asked_again_after_a_tenth(
    clock: SimulatedClock, within_s: float, pause_s: float
) -> None:
    event = sight(clock, Camera(clock, fails=True)).look(0.0, within_s, Turns())
    assert isinstance(event, LookFailed)
    assert (event.reason, event.at, round(clock.monotonic() - 100.0, 3)) == (Reason.CAMERA_FAULT, 100.0, pause_s)


def test_analyzer_that_fails_is_a_fault_of_vision(clock: SimulatedClock) -> None:
    event = sight(clock, Camera(clock), Analyzer(fails=True)).look(0.0, 1.0, Turns())
    assert isinstance(event, LookFailed)
    assert event.reason is Reason.VISION_FAULT


def test_looking_in_turn_looks_once_through_each_camera(clock: SimulatedClock) -> None:
    cameras = [Camera(clock), Camera(clock)]
    looks = InTurn().looks({sight(clock, camera): 0.0 for camera in cameras}, 0.2)
    assert (len(list(looks)), [camera.waits for camera in cameras]) == (2, [[0.2], [0.2]])


class Stream:
    """Gives so many looks one after another, each as soon as it is asked, and then nothing."""

    def __init__(self, count: int) -> None:
        self.begins, self.done = threading.Event(), threading.Event()
        self._left = self._frames(count)

    def _frames(self, count: int) -> Iterator[FrameSeen]:
        yield from (FrameSeen(float(at), float(at), float(at), Reason.NO_FACE) for at in range(count))

    def look(self, _since: float, _within_s: float, _turns: Turns) -> FrameSeen | None:
        self.begins.wait(10.0)
        event = next(self._left, None)
        if event is None:
            self.done.set()
            threading.Event().wait(0.01)
        return event


@pytest.mark.parametrize(("made", "kept"), [(32, 32), (33, 32), (100, 32)])
def test_32_looks_of_a_camera_wait_to_be_heard(made: int, kept: int) -> None:
    stream: Any = Stream(made)
    beside = Beside(SimulatedClock(), lambda: None)
    first = list(beside.looks({stream: 0.0}, 0.0))
    stream.begins.set()
    came = stream.done.wait(10.0)
    heard = list(beside.looks({stream: 0.0}, 0.0))
    beside.close()
    assert (came, first, len(heard)) == (True, [], kept)
