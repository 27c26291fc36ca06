"""The relay's thread at the camera: opens the stream again and again, and passes on each picture that is young enough.

Whatever hangs, hangs in this thread: the door is served by another one, and the service manager's watchdog ends a
process whose stream has not come round.
"""

import math
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from device.cameras.freshness import Freshness
from device.cameras.rtsp.serving import Message
from device.cameras.rtsp.stream import Stream
from device.cameras.rtsp.timing import StreamTime
from device.cameras.rtsp.wire import NS, FrameHead, Trouble, TroubleHead
from device.settings.tables import CameraSettings

RETRY_S = (0.5, 1.0, 2.0, 5.0)
"""Pauses between attempts to open the stream again; the last one repeats."""
REFUSED_S = 60.0
"""Pause after a wrong password: many a camera locks a user out who tries one too often."""
WORKED_S = 5.0
"""A stream that gave pictures for this long has worked: the next pause is the first one again."""
LATE_S = 3.0
"""A stream without a picture that is young enough for this long is opened again, which leaves out what waits in it."""
QUIET_S = 0.8
"""A stream that stops is reported after this long, before the door would take the relay itself for hanging."""
LONGEST_INTERVAL_S = 0.2
"""Between two pictures, that of the slowest camera that is of use."""
LONGEST_S = 15.0
"""No call of OpenCV's takes longer than its time-outs; one that does hangs."""


class Pulling:
    """Gives messages to `give` from a thread of its own, as soon as they are known."""

    def __init__(
        self,
        open_stream: Callable[[], Stream | Trouble],
        settings: CameraSettings,
        give: Callable[[Message], None],
        *,
        monotonic: Callable[[], float],
        retry_s: Sequence[float] = RETRY_S,
    ) -> None:
        """`open_stream` waits for a stream, or says why there is none."""
        self._open_stream = open_stream
        self._most = settings.width, settings.height
        self._interval_s = 1.0 / settings.rate if settings.rate else 0.0
        self._give = give
        self._monotonic = monotonic
        self._retry_s = retry_s
        self._closing = threading.Event()
        self._alive_until = self._quiet_at = math.inf
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self._trouble(Trouble.CONNECTING)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether the thread comes round."""
        return self._thread.is_alive() and self._monotonic() <= self._alive_until

    def gone_quiet(self) -> Message | None:
        """That no picture has come for a while, once each time; for the thread at the socket."""
        if self._monotonic() < self._quiet_at:
            return None
        self._quiet_at = math.inf
        return self._message(Trouble.ENDED)

    def close(self, within_s: float) -> None:
        """Ends the thread; one that hangs is left behind."""
        self._closing.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        attempt = 0
        while not self._closing.is_set():
            began = self._monotonic()
            trouble, last_at = self._pulled()
            self._trouble(trouble)
            attempt = 0 if last_at - began >= WORKED_S else attempt
            self._rest(REFUSED_S if trouble is Trouble.REFUSED else self._retry_s[min(attempt, len(self._retry_s) - 1)])
            attempt += 1

    def _rest(self, seconds: float) -> None:
        self._alive_until = math.inf
        self._closing.wait(seconds)

    def _pulled(self) -> tuple[Trouble, float]:
        """Opens the stream and passes on what it gives: why that ended, and when the last picture came."""
        self._alive_until = self._monotonic() + LONGEST_S
        opened = self._open_stream()
        if isinstance(opened, Trouble):
            return opened, -math.inf
        try:
            return self._passed_on(opened)
        except Exception:  # whatever OpenCV comes up with, the stream is opened again
            return Trouble.ENDED, -math.inf
        finally:
            with suppress(Exception):
                opened.release()

    def _passed_on(self, stream: Stream) -> tuple[Trouble, float]:
        pictures = Pictures(stream)
        given_at = due_at = began = self._monotonic()
        last_at = -math.inf
        while not self._closing.is_set():
            self._alive_until = self._monotonic() + LONGEST_S
            if not stream.grab():
                return Trouble.ENDED, last_at
            now = self._monotonic()
            captured_at = pictures.captured_at(now)
            if captured_at is None:
                if now - max(given_at, began) > LATE_S:
                    return Trouble.LATE, last_at
                continue
            given_at = now
            if now >= due_at and (frame := self._frame(stream, captured_at)) is not None:
                due_at = (due_at if now - due_at < self._interval_s else now) + self._interval_s
                last_at = now
                self._quiet_at = now + QUIET_S
                self._give(frame)
        return Trouble.ENDED, last_at

    def _frame(self, stream: Stream, captured_at: float) -> Message | None:
        good, image = stream.retrieve()
        if not good or image is None or image.ndim != 3 or image.shape[2] != 3 or min(image.shape) < 2:
            return None
        pixels = planar(fitted(image, *self._most))
        height, width = pixels.shape[0] * 2 // 3, pixels.shape[1]
        return Message(FrameHead(0, int(captured_at * NS), width, height), pixels)

    def _trouble(self, trouble: Trouble) -> None:
        self._quiet_at = math.inf
        self._give(self._message(trouble))

    def _message(self, trouble: Trouble) -> Message:
        return Message(TroubleHead(0, int(self._monotonic() * NS), trouble))


class Pictures:
    """When the pictures of one opened stream were captured."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._times = StreamTime()
        self._freshness = Freshness(stream.get(cv2.CAP_PROP_FPS), 1)
        self._stamp_s = math.nan
        self._are_stamped = False

    def captured_at(self, now: float) -> float | None:
        """Of the picture grabbed last; None if it is old, or its age can't be known.

        In a stream without stamps the pace says so. Where there were some, one that goes back is nothing to go by.
        libav gives an H.264 picture when the next one begins, so each counts as one interval older than it came.
        """
        stamp_s, before = self._stream.get(cv2.CAP_PROP_POS_MSEC) / 1000, self._stamp_s
        if not math.isfinite(stamp_s):
            return None
        self._stamp_s = stamp_s if not stamp_s <= before else before
        self._are_stamped = self._are_stamped or stamp_s > before
        if stamp_s <= before or not self._are_stamped:
            return None if self._are_stamped else self._freshness.captured_at(now, 0.0)
        captured_at = self._times.captured_at(now, stamp_s)
        if captured_at is None:
            return None
        return self._freshness.captured_at(now, (captured_at - min(stamp_s - before, LONGEST_INTERVAL_S)) * 1000)


def fitted(image: NDArray[np.uint8], most_width: int, most_height: int) -> NDArray[np.uint8]:
    """The picture no larger than allowed, in its own proportions, its width and height even."""
    height, width = image.shape[:2]
    scale = min(1.0, most_width / width, most_height / height)
    even = max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)
    if even == (width, height):
        return image
    return cast("NDArray[np.uint8]", cv2.resize(image, even, interpolation=cv2.INTER_AREA))


def planar(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A BGR picture of even size as I420, uint8 [height x 3 / 2, width]."""
    return np.ascontiguousarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8)
