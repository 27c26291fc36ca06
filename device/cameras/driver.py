"""A V4L2 device opened through OpenCV as the settings ask: its size, rate, exposure, and frames the right way up."""

from pathlib import Path
from typing import Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from device.cameras.turning import turned
from device.errors import CameraError
from device.settings.tables import CameraSettings

CHECK_HINT = (
    "Check the cable and `source` under [[cameras]] in the settings; `v4l2-ctl --list-devices` shows what is connected."
)
RATE_HINT = "Set `rate` to one that `v4l2-ctl --list-formats-ext` shows for this size, or leave it out."
EXPOSURE_HINT = "Set `exposure` to what `v4l2-ctl --list-ctrls` shows, or leave it out."
MANUAL, APERTURE_PRIORITY, AUTO = 1, 3, 0
"""Of V4L2_CID_EXPOSURE_AUTO; a UVC camera with a fixed aperture has no AUTO."""


class Capture(Protocol):
    """The part of `cv2.VideoCapture` that is used for frames."""

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """Whether there is a next frame, and its pixels in BGR order."""

    def get(self, propId: int, /) -> float:  # noqa: N803 - as OpenCV calls it
        """A property of the device or of the frame read last; 0 or -1 where it isn't known."""

    def release(self) -> None:
        """Lets the device go."""


class Settable(Capture, Protocol):
    """The same where something is asked of it."""

    def isOpened(self) -> bool:  # noqa: N802 - as OpenCV calls it
        """Whether the device could be opened."""

    def set(self, propId: int, value: float, /) -> bool:  # noqa: N803 - as OpenCV calls it
        """Whether the driver took it."""


class TurnedCapture:
    """`Capture` of a camera that is mounted on its side or upside down."""

    def __init__(self, capture: Capture, degrees: Literal[0, 90, 180, 270]) -> None:
        """Each frame is turned clockwise."""
        self._capture = capture
        self._degrees = degrees
        self.get = capture.get
        self.release = capture.release

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """The next frame, turned; what has no pixels stays as it is."""
        good, image = self._capture.read()
        return good, image if image is None or image.size == 0 else turned(image, self._degrees)


def open_device(device: Path, settings: CameraSettings) -> Capture:
    """Raises `CameraError` if it is missing, or does not do what the settings ask."""
    refuse_missing(device)
    capture: Settable = cv2.VideoCapture(str(device), cv2.CAP_V4L2)  # type: ignore[assignment]  # its stubs say more
    try:
        _ask(capture, device, settings)
    except CameraError:
        capture.release()
        raise
    return TurnedCapture(capture, settings.rotate) if settings.rotate else capture


def refuse_missing(device: Path) -> None:
    """Raises `CameraError` if there is no such device."""
    if not device.exists():
        raise CameraError(f"No camera at {device}.", hint=CHECK_HINT)


def _ask(capture: Settable, device: Path, settings: CameraSettings) -> None:
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


def takes_exposure(capture: Settable, exposure: int | Literal["auto"]) -> bool:
    """Sets a camera's exposure, in 100 microseconds or automatic; whether the driver took it."""
    if exposure == "auto":
        return any(capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, mode) for mode in (APERTURE_PRIORITY, AUTO))
    is_manual = capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL)
    is_set = capture.set(cv2.CAP_PROP_EXPOSURE, exposure) and capture.get(cv2.CAP_PROP_EXPOSURE) == exposure
    return is_set and (is_manual or capture.get(cv2.CAP_PROP_AUTO_EXPOSURE) not in (APERTURE_PRIORITY, AUTO))
