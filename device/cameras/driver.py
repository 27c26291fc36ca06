"""A V4L2 device opened through OpenCV as the settings ask: its size, rate, exposure, and frames the right way up.

Frames are taken as they come, compressed or not, and decoded only when their pixels are needed (`raw_forms`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from device.cameras.live import CHECK_HINT
from device.cameras.raw_forms import Form, raw_form_of
from device.cameras.raw_sensors import raw_sensor_driver
from device.cameras.source import Raw
from device.cameras.turning import turned
from device.errors import CameraError
from device.records import Image
from device.settings.tables import CameraSettings

RATE_HINT = "Set `rate` to one that `v4l2-ctl --list-formats-ext` shows for this size, or leave it out."
EXPOSURE_HINT = "Set `exposure` to what `v4l2-ctl --list-ctrls` shows, or leave it out."
MOST_FAILED = 10
"""Frames in a row that can't be decoded here, after which OpenCV decodes them."""
MANUAL, APERTURE_PRIORITY, AUTO = 1, 3, 0
"""Of V4L2_CID_EXPOSURE_AUTO; a UVC camera with a fixed aperture has no AUTO."""


_NOTHING = np.zeros(0, np.uint8)


class Capture(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def isOpened(self) -> bool:  # noqa: N802 - as OpenCV calls it
        """Whether the device could be opened."""

    def set(self, propId: int, value: float, /) -> bool:  # noqa: N803 - as OpenCV calls it
        """Whether the driver took it."""

    def get(self, propId: int, /) -> float:  # noqa: N803 - as OpenCV calls it
        """A property of the device or of the frame read last; 0 or -1 where it isn't known."""

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """Whether there is a next frame, and its pixels in BGR order or its bytes as they came."""

    def release(self) -> None:
        """Lets the device go."""


class Device:
    """A camera's device, opened again and again: with frames as they come, as long as they can be decoded here."""

    def __init__(self, path: Path, settings: CameraSettings) -> None:
        """Opens nothing yet."""
        self._path = path
        self._settings = settings
        self._as_they_come = True

    def open(self) -> "OpenDevice":
        """Raises `CameraError` if it is missing, or does not do what the settings ask."""
        refuse_missing(self._path)
        silence_opencv()
        capture: Capture = cv2.VideoCapture(str(self._path), cv2.CAP_V4L2)  # type: ignore[assignment]  # its stubs say more
        try:
            _ask(capture, self._path, self._settings)
            form = raw_form_of(capture) if self._as_they_come else None
        except BaseException:
            capture.release()
            raise
        return OpenDevice(capture, form, self._settings.rotate, self._give_up)

    def _give_up(self) -> None:
        """From the next opening on, OpenCV decodes."""
        self._as_they_come = False


class OpenDevice:
    """`Source` of a V4L2 device through OpenCV."""

    def __init__(
        self,
        capture: Capture,
        form: Form | None,
        degrees: Literal[0, 90, 180, 270],
        give_up: Callable[[], None],
    ) -> None:
        """`form` says how a frame is decoded here, None if OpenCV does it. `give_up` is called if that never works."""
        self._capture = capture
        self._form = form
        self._degrees = degrees
        self._give_up = give_up
        self._failed = 0
        self.rate_fps = capture.get(cv2.CAP_PROP_FPS)
        self.buffers = capture.get(cv2.CAP_PROP_BUFFERSIZE)

    def take(self) -> Raw | None:
        """As `Source`."""
        good, data = self._capture.read()
        stamp_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        return Raw(_NOTHING if data is None else data, stamp_ms) if good else None

    def decoded(self, raw: Raw) -> Image | None:
        """As `Source`."""
        image = raw.data[:, :, ::-1] if raw.data.ndim == 3 and raw.data.shape[2] == 3 else self._from_bytes(raw)
        return None if image is None or image.size == 0 else turned(np.ascontiguousarray(image), self._degrees)

    def interrupt(self) -> None:
        """As `Source`: nothing can wake a driver."""

    def close(self) -> None:
        """As `Source`."""
        self._capture.release()

    def _from_bytes(self, raw: Raw) -> Image | None:
        image = self._form.decode(raw.data) if self._form else None
        self._failed = 0 if image is not None else self._failed + 1
        if self._failed == MOST_FAILED:
            self._give_up()
        return image


def silence_opencv() -> None:
    """Keeps OpenCV's own log out of the journal: what is wrong is said in sentences of ours."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def refuse_missing(device: Path) -> None:
    """Raises `CameraError` if there is no such device, or if it gives a sensor's raw data."""
    if not device.exists():
        raise CameraError(f"No camera at {device}.", hint=CHECK_HINT)
    if driver := raw_sensor_driver(device):
        raise CameraError(
            f'{device} is the raw side of a CSI camera ({driver}) and gives no pictures; its `source` is "csi:0".',
            hint='Set `source = "csi:0"` under [[cameras]]; `rpicam-hello --list-cameras` shows the number.',
        )


def _ask(capture: Capture, device: Path, settings: CameraSettings) -> None:
    """Raises `CameraError`."""
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    if settings.rate is not None:
        capture.set(cv2.CAP_PROP_FPS, settings.rate)
    if not capture.isOpened():
        raise CameraError(f"The camera at {device} cannot be opened.", hint=CHECK_HINT)
    if settings.rate is not None and not _is_near(rate := capture.get(cv2.CAP_PROP_FPS), settings.rate):
        raise CameraError(
            f"The camera at {device} gives {rate:g} frames a second, expected {settings.rate}.", hint=RATE_HINT
        )
    if settings.exposure is not None and not takes_exposure(capture, settings.exposure):
        raise CameraError(f"The camera at {device} does not take the exposure {settings.exposure}.", hint=EXPOSURE_HINT)


def _is_near(rate: float, wanted: int) -> bool:
    """Many a camera's 30 frames a second are 29.97."""
    return abs(rate - wanted) < 0.5


def takes_exposure(capture: Capture, exposure: int | Literal["auto"]) -> bool:
    """Sets a camera's exposure, in 100 microseconds or automatic; whether the driver took it."""
    if exposure == "auto":
        return any(capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, mode) for mode in (APERTURE_PRIORITY, AUTO))
    is_manual = capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL)
    is_set = capture.set(cv2.CAP_PROP_EXPOSURE, exposure) and capture.get(cv2.CAP_PROP_EXPOSURE) == exposure
    return is_set and (is_manual or capture.get(cv2.CAP_PROP_AUTO_EXPOSURE) not in (APERTURE_PRIORITY, AUTO))
