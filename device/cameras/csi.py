"""A CSI camera of a Raspberry Pi: `rpicam-vid` in a child process writes raw I420 frames into a pipe.

Options as in rpicam-apps' core/options.cpp and core/video_options.hpp. With the codec yuv420 each frame is written as
the image processor left it: full range (JPEG's color space), the planes Y, U and V one after the other, rows padded to
64 bytes - so the settings refuse a width that would be padded. Nothing says where a frame begins but their number of
bytes, and when they come: a frame that comes in two parts, with a pause in between, isn't used.
"""

import math
import shutil
import threading
from collections.abc import Callable
from functools import partial
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from device.cameras.child import Child, Process, Words
from device.cameras.live import CHECK_HINT
from device.cameras.source import Raw
from device.cameras.turning import turned
from device.errors import CameraError
from device.ports import Clock
from device.records import Image
from device.settings.cameras import csi_complaint, csi_number
from device.settings.tables import CameraSettings

PROGRAMS = ("rpicam-vid", "libcamera-vid")
"""Its name, and its name before 2023."""
RATE_FPS = 30
"""Of `rpicam-vid` if it isn't asked for another rate."""
BUFFERS = 8
"""Frames that may wait: six buffers of `rpicam-vid`, and what the pipe holds, less than two."""
FIRST_S, STALL_S = 10.0, 3.0
"""A child that gives no whole frame for this long, from its start and later, is ended."""
PAUSE = 0.75
"""A pause within a frame of more than this share of the time from frame to frame is one between two frames."""
MOST_TORN = 15
"""Frames in a row with such a pause, after which the child is restarted: no frame begins where it should."""
GLANCE_S = 0.25
PACE_S = 0.01
"""Between two looks at what a child says: one that never stops talking must not take the processor."""
MOST_LAST_WORDS = 16
"""Pieces of what a child said before it ended that are still read."""
_METERING = {"center": "centre", "spot": "spot", "average": "average"}


