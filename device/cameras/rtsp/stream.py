"""A network camera's stream opened through OpenCV and the libav in it, which decode what comes out of the network.

Both print what goes wrong to standard error, and libav may print an address. So a relay's standard error goes into a
pipe that is read here alone: it says why an address can't be opened, and nothing of it is passed on.
"""

import os
import re
import sys
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from device.cameras.rtsp.address import Address
from device.cameras.rtsp.wire import Trouble

OPEN_MS, READ_MS = 5000, 1500
OPTIONS = {
    "rtsp_transport": "tcp",
    "fflags": "nobuffer",
    "flags": "low_delay",
    "protocol_whitelist": "rtsp,rtp,tcp,tls",
    "probesize": "500000",
    "analyzeduration": "1000000",
    "fpsprobesize": "0",
}
"""For libav: packets over RTSP's own connection, no pictures kept back, no other protocol, whatever a camera says,
and no second of pictures spent on finding out how many there are in one."""
LOG_BYTES = 65_536
_WHY = (
    (r"40[13] ", Trouble.REFUSED),
    (r"(DESCRIBE|SETUP|PLAY) failed", Trouble.NO_STREAM),
    (r"resolve", Trouble.UNKNOWN_HOST),
    (r"Connection to .* failed|timeout triggered|timed out", Trouble.UNREACHABLE),
)
"""Words of libav's and OpenCV's lines; the first that is found counts."""


class Stream(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def grab(self) -> bool:
        """Waits for the next picture and decodes it; whether there is one."""

    def retrieve(self) -> tuple[bool, NDArray[np.uint8] | None]:
        """Its pixels, BGR uint8 [height, width, 3]."""

    def get(self, propId: int, /) -> float:  # noqa: N803 - as OpenCV calls it
        """A property of the stream or of the picture."""

    def release(self) -> None:
        """Hangs up."""


def open_stream(address: Address) -> Stream | None:
    """None if there is no stream to be had; what is printed says why. One thread decodes: more keep pictures back."""
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "|".join(f"{name};{value}" for name, value in OPTIONS.items())
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_MS]
    try:
        capture = cv2.VideoCapture(address.url, cv2.CAP_FFMPEG, [*limits, cv2.CAP_PROP_N_THREADS, 1])
    except cv2.error:  # its words may repeat the address
        return None
    if capture.isOpened():
        return capture  # type: ignore[return-value]  # its stubs say more
    capture.release()
    return None


class PrivateErrors:
    """Standard error of this process, read here alone. Python's own `sys.stderr` goes where it went before."""

    def __init__(self) -> None:
        """From now on, for good."""
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(write, False)  # with a full pipe, libav drops its lines and goes on
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
        os.dup2(write, 2)
        os.close(write)

    def clear(self) -> None:
        """Forgets what was printed until now."""
        self._drained()

    def why(self) -> Trouble:
        """Why there is no stream, by what was printed since `clear`."""
        return why(self._drained())

    def _drained(self) -> str:
        try:
            return os.read(self._read, LOG_BYTES).decode(errors="replace")
        except BlockingIOError:
            return ""


def why(printed: str) -> Trouble:
    """What libav's and OpenCV's lines say of an address that can't be opened."""
    return next((trouble for words, trouble in _WHY if re.search(words, printed)), Trouble.UNUSABLE)
