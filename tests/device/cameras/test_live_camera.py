"""The live camera and its thread: only the newest frame, a lost device told and found again, and an end."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import cv2
import numpy as np
import pytest

from device.cameras.live import LiveCamera
from device.clock import SystemClock
from device.errors import CameraError
from device.records import Frame, Image
from tests.device.cameras.benches import HandClock, HandedSource
from tests.waiting import PATIENCE_S


def gray(level: int) -> Image:
    return np.full((4, 4, 3), level, np.uint8)


class Port:
    """A USB port: what is plugged in, in turn; at last nothing."""

    def __init__(self, *devices: HandedSource | Exception) -> None:
        self.devices = list(devices)

    def open(self) -> HandedSource:
        device = self.devices.pop(0) if self.devices else CameraError("Nothing is plugged in.", hint="Plug it in.")
        if isinstance(device, Exception):
            raise device
        return device


@pytest.fixture
def first() -> HandedSource:
    return HandedSource(time.monotonic)


@pytest.fixture
def second() -> HandedSource:
    return HandedSource(time.monotonic)


@pytest.fixture
def port(first: HandedSource, second: HandedSource) -> Port:
    return Port(first, second)


@pytest.fixture
def camera(port: Port, first: HandedSource, second: HandedSource) -> Iterator[LiveCamera]:
    opened = LiveCamera(port.open, SystemClock(), retry_s=(0.0,))
    yield opened
    for device in (first, second):
        device.give(None)
    opened.close()


def level(frame: Frame | None) -> int:
    assert frame is not None
    return int(frame.image[0, 0, 0])


def captured_at(frame: Frame | None) -> float:
    assert frame is not None
    return frame.captured_at


def test_reader_gets_the_newest_frame_only(camera: LiveCamera, first: HandedSource) -> None:
    first.give(gray(1), gray(2), gray(3))
    first.wait_until_asked(4)
    assert level(camera.read(PATIENCE_S)) == 3


def test_frame_comes_once(camera: LiveCamera, first: HandedSource) -> None:
    first.give(gray(1))
    camera.read(PATIENCE_S)
    assert camera.read(0.001) is None


def test_frame_is_stamped_between_asking_and_now(camera: LiveCamera, first: HandedSource) -> None:
    first.wait_until_asked()
    before = SystemClock().monotonic()
    first.give(gray(1))
    frame = camera.read(PATIENCE_S)
    assert before <= captured_at(frame) <= SystemClock().monotonic()


def test_hanging_device_gives_nothing(camera: LiveCamera, first: HandedSource) -> None:
    first.wait_until_asked()
    assert camera.read(0.001) is None


def test_device_that_hung_goes_on(camera: LiveCamera, first: HandedSource) -> None:
    camera.read(0.001)
    first.give(gray(5))
    assert level(camera.read(PATIENCE_S)) == 5


LOST = [None, cv2.error("ioctl"), OSError("No such device"), RuntimeError("a driver's own")]
LOST_IDS = ["no frame", "OpenCV", "system", "anything"]


@pytest.mark.parametrize("lost", LOST, ids=LOST_IDS)
def test_lost_device_is_told(first: HandedSource, lost: Image | Exception | None) -> None:
    camera = LiveCamera(Port(first).open, SystemClock(), retry_s=(PATIENCE_S,))
    first.give(lost)
    with pytest.raises(CameraError, match="stopped delivering frames"):
        camera.read(PATIENCE_S)
    camera.close()


@pytest.mark.usefixtures("camera")
@pytest.mark.parametrize("lost", LOST, ids=LOST_IDS)
def test_lost_device_is_let_go(first: HandedSource, lost: Image | Exception | None) -> None:
    first.give(lost)
    assert first.released.wait(PATIENCE_S)


@pytest.mark.parametrize("lost", LOST, ids=LOST_IDS)
def test_device_is_found_again(
    camera: LiveCamera, first: HandedSource, second: HandedSource, lost: Image | Exception | None
) -> None:
    first.give(lost)
    second.wait_until_asked()
    second.give(gray(9))
    second.wait_until_asked()
    assert level(camera.read(PATIENCE_S)) == 9


def test_lost_device_is_sought_until_it_is_back(first: HandedSource, second: HandedSource) -> None:
    absent = [CameraError("There is no camera.", hint="Plug it in."), cv2.error("busy"), OSError("no memory")]
    camera = LiveCamera(Port(first, *absent, second).open, SystemClock(), retry_s=(0.0,))
    first.give(None)
    second.wait_until_asked()
    second.give(gray(9))
    second.wait_until_asked()
    frame = camera.read(PATIENCE_S)
    second.give(None)
    camera.close()
    assert level(frame) == 9


def test_device_that_cannot_be_let_go_is_sought_all_the_same(first: HandedSource, second: HandedSource) -> None:
    def failing() -> None:
        raise cv2.error("VIDIOC_STREAMOFF")

    first.close = failing  # type: ignore[method-assign]
    camera = LiveCamera(Port(first, second).open, SystemClock(), retry_s=(0.0,))
    first.give(None)
    second.wait_until_asked()
    second.give(gray(9))
    second.wait_until_asked()
    frame = camera.read(PATIENCE_S)
    second.give(None)
    camera.close()
    assert level(frame) == 9


class Pauses(tuple[float, ...]):
    """Pauses of no time, which remembers which were taken."""

    taken: list[int]

    def __getitem__(self, index: int) -> float:  # type: ignore[override]
        self.taken.append(index)
        return 0.0


def test_device_that_opens_without_a_frame_is_sought_ever_less_often(first: HandedSource) -> None:
    deaf, last = [HandedSource(time.monotonic) for _ in range(3)], HandedSource(time.monotonic)
    for device in deaf:
        device.give(None)
    pauses = Pauses((0.0, 0.0, 0.0))
    pauses.taken = []
    camera = LiveCamera(Port(first, *deaf, last).open, SystemClock(), retry_s=pauses)
    first.give(gray(1), None)
    last.wait_until_asked()
    taken = list(pauses.taken)
    last.give(None)
    camera.close()
    assert taken == [0, 1, 2, 2]


def test_missing_device_is_an_error_at_the_start() -> None:
    with pytest.raises(CameraError, match="Nothing is plugged in"):
        LiveCamera(Port().open, SystemClock())


def test_lost_camera_does_not_grow_with_every_question(first: HandedSource) -> None:
    camera = LiveCamera(Port(first).open, SystemClock(), retry_s=(PATIENCE_S,))
    first.give(None)
    depths = []
    for _ in range(3):
        with pytest.raises(CameraError) as fault:
            camera.read(PATIENCE_S)
        depths.append(len(fault.traceback))
    camera.close()
    assert len(set(depths)) == 1


def test_close_ends_the_thread(first: HandedSource) -> None:
    camera = LiveCamera(Port(first).open, SystemClock(), retry_s=(PATIENCE_S,))
    first.give(None)
    first.released.wait(PATIENCE_S)
    camera.close()
    assert "camera" not in [thread.name for thread in threading.enumerate()]


def test_close_lets_the_device_go(first: HandedSource) -> None:
    camera = LiveCamera(Port(first).open, SystemClock())
    closer = threading.Thread(target=camera.close)
    closer.start()
    first.give(gray(1))
    closer.join(PATIENCE_S)
    assert first.released.is_set()


def test_close_leaves_a_device_that_hangs_to_its_end(first: HandedSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.cameras.live.CLOSE_S", 0.001)
    camera = LiveCamera(Port(first).open, SystemClock())
    camera.close()
    hanging = [thread for thread in threading.enumerate() if thread.name == "camera"]
    first.give(gray(1))
    for thread in hanging:
        thread.join(PATIENCE_S)
    assert first.released.is_set()


class HangingPort:
    """A port whose driver hangs in `open` until it's let go."""

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()

    def open(self) -> HandedSource:
        self.asked.set()
        self.let_go.wait(PATIENCE_S)
        raise CameraError("Nothing is plugged in.", hint="Plug it in.")