def program() -> str:
    """The path of `rpicam-vid`. Raises `CameraError` if it isn't installed."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        raise CameraError(
            f"A CSI camera needs {PROGRAMS[0]}, which isn't installed.",
            hint="Install it: `sudo apt install rpicam-apps-lite`.",
        )
    return found


def arguments(settings: CameraSettings) -> tuple[str, ...]:
    """What the program is told. It can turn frames by 180 degrees, and by no right angle."""
    number = csi_number(settings.source)
    size = ("--width", str(settings.width), "--height", str(settings.height))
    asked = ("--camera", str(number), "--codec", "yuv420", *size, "--timeout", "0", "--nopreview", "--flush")
    rate = ("--framerate", str(settings.rate)) if settings.rate else ()
    rotation = ("--rotation", "180") if settings.rotate == 180 else ()
    shutter = ("--shutter", str(100 * settings.exposure)) if isinstance(settings.exposure, int) else ()
    metering = ("--metering", _METERING[settings.metering]) if settings.metering in _METERING else ()
    return (*asked, *rate, *rotation, *shutter, *metering, "--output", "-")


class CsiCamera:
    """A CSI camera, opened again and again."""

    def __init__(self, settings: CameraSettings, clock: Clock, note: Callable[[str], None]) -> None:
        """`note` takes what the program says, in lines for the journal."""
        self.name = f"The CSI camera {settings.source.partition(':')[2]}"
        self._settings = settings
        self._clock = clock
        self._words = Words(note, clock)

    def open(self) -> "CsiSource":
        """Starts the program. Raises `CameraError`, also for settings that were not read from a file."""
        if complaint := csi_complaint(self._settings):
            raise CameraError(f"{self.name}: {complaint}.", hint="Change it under [[cameras]] in the settings.")
        path = program()
        child = Process(
            (path, *arguments(self._settings)), frame_bytes=i420_bytes(self._settings.height, self._settings.width)
        )
        self._words.begins()
        return CsiSource(child, self._settings, self._clock, self._words)


class CsiSource:
    """`Source` of a child that writes frames of one size."""

    buffers = BUFFERS

    def __init__(self, child: Child, settings: CameraSettings, clock: Clock, words: Words) -> None:
        """The size, rate and rotation are those of the settings."""
        self.rate_fps = float(settings.rate or RATE_FPS)
        self._child = child
        self._shape = (settings.height, settings.width)
        self._degrees: Literal[0, 90, 180, 270] = 0 if settings.rotate == 180 else settings.rotate
        self._name = f"The CSI camera {csi_number(settings.source)}"
        self._clock = clock
        self._words = words
        self._torn = 0
        self._deadline = clock.monotonic() + FIRST_S
        self._closing = threading.Event()
        self._heard_at = -math.inf
        self._is_silent = False

    def take(self) -> Raw | None:
        """As `Source`: the next whole frame. Raises `CameraError` when the child has ended or stalls."""
        height, width = self._shape
        while not self._closing.is_set():
            data = np.empty(i420_bytes(height, width), np.uint8)
            paused_s = self._filled(memoryview(data.data))
            self._deadline = self._clock.monotonic() + STALL_S
            self._torn = self._torn + 1 if paused_s > PAUSE / self.rate_fps else 0
            if not self._torn:
                return Raw(data)
            if self._torn >= MOST_TORN:
                raise self._error("does not deliver whole frames of the requested size")
        return None

    def decoded(self, raw: Raw) -> Image | None:
        """As `Source`."""
        return turned(rgb_of_i420(raw.data, *self._shape), self._degrees)

    def interrupt(self) -> None:
        """As `Source`."""
        self._closing.set()
        self._child.kill()

    def close(self) -> None:
        """As `Source`."""
        self._closing.set()
        self._child.close()

    def _filled(self, view: memoryview) -> float:
        """Reads one frame. The longest pause within it, seconds. Raises `CameraError` if it does not come."""
        filled, longest_s = 0, 0.0
        while filled < len(view):
            paused_s = self._until_more()
            longest_s = max(longest_s, paused_s) if filled else 0.0
            count = self._child.read_into(view[filled:])
            if count == 0:
                raise self._ended()
            filled += count
        return longest_s

    def _until_more(self) -> float:
        """Waits for more of the frames, and passes on what the child says meanwhile. How long it took, in seconds."""
        began = self._clock.monotonic()
        while True:
            hears = self._clock.monotonic() - self._heard_at >= PACE_S and not self._is_silent
            has_frames, has_words = self._child.wait(GLANCE_S if hears or self._is_silent else PACE_S, hears=hears)
            if has_words:
                self._hear()
            if has_frames:
                return self._clock.monotonic() - began
            if self._closing.is_set() or self._clock.monotonic() > self._deadline:
                raise self._error("has delivered no whole picture for some seconds, and is restarted")

    def _hear(self) -> None:
        """Passes on what the child has said."""
        self._heard_at = self._clock.monotonic()
        said = self._child.said()
        self._is_silent = not said
        self._words.heard(said)

    def _ended(self) -> CameraError:
        how = self._child.ended() or "closed its pipe"
        for _ in range(MOST_LAST_WORDS):
            if self._child.wait(0.0, hears=True)[1]:
                self._hear()
        reason = self._words.reason(was_killed=not how.startswith("ended"))
        return self._error(f"stopped: rpicam-vid {how}{reason and f' ({reason})'}")

    def _error(self, what: str) -> CameraError:
        return CameraError(f"{self._name} {what}.", hint=CHECK_HINT)


def i420_bytes(height: int, width: int) -> int:
    """Of a frame: a byte of light for each pixel, two of color for each four."""
    return height * width * 3 // 2


def rgb_of_i420(data: NDArray[np.uint8], height: int, width: int) -> Image:
    """Planes of full range (ITU-R BT.601, as in JPEG) as RGB uint8 [height, width, 3]."""
    luma, rest = data[: height * width].reshape(height, width), data[height * width :]
    half = (height // 2, width // 2)
    blue, red = rest[: half[0] * half[1]].reshape(half), rest[half[0] * half[1] :].reshape(half)
    grown = partial(cv2.resize, dsize=(width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(cv2.merge((luma, grown(red), grown(blue))), cv2.COLOR_YCrCb2RGB), np.uint8)
