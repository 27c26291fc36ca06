"""Looks through cameras in threads of their own: only where somebody is to be seen, and never waited for."""

import math
import queue
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from device.clock import SystemClock
from device.errors import CameraError, ModelError
from device.looking import Beside, Look, Sight, Turns
from device.policy.events import FrameSeen, LookFailed
from device.records import Frame, Image, Reason
from device.virtual.clock import SimulatedClock
from device.vision.following import View
from tests.waiting import PATIENCE_S

PIXELS = np.zeros((2, 2, 3), np.uint8)


class HandedCamera:
    """A camera that gives what a test hands to it, one thing at a time."""

    def __init__(self) -> None:
        self.frames: queue.Queue[Frame | Exception] = queue.Queue()
        self.reads = 0

    def hand(self, age_s: float = 0.0) -> None:
        self.frames.put(Frame(PIXELS, time.monotonic() - age_s))

    def read(self, timeout_s: float) -> Frame | None:
        self.reads += 1
        try:
            given = self.frames.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(given, Exception):
            raise given
        return given

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        pass


class Counting:
    """An analyzer that sees nobody, and counts how many threads use it at once."""

    def __init__(self) -> None:
        self.seen = self.most = self._inside = 0
        self.fault: Exception | None = None
        self.free = threading.Event()
        self.free.set()

    @property
    def embedder(self) -> object:
        raise AssertionError("nobody compares here")

    def turn_back_deg(self, _image: Image) -> int:
        raise AssertionError("no picture hangs turned here")

    def follow(self, _frame: Frame, _view: View) -> Reason:
        self._inside += 1
        self.most = max(self.most, self._inside)
        self.free.wait(PATIENCE_S)
        self.seen += 1
        self._inside -= 1
        if self.fault:
            raise self.fault
        return Reason.NO_FACE


class Room:
    """Two cameras at a door, one analyzer, and the event that wakes the door."""

    def __init__(self) -> None:
        self.clock, self.analyzer, self.woken = SystemClock(), Counting(), threading.Event()
        self.cameras = (HandedCamera(), HandedCamera())
        self.sights = tuple(Sight(camera, self.analyzer, self.clock, max_age_s=0.5) for camera in self.cameras)  # type: ignore[arg-type]
        self.looking = Beside(self.clock, self.woken.set)

    def wanted(self, *numbers: int, since: float = -math.inf) -> dict[Sight, float]:
        return {self.sights[number]: since for number in numbers}

    def seen(self, count: int, *numbers: int, since: float = -math.inf) -> list[Look]:
        """Asks until so much was seen."""
        found: list[Look] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < count:
            found += self.looking.looks(self.wanted(*numbers, since=since), 0.0)
            assert time.monotonic() < deadline
            self.woken.wait(0.05)
            self.woken.clear()
        return found

    def until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.005)


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.analyzer.free.set()
    made.looking.close()


def test_nothing_is_looked_at_before_somebody_is_to_be_seen(room: Room) -> None:
    assert (list(room.looking.looks({}, 0.0)), room.cameras[0].reads, room.looking.last_beat) == ([], 0, math.inf)


def test_frame_is_given_with_its_times_and_wakes_the_door(room: Room) -> None:
    room.looking.looks(room.wanted(0), 0.0)
    room.cameras[0].hand()
    assert room.woken.wait(PATIENCE_S)
    (look,) = room.seen(1, 0)
    assert isinstance(look.event, FrameSeen)
    assert (look.sight, look.event.found) == (room.sights[0], Reason.NO_FACE)
    assert look.event.captured_at <= look.event.read_at <= look.event.at <= time.monotonic()


def test_camera_that_nobody_needs_any_more_rests(room: Room) -> None:
    room.cameras[0].hand()
    room.seen(1, 0)
    room.looking.looks({}, 0.0)
    room.until(lambda: room.looking.last_beat == math.inf)
    reads = room.cameras[0].reads
    room.cameras[0].hand()
    room.cameras[1].hand()
    room.seen(1, 1)
    assert (room.cameras[0].reads, room.analyzer.seen) == (reads, 2)


@pytest.mark.parametrize(("age_s", "since_ago_s"), [(0.6, 5.0), (0.3, 0.1)])
def test_frame_that_is_old_or_older_than_each_badge_is_not_analyzed(
    room: Room, age_s: float, since_ago_s: float
) -> None:
    since = time.monotonic() - since_ago_s
    room.cameras[0].hand(age_s)
    room.cameras[0].hand()
    assert len(room.seen(1, 0, since=since)) == 1
    assert room.analyzer.seen == 1