def test_camera_missing_at_the_start_is_not_an_error_later() -> None:
    port = Port()
    with closing(LiveCamera(port.open, SystemClock(), in_background=True)) as camera:
        with pytest.raises(CameraError, match="Nothing is plugged in"):
            camera.read(PATIENCE_S)
        assert camera.trouble() == "Nothing is plugged in."


def test_camera_that_is_plugged_in_later_is_found(first: HandedSource) -> None:
    absent = [CameraError("There is no camera.", hint="Plug it in.")] * 3
    camera = LiveCamera(Port(*absent, first).open, SystemClock(), in_background=True, retry_s=(0.0,))
    first.wait_until_asked()
    first.give(gray(7))
    first.wait_until_asked()
    found = (level(camera.read(PATIENCE_S)), camera.trouble())
    first.give(None)
    camera.close()
    assert found == (7, "")


def test_camera_that_is_being_opened_is_not_in_trouble_at_once() -> None:
    port, clock = HangingPort(), HandClock()
    camera = LiveCamera(port.open, clock, in_background=True)
    port.asked.wait(PATIENCE_S)
    told = camera.trouble()
    port.let_go.set()
    camera.close()
    assert told == ""


def test_driver_that_hangs_in_open_is_reported_within_two_seconds() -> None:
    port, clock = HangingPort(), HandClock()
    camera = LiveCamera(port.open, clock, name="The camera at /dev/video0", in_background=True)
    port.asked.wait(PATIENCE_S)
    clock.now += 2.0
    told = camera.trouble()
    with pytest.raises(CameraError, match="has delivered no fresh picture"):
        camera.read(0.001)
    port.let_go.set()
    camera.close()
    assert (
        told
        == "The camera at /dev/video0 has delivered no fresh picture for 1 s: it hangs, or its pictures arrive late."
    )


