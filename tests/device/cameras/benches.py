"""Cameras of each kind on a bench, each with what makes it fail: the same rules of health hold for all of them."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from device.cameras.files import open_image_camera, with_noise
from device.cameras.live import LiveCamera
from device.cameras.source import Raw
from device.errors import CameraError, ImageError
from device.ports import Camera
from device.records import Frame, Image
from device.virtual.camera import Condition, SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.scene import Scene
from device.wakeup import Wakeup
from tests.waiting import PATIENCE_S

INTERVAL_S = 0.1


def gray(level: int) -> Image:
    return np.full((120, 160, 3), level, np.uint8)


class HandClock:
    """`Clock` that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def utc(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, wakeup: Wakeup, timeout_s: float) -> bool:
        self.now += timeout_s
        return wakeup.is_set()


class HandedSource:
    """A device whose frames the test hands over, one by one, each stamped then; it hangs until then."""

    rate_fps = buffers = 0.0
    is_stamped = True

    def __init__(self, monotonic: Callable[[], float], asked: threading.Semaphore | None = None) -> None:
        """`asked` is released whenever the thread asks for a frame; several devices may share one."""
        self._monotonic = monotonic
        self._handed: queue.Queue[tuple[float, Image | Exception | None]] = queue.Queue()
        self._asked = asked or threading.Semaphore(0)
        self.released = threading.Event()
        self.decodings = 0

    def take(self) -> Raw | None:
        self._asked.release()
        stamp_s, handed = self._handed.get()
        if isinstance(handed, Exception):
            raise handed
        return None if handed is None else Raw(handed, 1000 * stamp_s if self.is_stamped else 0.0)

    def decoded(self, raw: Raw) -> Image | None:
        self.decodings += 1
        return raw.data

    def interrupt(self) -> None:
        """It hangs on."""

    def close(self) -> None:
        self.released.set()

    def give(self, *handed: Image | Exception | None, late_s: float = 0.0) -> None:
        for one in handed:
            self._handed.put((self._monotonic() - late_s, one))

    def wait_until_asked(self, times: int = 1) -> None:
        """Until the thread has asked for the frame after `times` others."""
        for _ in range(times):
            assert self._asked.acquire(timeout=PATIENCE_S)


class Bench(Protocol):
    """A camera, its clock, and how to make it fail."""

    @property
    def camera(self) -> Camera:
        """The camera."""

    wait_s: float
    """How long a read waits for the next frame: not at all where the test has handed it over."""

    def now(self) -> float:
        """Seconds on the camera's clock."""

    def passes(self, seconds: float) -> None:
        """Time passes, with whatever frames come in it."""

    def fails(self, how: str) -> None:
        """From now on, in one of the ways of its kind."""

    def works(self) -> None:
        """From now on, again."""

    def close(self) -> None:
        """Lets everything go."""


class LiveBench:
    """A live camera with its thread, frame by frame."""

    wait_s = 0.0
    FAILS = ("gone", "raises", "hangs", "repeats", "loops", "still", "late", "no pixels")

    def __init__(self) -> None:
        self.clock = HandClock()
        self._given = 0
        self.opened = 0
        """How often the device was opened."""
        self._asked = threading.Semaphore(0)
        self._plugged = True
        self._frames = self._live()
        self._late_s = 0.0
        self.camera = LiveCamera(self._open, self.clock, retry_s=(0.002,))
        self._device.wait_until_asked()

    def _open(self) -> HandedSource:
        if not self._plugged:
            raise CameraError("There is no camera.", hint="Plug it in.")
        self.opened += 1
        self._device = HandedSource(self.clock.monotonic, self._asked)
        return self._device

    def now(self) -> float:
        return self.clock.now

    def passes(self, seconds: float) -> None:
        for _ in range(round(seconds / INTERVAL_S)):
            self.clock.now += INTERVAL_S
            for frame in self._frames:
                self._device.give(frame, late_s=self._late_s)
                self._device.wait_until_asked()
                break

    def fails(self, how: str) -> None:
        if how in ("gone", "raises"):
            self._frames, self._plugged = iter(()), False
            self._device.give(None if how == "gone" else cv2.error("ioctl"))
            assert self._device.released.wait(PATIENCE_S)
            return
        last = with_noise(gray(120), self._given)
        loop = [with_noise(gray(120), self._given - back) for back in range(8)]
        self._late_s = 2.0 if how == "late" else 0.0
        faults: dict[str, Callable[[], Iterator[Image]]] = {
            "hangs": lambda: iter(()),
            "repeats": lambda: forever([last]),
            "loops": lambda: forever(loop),
            "still": lambda: almost_the_same(last),
            "late": self._live,
            "no pixels": lambda: forever([np.zeros((0, 0, 3), np.uint8)]),
        }
        self._frames = faults[how]()

    def works(self) -> None:
        self._late_s = 0.0
        self._frames = self._live()
        if not self._plugged:
            self._plugged = True
            self._device.wait_until_asked()

    def close(self) -> None:
        self._plugged = False
        closer = threading.Thread(target=self.camera.close)
        closer.start()
        self._device.give(None)
        closer.join()

    def _live(self) -> Iterator[Image]:
        while True:
            self._given += 1
            yield with_noise(gray(120), self._given)


def forever(images: list[Image]) -> Iterator[Image]:
    while True:
        yield from images


def almost_the_same(image: Image) -> Iterator[Image]:
    """One pixel changes."""
    while True:
        image = image.copy()
        image[0, 0, 0] ^= 1
        image[1:2, 1, 1] += 1
        yield image


class SimulatedBench:
    """The camera of a virtual world."""

    wait_s = 0.15
    FAILS: tuple[Condition, ...] = ("dead", "frozen", "late", "repeats")

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self._simulated = SimulatedCamera(self.clock, Scene((), {}))
        self.camera: Camera = self._simulated

    def now(self) -> float:
        return self.clock.monotonic()

    def passes(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def fails(self, how: str) -> None:
        self._simulated.show(Scene((), {}), next(one for one in self.FAILS if one == how))

    def works(self) -> None:
        self._simulated.show(Scene((), {}))

    def close(self) -> None:
        self.camera.close()


class FileBench:
    """A folder of images that is played."""

    wait_s = 0.15
    FAILS = ("damaged", "deleted")

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock()
        self._second = folder / "b.png"
        for name in ("a.png", "b.png"):
            cv2.imwrite(str(folder / name), gray(120))
        self.camera: Camera = open_image_camera(folder, self.clock)

    def now(self) -> float:
        return self.clock.monotonic()

    def passes(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def fails(self, how: str) -> None:
        self._second.write_bytes(b"damaged") if how == "damaged" else self._second.unlink()

    def works(self) -> None:
        cv2.imwrite(str(self._second), gray(120))

    def close(self) -> None:
        self.camera.close()


def frames_in(bench: Bench, seconds: float) -> list[Frame]:
    """What the camera gives while time passes; a fault is nothing given."""
    found, end = [], bench.now() + seconds
    while bench.now() < end - 1e-6:
        bench.passes(INTERVAL_S - bench.wait_s / 2)
        with suppress(CameraError, ImageError):
            if frame := bench.camera.read(bench.wait_s):
                found.append(frame)
    return found
