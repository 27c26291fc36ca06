"""A camera through Video4Linux and OpenCV: a thread keeps the driver's queue empty and only the newest frame.

The thread opens the device and opens it again; it asks `Freshness` when each frame was captured and `FrameHealth`
whether it is evidence. Whatever hangs, hangs in that thread: `trouble` and `close` don't wait for it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeGuard

import cv2
import numpy as np
from numpy.typing import NDArray

from device.cameras.driver import CHECK_HINT, Capture, open_device
from device.cameras.freshness import Freshness
from device.cameras.health import FrameHealth
from device.errors import CameraError
from device.failures import in_words
from device.ports import Clock
from device.records import Frame, Image
from device.settings.cameras import device_path
from device.settings.tables import CameraSettings

RETRY_S = (0.5, 1.0, 2.0, 5.0)
"""Pauses between attempts to open a lost camera again; the last one repeats."""

CLOSE_S = 2.0
"""How long closing waits for a driver that hangs."""

STUCK_S = 10.0
"""A camera without a new frame for this long is opened again, which ends many a driver's stall."""

MOST_DAMAGED = 10
"""Frames without pixels in a row after which the device is opened again."""


class LiveCamera:
    """`Camera` that never gives an old or repeated frame. Thread-safe."""

    def __init__(
        self,
        open_capture: Callable[[], Capture],
        clock: Clock,
        *,
        name: str = "The camera",
        retry_s: Sequence[float] = RETRY_S,
        in_background: bool = False,
    ) -> None:
        """Opens the device, `in_background` in its thread; otherwise raises `CameraError` if it is missing.

        `name` is how sentences about the camera begin.
        """
        self._open_capture = open_capture
        self._clock = clock
        self._name = name
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._newest: Frame | None = None
        self._fault = ""
        opened = None if in_background else open_capture()
        self._health = FrameHealth(clock.monotonic())
        self._thread = threading.Thread(target=self._run, args=(opened,), name="camera", daemon=True)
        self._thread.start()

    def read(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet given; None if none came in time. Raises `CameraError` while in trouble."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest or self._fault, timeout_s)
            frame, self._newest = self._newest, None
            if frame is None and (trouble := self._trouble()):
                raise CameraError(trouble, hint=CHECK_HINT)
            return frame

    def trouble(self) -> str:
        """What is wrong, one sentence, within 2 s of its beginning; "" while fresh frames come. Doesn't wait."""
        with self._changed:
            return self._trouble()

    def close(self) -> None:
        """Stops the thread; a driver that hangs is left behind, as nothing can wake it."""
        self._closing.set()
        self._thread.join(timeout=CLOSE_S)

    def _trouble(self) -> str:
        unhealthy = self._health.trouble(self._clock.monotonic())
        return self._fault or (unhealthy and f"{self._name} {unhealthy}.")

    def _run(self, capture: Capture | None) -> None:
        attempt = 0
        while not self._closing.is_set():
            capture = capture or self._opened()
            if capture is not None and self._pass_on_frames(capture):
                attempt = 0
            capture = None
            self._closing.wait(self._retry_s[min(attempt, len(self._retry_s) - 1)])
            attempt += 1

    def _pass_on_frames(self, capture: Capture) -> bool:
        """Until the device gives no more, or fails in a driver's own way: whatever happens, it is opened again.

        Whether it gave a frame at all.
        """
        given = False
        try:
            for frame in self._frames(capture):
                given = self._offer(frame) or given
            fault = self.trouble() or f"{self._name} stopped delivering frames."
        except Exception as error:  # the thread must not die of what a driver comes up with
            fault = f"{self._name} stopped delivering frames: {in_words(error)}."
        with suppress(Exception):  # as above: a device that is gone cannot always be let go
            capture.release()
        self._fail(fault)
        return given

    def _frames(self, capture: Capture) -> Iterator[Frame]:
        """Each fresh frame in RGB, until the device gives none, several damaged ones in a row, or none that is new."""
        freshness = Freshness(capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_BUFFERSIZE))
        damaged, opened_at = 0, self._clock.monotonic()
        while not self._closing.is_set() and damaged < MOST_DAMAGED and not self._is_stuck(opened_at):
            good, image = capture.read()
            now = self._clock.monotonic()
            if not good:
                return
            captured_at = freshness.captured_at(now, capture.get(cv2.CAP_PROP_POS_MSEC))
            damaged = 0 if _has_pixels(image) else damaged + 1
            if _has_pixels(image) and captured_at is not None:
                yield Frame(np.ascontiguousarray(image[:, :, ::-1]), captured_at)

    def _is_stuck(self, opened_at: float) -> bool:
        return self._clock.monotonic() - max(opened_at, self._health.new_at) > STUCK_S

    def _opened(self) -> Capture | None:
        try:
            return self._open_capture()
        except Exception as error:  # as above; a `CameraError` says what is missing
            why = f"{self._name} can't be opened: {in_words(error)}."
            self._fail(error.message if isinstance(error, CameraError) else why)
            return None

    def _offer(self, frame: Frame) -> bool:
        """Passes a frame on if it is evidence; whether it is."""
        with self._changed:
            is_new = self._health.is_new(frame.image, self._clock.monotonic())
            if is_new:
                self._newest, self._fault = frame, ""
                self._changed.notify_all()
            return is_new

    def _fail(self, fault: str) -> None:
        with self._changed:
            self._newest, self._fault = None, fault
            self._changed.notify_all()


def _has_pixels(image: NDArray[np.uint8] | None) -> TypeGuard[Image]:
    return image is not None and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size > 0


def open_v4l2_camera(settings: CameraSettings, clock: Clock, *, in_background: bool = False) -> LiveCamera:
    """The camera at /dev/videoN or a device path. Raises `CameraError` if it is missing, unless `in_background`."""
    device = device_path(settings.source)
    return LiveCamera(
        lambda: open_device(device, settings), clock, name=f"The camera at {device}", in_background=in_background
    )
