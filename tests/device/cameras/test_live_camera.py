"""The live camera and its thread: only the newest frame, a lost device told and found again, and an end."""

import queue
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from device.cameras.v4l2 import LiveCamera
from device.clock import SystemClock
from device.errors import CameraError
from device.records import Frame, Image

SOON_S = 10.0
"""Never waited for: what the test needs has been handed over."""


def gray(level: int) -> Image:
    return np.full((4, 4, 3), level, np.uint8)


class HandedCapture:
    """A device whose frames the test hands over, one by one, each stamped then; it hangs until then."""

    def __init__(self) -> None:
        self.handed: queue.Queue[tuple[float, Image | Exception | None]] = queue.Queue()
        self.stamp_s = 0.0
        self.asked = threading.Semaphore(0)
        self.released = threading.Event()

    def read(self) -> tuple[bool, Image | None]:
        self.asked.release()
        self.stamp_s, handed = self.handed.get()
        if isinstance(handed, Exception):
            raise handed
        return handed is not None, handed

    def get(self, what: int, /) -> float:
        return 1000 * self.stamp_s if what == cv2.CAP_PROP_POS_MSEC else 0.0

    def release(self) -> None:
        self.released.set()

    def give(self, *handed: Image | Exception | None) -> None:
        for one in handed:
            self.handed.put((time.monotonic(), one))

    def wait_until_asked(self, times: int) -> None:
        """Until the thread has asked for the frame after `times` others."""
        for _ in range(times):
            assert self.asked.acquire(timeout=SOON_S)


class Port:
    """A USB port: what is plugged in, in turn; at last nothing."""

    def __init__(self, *devices: HandedCapture | Exception) -> None:
        self.devices = list(devices)

    def open(self) -> HandedCapture:
        device = self.devices.pop(0) if self.devices else CameraError("Nothing is plugged in.", hint="Plug it in.")
        if isinstance(device, Exception):
            raise device
        return device


@pytest.fixture
def first() -> HandedCapture:
    return HandedCapture()


@pytest.fixture
def second() -> HandedCapture:
    return HandedCapture()


@pytest.fixture
def port(first: HandedCapture, second: HandedCapture) -> Port:
    return Port(first, second)


@pytest.fixture
def camera(port: Port, first: HandedCapture, second: HandedCapture) -> Iterator[LiveCamera]:
    opened = LiveCamera(port.open, SystemClock(), retry_s=(0.0,))
    yield opened
    for device in (first, second):
        device.give(None)
    opened.close()


def pixel(frame: Frame | None) -> list[int]:
    assert frame is not None
    return [int(channel) for channel in frame.image[0, 0]]


def level(frame: Frame | None) -> int:
    return pixel(frame)[0]


def captured_at(frame: Frame | None) -> float:
    assert frame is not None
    return frame.captured_at


def test_frame_comes_in_rgb(camera: LiveCamera, first: HandedCapture) -> None:
    first.give(np.full((4, 4, 3), (1, 2, 3), np.uint8))
    frame = camera.read(SOON_S)
    assert pixel(frame) == [3, 2, 1]


def test_reader_gets_the_newest_frame_only(camera: LiveCamera, first: HandedCapture) -> None:
    first.give(gray(1), gray(2), gray(3))
    first.wait_until_asked(4)
    assert level(camera.read(SOON_S)) == 3


def test_frame_comes_once(camera: LiveCamera, first: HandedCapture) -> None:
    first.give(gray(1))
    camera.read(SOON_S)
    assert camera.read(0.001) is None


def test_frame_is_stamped_between_asking_and_now(camera: LiveCamera, first: HandedCapture) -> None:
    first.wait_until_asked(1)
    before = SystemClock().monotonic()
    first.give(gray(1))
    frame = camera.read(SOON_S)
    assert before <= captured_at(frame) <= SystemClock().monotonic()


def test_hanging_device_gives_nothing(camera: LiveCamera, first: HandedCapture) -> None:
    first.wait_until_asked(1)
    assert camera.read(0.001) is None


def test_device_that_hung_goes_on(camera: LiveCamera, first: HandedCapture) -> None:
    camera.read(0.001)
    first.give(gray(5))
    assert level(camera.read(SOON_S)) == 5


LOST = [None, cv2.error("ioctl"), OSError("No such device"), RuntimeError("a driver's own")]
LOST_IDS = ["no frame", "OpenCV", "system", "anything"]


