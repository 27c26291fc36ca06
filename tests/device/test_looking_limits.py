"""How long one look through a camera lasts, how old its frame may be, and how many looks wait to be heard."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from device.errors import CameraError
from device.looking import Beside, InTurn, Sight, Turns, _Watch
from device.policy.events import FrameSeen, LookFailed
from device.records import Box, Frame, Reason
from device.virtual.clock import SimulatedClock
from device.vision.detector import Detection
from device.vision.following import View
from tests.waiting import PATIENCE_S

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

    def follow(self, _frame: object, _view: object) -> Reason:
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


class Stumbling:
    """Follows a face, then fails, and remembers whether a face was still expected."""

    def __init__(self) -> None:
        self.expected: list[bool] = []

    def follow(self, frame: Frame, view: View) -> Reason:
        self.expected.append(view.expected(frame.captured_at) is not None)
        if self.expected[-1]:
            raise ValueError
        view.detected(Detection(Box(0, 0, 9, 9), (3, 3), (6, 3), 0.9), frame.captured_at)
        return Reason.FACE_TURNED


def test_face_is_not_followed_past_a_failure(clock: SimulatedClock) -> None:
    analyzer = Stumbling()
    seen = sight(clock, Camera(clock), analyzer)  # type: ignore[arg-type]
    for _ in range(3):
        seen.look(0.0, 0.01, Turns())
        clock.sleep(0.1)
    assert analyzer.expected == [False, True, False]


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
        self.begins.wait(PATIENCE_S)
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
    came = stream.done.wait(PATIENCE_S)
    heard = list(beside.looks({stream: 0.0}, 0.0))
    beside.close()
    assert (came, first, len(heard)) == (True, [], kept)


def test_end_waits_half_a_second_for_a_camera_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    stream: Any = Stream(1)
    beside = Beside(SimulatedClock(), lambda: None)
    beside.looks({stream: 0.0}, 0.0)
    (watch,) = beside._watches.values()
    waits_s: list[float | None] = []
    with monkeypatch.context() as patch:
        patch.setattr(watch.thread, "join", waits_s.append)
        beside.close()
    stream.begins.set()
    watch.thread.join(PATIENCE_S)
    assert (waits_s, watch.thread.is_alive()) == ([0.5], False)


def test_camera_that_hangs_keeps_no_process_from_ending() -> None:
    stream: Any = Stream(1)
    beside = Beside(SimulatedClock(), lambda: None)
    beside.looks({stream: 0.0}, 0.0)
    (watch,) = beside._watches.values()
    stream.begins.set()
    beside.close()
    assert watch.thread.daemon


class Gate(threading.Event):
    """An event that counts how often it was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0
        self.is_waited_for = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.waits += 1
        self.is_waited_for.set()
        return super().wait(timeout)


def test_thread_rests_until_somebody_is_there_and_then_ends() -> None:
    """It waits without coming round, and its end wakes it."""
    stream: Any = Stream(1)
    watch, gate = _Watch(stream, SimulatedClock(), Turns(), lambda: None), Gate()
    watch._is_wanted = gate
    watch.thread.start()
    came = gate.is_waited_for.wait(PATIENCE_S)
    watch.want(0.0)
    stream.begins.set()
    looked = stream.done.wait(PATIENCE_S)
    watch.want(None)
    rests = not gate.is_set()
    watch.close()
    watch.thread.join(PATIENCE_S)
    assert (came, looked, rests, watch.thread.is_alive()) == (True, True, True, False)


def test_closed_looking_leaves_no_thread() -> None:
    streams: list[Any] = [Stream(1), Stream(1)]
    beside = Beside(SimulatedClock(), lambda: None)
    beside.looks({streams[0]: 0.0, streams[1]: 0.0}, 0.0)
    threads = [watch.thread for watch in beside._watches.values()]
    for stream in streams:
        stream.begins.set()
    beside.looks({}, 0.0)
    beside.close()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [thread.is_alive() for thread in threads] == [False, False]


def test_frame_that_grew_old_is_replaced_without_a_wait(clock: SimulatedClock) -> None:
    """The analyzer was taken for so long that the first frame is old: only one that is there already will do."""
    camera = Camera(clock, age_s=0.375)
    found = sight(clock, camera).look(0.0, 1.0, Taken(clock))
    assert (camera.waits, isinstance(found, FrameSeen)) == ([0.25, 0.0], True)


class Taken(Turns):
    """Somebody else's frame is analyzed for a quarter of a second first."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__()
        self._clock = clock

    def __enter__(self) -> None:
        self._clock.sleep(0.25)


def test_nobody_waits_for_an_analyzer_that_is_free_or_in_use() -> None:
    turns, waiting = Turns(), list[int]()
    for _ in range(3):
        waiting.append(turns.waiting)
        with turns:
            waiting.append(turns.waiting)
    assert waiting == [0] * 6


def test_view_has_one_break_for_looks_that_were_dropped() -> None:
    """33 looks that nobody heard, then two more: a break before the first of them alone."""
    watch = _Watch(Camera(SimulatedClock()), SimulatedClock(), Turns(), lambda: None)  # type: ignore[arg-type]
    for at in range(33):
        watch._tell(FrameSeen(float(at), float(at), float(at), Reason.NO_FACE))
    heard = list(watch.take())
    for at in (40, 41):
        watch._tell(FrameSeen(float(at), float(at), float(at), Reason.NO_FACE))
    after = [(type(event), event.at) for event in watch.take()]
    assert (len(heard), after) == (32, [(LookFailed, 40.0), (FrameSeen, 40.0), (FrameSeen, 41.0)])


def test_each_look_wakes_the_door() -> None:
    woken: list[int] = []
    watch = _Watch(Camera(SimulatedClock()), SimulatedClock(), Turns(), lambda: woken.append(1))  # type: ignore[arg-type]
    watch._tell(None)
    watch._tell(FrameSeen(1.0, 1.0, 1.0, Reason.NO_FACE))
    assert (woken, len(list(watch.take()))) == ([1], 1)
