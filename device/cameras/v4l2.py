"""A camera through Video4Linux and OpenCV: a thread keeps the driver's queue empty and only the newest frame."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from device.config import CameraSettings
from device.errors import CameraError
from device.ports import Clock
from device.records import Frame

RETRY_S = (0.5, 1.0, 2.0, 5.0)
"""Pauses between attempts to find a lost camera again; the last one repeats."""

CLOSE_S = 2.0
"""How long closing waits for a driver that hangs."""

_HINT = "Check the cable and `camera.source` in the settings; `v4l2-ctl --list-devices` shows what is connected."


class Capture(Protocol):
    """The part of `cv2.VideoCapture` that is used here."""

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """Whether there is a next frame, and its pixels in BGR order."""

    def release(self) -> None:
        """Lets the device go."""


class LiveCamera:
    """`Camera` that never gives an old frame: its thread reads as fast as the device, and opens it again when it is
    lost.
    """

    def __init__(
        self, open_capture: Callable[[], Capture], clock: Clock, *, retry_s: Sequence[float] = RETRY_S
    ) -> None:
        """Opens the device. Raises `CameraError` if it is not there."""
        self._open_capture = open_capture
        self._clock = clock
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._newest: Frame | None = None
        self._fault: str | None = None
        self._thread = threading.Thread(target=self._run, args=(open_capture(),), name="camera", daemon=True)
        self._thread.start()

    def read(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet given. Raises `CameraError` while the camera is lost."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest or self._fault, timeout_s)
            frame, self._newest = self._newest, None
            if frame is None and self._fault:
                raise CameraError(self._fault, hint=_HINT)
            return frame

    def close(self) -> None:
        """Stops the thread; a driver that hangs is left behind, as nothing can wake it."""
        self._closing.set()
        self._thread.join(timeout=CLOSE_S)

    def _run(self, capture: Capture | None) -> None:
        attempt = 0
        while not self._closing.is_set():
            if capture is not None and self._pass_on_frames(capture):
                attempt = 0
            self._closing.wait(self._retry_s[min(attempt, len(self._retry_s) - 1)])
            attempt += 1
            capture = self._reopened()

    def _pass_on_frames(self, capture: Capture) -> bool:
        """Until the device gives no more, or fails in a driver's own way: whatever happens, it is opened again.

        Whether it gave a frame at all.
        """
        given = False
        try:
            while not self._closing.is_set():
                good, image = capture.read()
                if not good or image is None:
                    break
                self._offer(Frame(np.ascontiguousarray(image[:, :, ::-1]), self._clock.monotonic()), None)
                given = True
            fault = "The camera stopped giving frames."
        except Exception as error:  # the thread must not die of what a driver comes up with
            fault = f"The camera stopped giving frames ({type(error).__name__})."
        with suppress(Exception):  # as above: a device that is gone cannot always be let go
            capture.release()
        self._offer(None, fault)
        return given

    def _reopened(self) -> Capture | None:
        try:
            return None if self._closing.is_set() else self._open_capture()
        except Exception as error:  # as above; a `CameraError` says what is missing
            self._offer(None, str(error) or type(error).__name__)
            return None

    def _offer(self, frame: Frame | None, fault: str | None) -> None:
        with self._changed:
            self._newest, self._fault = frame, fault
            self._changed.notify_all()


def open_v4l2_camera(settings: CameraSettings, clock: Clock) -> LiveCamera:
    """The camera at /dev/videoN or a device path. Raises `CameraError` if it is not there."""
    device = Path(f"/dev/video{settings.source}" if settings.source.isdigit() else settings.source)
    return LiveCamera(lambda: _open(device, settings), clock)


def _open(device: Path, settings: CameraSettings) -> Capture:
    if not device.exists():
        raise CameraError(f"There is no camera at {device}.", hint=_HINT)
    capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    if not capture.isOpened():
        capture.release()
        raise CameraError(f"The camera at {device} cannot be opened.", hint=_HINT)
    return capture  # type: ignore[return-value]  # OpenCV's stubs say more about the pixels than we need