def test_closing_does_not_wait_for_a_driver_that_hangs_in_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.cameras.live.CLOSE_S", 0.001)
    port = HangingPort()
    LiveCamera(port.open, SystemClock(), in_background=True).close()
    assert not port.let_go.is_set()
    port.let_go.set()


def test_one_frame_without_pixels_is_left_out(camera: LiveCamera, first: HandedSource) -> None:
    first.give(gray(1), np.zeros((0, 0, 3), np.uint8), np.zeros((4, 4), np.uint8), gray(2))
    first.wait_until_asked(5)
    assert (level(camera.read(PATIENCE_S)), camera.trouble()) == (2, "")


def test_device_that_gives_only_frames_without_pixels_is_opened_again(
    camera: LiveCamera, first: HandedSource, second: HandedSource
) -> None:
    first.give(*[np.zeros((0, 0, 3), np.uint8)] * 10)
    second.wait_until_asked()
    assert "stopped delivering frames" in camera.trouble()


def test_what_an_unknown_error_says_is_not_passed_on() -> None:
    port = Port(OSError("secret\npath"))
    with (
        closing(LiveCamera(port.open, SystemClock(), in_background=True, retry_s=(PATIENCE_S,))) as camera,
        pytest.raises(CameraError, match=r"The camera can't be opened: OSError\."),
    ):
        camera.read(PATIENCE_S)


class UnstampedSource(HandedSource):
    """A device whose driver gives no time stamps."""

    is_stamped = False


@pytest.mark.parametrize("kind", [HandedSource, UnstampedSource])
def test_frames_that_waited_during_a_stall_are_not_given(kind: type[HandedSource]) -> None:
    """Somebody was there before the stall of three seconds, and four frames of them wait in the driver."""
    clock = HandClock()
    device = kind(clock.monotonic)
    camera = LiveCamera(Port(device).open, clock)

    def give(shown: int, *, after_s: float, late_s: float = 0.0) -> list[int]:
        clock.now += after_s
        device.give(gray(shown), late_s=late_s)
        device.wait_until_asked()
        frame = camera.read(0.0) if not camera.trouble() else None
        return [level(frame)] if frame else []

    device.wait_until_asked()
    for before in range(20, 30):
        give(before, after_s=0.1)
    waited = give(200, after_s=3.0, late_s=2.9)
    for shown in (201, 202, 203):
        waited += give(shown, after_s=0.001, late_s=2.8)
    later: list[int] = []
    for shown in range(101, 107):
        later += give(shown, after_s=0.1)
    device.give(None)
    camera.close()
    assert (waited, later[-1]) == ([], 106)


def test_source_that_dies_soon_is_opened_ever_less_often() -> None:
    """Each time after one frame."""
    devices = [HandedSource(time.monotonic) for _ in range(4)]
    for number, device in enumerate(devices):
        device.give(gray(number), None)
    last = HandedSource(time.monotonic)
    pauses = Pauses((0.0, 0.0, 0.0))
    pauses.taken = []
    camera = LiveCamera(Port(*devices, last).open, SystemClock(), retry_s=pauses)
    last.wait_until_asked()
    last.give(None)
    camera.close()
    assert pauses.taken[:4] == [0, 1, 2, 2]


def test_frame_that_waited_is_not_new_when_it_comes_again() -> None:
    """A loop of frames after a stall: those that were too old to be given are no news a second later."""
    clock = HandClock()
    device = UnstampedSource(clock.monotonic)
    camera = LiveCamera(Port(device).open, clock)
    device.wait_until_asked()
    loop = [gray(level) for level in (10, 20, 30)]
    given: list[int] = []
    for turn, after_s in ((0, 3.0), (1, 0.001), (2, 0.001), *((turn, 0.1) for turn in range(9))):
        clock.now += after_s
        device.give(loop[turn % 3])
        device.wait_until_asked()
        frame = camera.read(0.0) if not camera.trouble() else None
        given += [level(frame)] if frame else []
    device.give(None)
    camera.close()
    assert given == []


def test_age_of_the_newest_frame_grows_until_the_next(camera: LiveCamera, first: HandedSource) -> None:
    before = camera.frame_age()
    first.give(gray(1))
    assert camera.read(PATIENCE_S) is not None
    ages = [camera.frame_age(), camera.frame_age()]
    assert (before, ages) == (None, sorted(age for age in ages if age is not None))