def test_camera_and_analyzer_that_fail_say_why_and_are_asked_again(room: Room) -> None:
    room.cameras[0].frames.put(CameraError("The cable is cut.", hint="Fix it."))
    (failed,) = room.seen(1, 0)
    room.analyzer.fault = ModelError("No model.", hint="Install it.")
    room.cameras[0].hand()
    (unseen,) = room.seen(1, 0)
    room.analyzer.fault = None
    room.cameras[0].hand()
    (seen,) = room.seen(1, 0)
    assert isinstance(failed.event, LookFailed)
    assert isinstance(unseen.event, LookFailed)
    assert (failed.event.reason, failed.event.fault) == (Reason.CAMERA_FAULT, "The cable is cut.")
    assert (unseen.event.reason, unseen.event.fault) == (Reason.VISION_FAULT, "No model.")
    assert isinstance(seen.event, FrameSeen)


def test_one_thread_at_a_time_uses_the_analyzer(room: Room) -> None:
    room.analyzer.free.clear()
    room.looking.looks(room.wanted(0, 1), 0.0)
    for camera in room.cameras:
        camera.hand()
    room.until(lambda: room.cameras[0].frames.empty() and room.cameras[1].frames.empty())
    room.analyzer.free.set()
    assert len(room.seen(2, 0, 1)) == 2
    assert room.analyzer.most == 1


def test_network_that_hangs_keeps_nobody_waiting_and_is_late(room: Room) -> None:
    room.analyzer.free.clear()
    room.cameras[0].hand()
    room.looking.looks(room.wanted(0), 0.0)
    room.until(lambda: room.looking.last_beat < math.inf and room.cameras[0].frames.empty())
    began = time.monotonic()
    assert list(room.looking.looks(room.wanted(0), 5.0)) == []
    room.looking.close()
    assert time.monotonic() - began < 5.0
    assert room.looking.last_beat <= began


def test_door_too_busy_to_hear_has_a_break_in_the_view(room: Room) -> None:
    """40 looks that nobody took: the first 32 are kept, and what comes after them does not follow on them."""
    room.looking.looks(room.wanted(0), 0.0)
    for _ in range(40):
        room.cameras[0].hand()
    room.until(lambda: room.analyzer.seen == 40)
    kept = room.seen(32, 0)
    room.cameras[0].hand()
    after = room.seen(2, 0)
    assert [type(look.event) for look in kept] == [FrameSeen] * 32
    assert [type(look.event) for look in after] == [LookFailed, FrameSeen]


def test_system_without_a_thread_to_spare_says_so_and_is_asked_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        (failed,) = room.looking.looks(room.wanted(0), 0.0)
    room.cameras[0].hand()
    assert isinstance(failed.event, LookFailed)
    assert failed.event.fault == "No thread could be started to look through the camera."
    assert len(room.seen(1, 0)) == 1


def test_analyzer_goes_to_whoever_has_waited_longest() -> None:
    """One that comes back at once, as a camera with frames waiting, is behind those who waited meanwhile."""
    turns, order, release = Turns(), list[str](), threading.Event()

    def take(name: str, times: int) -> None:
        for _ in range(times):
            with turns:
                order.append(name)
                release.wait(PATIENCE_S)

    threads = []
    for waiting, (name, times) in enumerate([("hungry", 3), ("second", 1), ("third", 1)]):
        threads.append(threading.Thread(target=take, args=(name, times)))
        threads[-1].start()
        deadline = time.monotonic() + PATIENCE_S
        while (turns.waiting, len(order)) != (waiting, 1) and time.monotonic() < deadline:
            time.sleep(0.001)
    release.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert order == ["hungry", "second", "third", "hungry", "hungry"]


class SlowTurns(Turns):
    """Somebody else's frame is analyzed for 0.6 s first."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__()
        self._clock = clock

    def __enter__(self) -> None:
        self._clock.sleep(0.6)


class Newest:
    """A camera that has captured these frames, at these times, when it is read."""

    def __init__(self, clock: SimulatedClock, *captured_at: float) -> None:
        self._clock, self._captured_at = clock, list(captured_at)

    def read(self, timeout_s: float) -> Frame | None:
        self._clock.sleep(timeout_s)
        due = [at for at in self._captured_at if at <= self._clock.monotonic()]
        self._captured_at = self._captured_at[len(due) :]
        return Frame(PIXELS, due[-1]) if due else None

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("captured_at", "seen"), [((0.2,), None), ((0.2, 0.5, 0.8), 0.8), ((0.2, 0.3), None), ((0.2, 0.4), 0.4)]
)
def test_frame_that_grew_old_waiting_is_replaced_by_the_newest(
    captured_at: tuple[float, ...], seen: float | None
) -> None:
    """The analyzer is free at 0.85 s: what was captured before 0.35 s is no evidence then."""
    clock, analyzer = SimulatedClock(), Counting()
    sight = Sight(Newest(clock, *captured_at), analyzer, clock, max_age_s=0.5)  # type: ignore[arg-type]
    event = sight.look(0.0, 0.25, SlowTurns(clock))
    found = event.captured_at if isinstance(event, FrameSeen) else None
    assert (found, analyzer.seen) == (seen, int(seen is not None))