@pytest.mark.parametrize("lost", LOST, ids=LOST_IDS)
def test_lost_device_is_told(first: HandedCapture, lost: Image | Exception | None) -> None:
    camera = LiveCamera(Port(first).open, SystemClock(), retry_s=(SOON_S,))
    first.give(lost)
    with pytest.raises(CameraError, match="stopped giving frames"):
        camera.read(SOON_S)
    camera.close()


@pytest.mark.usefixtures("camera")
@pytest.mark.parametrize("lost", LOST, ids=LOST_IDS)
def test_lost_device_is_let_go(first: HandedCapture, lost: Image | Exception | None) -> None:
    first.give(lost)
    assert first.released.wait(SOON_S)


@pytest.mark.parametrize("lost", LOST, ids=LOST_IDS)
def test_device_is_found_again(
    camera: LiveCamera, first: HandedCapture, second: HandedCapture, lost: Image | Exception | None
) -> None:
    first.give(lost)
    second.wait_until_asked(1)
    second.give(gray(9))
    second.wait_until_asked(1)
    assert level(camera.read(SOON_S)) == 9


def test_lost_device_is_sought_until_it_is_back(first: HandedCapture, second: HandedCapture) -> None:
    absent = [CameraError("There is no camera.", hint="Plug it in."), cv2.error("busy"), OSError("no memory")]
    camera = LiveCamera(Port(first, *absent, second).open, SystemClock(), retry_s=(0.0,))
    first.give(None)
    second.wait_until_asked(1)
    second.give(gray(9))
    second.wait_until_asked(1)
    frame = camera.read(SOON_S)
    second.give(None)
    camera.close()
    assert level(frame) == 9


def test_device_that_cannot_be_let_go_is_sought_all_the_same(first: HandedCapture, second: HandedCapture) -> None:
    def failing() -> None:
        raise cv2.error("VIDIOC_STREAMOFF")

    first.release = failing  # type: ignore[method-assign]
    camera = LiveCamera(Port(first, second).open, SystemClock(), retry_s=(0.0,))
    first.give(None)
    second.wait_until_asked(1)
    second.give(gray(9))
    second.wait_until_asked(1)
    frame = camera.read(SOON_S)
    second.give(None)
    camera.close()
    assert level(frame) == 9


class Pauses(tuple[float, ...]):
    """Pauses of no time, which remembers which were taken."""

    taken: list[int]

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        self.taken.append(index)
        return 0.0


def test_device_that_opens_without_a_frame_is_sought_ever_less_often(first: HandedCapture) -> None:
    deaf, last = [HandedCapture() for _ in range(3)], HandedCapture()
    for device in deaf:
        device.give(None)
    pauses = Pauses((0.0, 0.0, 0.0))
    pauses.taken = []
    camera = LiveCamera(Port(first, *deaf, last).open, SystemClock(), retry_s=pauses)
    first.give(gray(1), None)
    last.wait_until_asked(1)
    taken = list(pauses.taken)
    last.give(None)
    camera.close()
    assert taken == [0, 1, 2, 2]


def test_missing_device_is_an_error_at_the_start() -> None:
    with pytest.raises(CameraError, match="Nothing is plugged in"):
        LiveCamera(Port().open, SystemClock())


def test_lost_camera_does_not_grow_with_every_question(first: HandedCapture) -> None:
    camera = LiveCamera(Port(first).open, SystemClock(), retry_s=(SOON_S,))
    first.give(None)
    depths = []
    for _ in range(3):
        with pytest.raises(CameraError) as fault:
            camera.read(SOON_S)
        depths.append(len(fault.traceback))
    camera.close()
    assert len(set(depths)) == 1


def test_close_ends_the_thread(first: HandedCapture) -> None:
    camera = LiveCamera(Port(first).open, SystemClock(), retry_s=(SOON_S,))
    first.give(None)
    first.released.wait(SOON_S)
    camera.close()
    assert "camera" not in [thread.name for thread in threading.enumerate()]


def test_close_lets_the_device_go(first: HandedCapture) -> None:
    camera = LiveCamera(Port(first).open, SystemClock())
    closer = threading.Thread(target=camera.close)
    closer.start()
    first.give(gray(1))
    closer.join(SOON_S)
    assert first.released.is_set()


def test_close_leaves_a_device_that_hangs_to_its_end(first: HandedCapture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.cameras.v4l2.CLOSE_S", 0.001)
    camera = LiveCamera(Port(first).open, SystemClock())
    camera.close()
    hanging = [thread for thread in threading.enumerate() if thread.name == "camera"]
    first.give(gray(1))
    for thread in hanging:
        thread.join(SOON_S)
    assert first.released.is_set()
