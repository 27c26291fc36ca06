"""A live camera: a thread keeps the driver's queue empty and only the newest frame, which is decoded when it is read.

The thread opens the source and opens it again; it asks `Freshness` when each frame was captured and `FrameHealth`
whether it is evidence. Whatever hangs, hangs in that thread: `trouble` and `close` don't wait for it. Most frames that
nobody reads are only fingerprinted; a few a second are decoded for the sensor's noise.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from device.cameras.freshness import Freshness
from device.cameras.health import FrameHealth
from device.cameras.source import Raw, Source
from device.errors import CameraError
from device.failures import in_words
from device.ports import Clock
from device.records import Frame, Image

CHECK_HINT = (
    "Check the cable, and `source` under [[cameras]] in the settings; `v4l2-ctl --list-devices` and "
    "`rpicam-hello --list-cameras` show what is connected."
)
RETRY_S = (0.5, 1.0, 2.0, 5.0)
"""Pauses between attempts to open a lost camera again; the last one repeats."""

GOOD_RUN_S = 5.0
"""A source that gave new frames for this long is opened again without delay; others ever less often."""

CLOSE_S = 2.0
"""How long closing waits for a driver that hangs."""

STUCK_S = 10.0
"""A camera without a new frame for this long is opened again, which ends many a driver's stall."""

READ_S = 2.0
"""A camera that was read within this time is looked through, and not glanced at."""

MOST_DAMAGED = 10
"""Frames without pixels in a row after which the device is opened again."""


@dataclass(slots=True)
class _Held:
    """A fresh frame that nobody has read yet."""

    source: Source
    raw: Raw
    captured_at: float
    image: Image | None = None
    """Its pixels, once it was decoded and found alive."""
    was_judged: bool = False
    """Whether it was decoded: a picture that is compared with itself has no noise."""


RATED, RATE_S = 30, 2.0
"""Frames that a rate is taken of, and from which silence on it is 0, seconds."""


class LiveCamera:
    """`Camera` that never gives an old or repeated frame. Thread-safe."""

    def __init__(
        self,
        open_source: Callable[[], Source],
        clock: Clock,
        *,
        name: str = "The camera",
        retry_s: Sequence[float] = RETRY_S,
        in_background: bool = False,
    ) -> None:
        """Opens the source, `in_background` in its thread; otherwise raises `CameraError` if it is missing.

        `name` is how sentences about the camera begin.
        """
        self._open_source = open_source
        self._clock = clock
        self._name = name
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._newest: _Held | None = None
        self._fault = ""
        self._hint = CHECK_HINT
        self._undecodable = 0
        self._read_at = -math.inf
        self._came_at: float | None = None
        self._came = deque[float](maxlen=RATED)
        self._decoding = threading.Lock()
        self._source = None if in_background else open_source()
        self._health = FrameHealth(clock.monotonic())
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def read(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet given; None if none came in time. Raises `CameraError` while in trouble."""
        self._read_at = self._clock.monotonic()
        with self._changed:
            self._changed.wait_for(lambda: self._newest or self._fault, timeout_s)
            held, self._newest = self._newest, None
            if held is None and (trouble := self._trouble()):
                raise CameraError(trouble, hint=self._hint)
        return self._frame_of(held)

    def glance(self) -> Frame | None:
        """The newest frame, which stays for the next reader; None while the camera is read or in trouble."""
        with self._changed:
            is_read = self._clock.monotonic() - self._read_at < READ_S
            held = None if is_read or self._trouble() else self._newest
        return self._frame_of(held)

    def frame_age(self) -> float | None:
        """How long ago the newest frame came that is evidence, seconds; None before the first one. Doesn't wait."""
        with self._changed:
            came_at = self._came_at
        return None if came_at is None else max(0.0, self._clock.monotonic() - came_at)

    def rate_fps(self) -> float:
        """Fresh frames a second, of the newest `RATED`; 0 while none come. Doesn't wait."""
        with self._changed:
            came = tuple(self._came)
        if len(came) < 2 or self._clock.monotonic() - came[-1] > RATE_S:
            return 0.0
        return (len(came) - 1) / max(came[-1] - came[0], 1e-3)

    def trouble(self) -> str:
        """What is wrong, one sentence, within 2 s of its beginning; "" while fresh frames come. Doesn't wait."""
        with self._changed:
            return self._trouble()

    def absence(self) -> str:
        """Why it can't be opened or read; "" while it gives pictures, whatever they show."""
        with self._changed:
            return self._fault

    def close(self) -> None:
        """Stops the thread; a driver that hangs is left behind, as nothing can wake it."""
        self._closing.set()
        if (source := self._source) is not None:
            source.interrupt()
        self._thread.join(timeout=CLOSE_S)

    def _trouble(self) -> str:
        unhealthy = self._health.trouble(self._clock.monotonic())
        return self._fault or (unhealthy and f"{self._name} {unhealthy}.")

    def _run(self) -> None:
        attempt = 0
        while not self._closing.is_set():
            source = self._source = self._source or self._opened()
            if source is not None and self._pass_on_frames(source):
                attempt = 0
            self._source = None
            self._closing.wait(self._retry_s[min(attempt, len(self._retry_s) - 1)])
            attempt += 1

    def _pass_on_frames(self, source: Source) -> bool:
        """Until the source gives no more, or fails in a driver's own way: whatever happens, it is opened again.

        Whether it worked for a while.
        """
        opened_at = self._clock.monotonic()
        last_at = opened_at
        try:
            for held in self._frames(source):
                last_at = self._clock.monotonic() if self._offer(held) else last_at
            fault = self.trouble() or f"{self._name} stopped delivering frames."
        except CameraError as error:
            fault, self._hint = error.message, error.hint
        except Exception as error:  # the thread must not die of what a driver comes up with
            fault = f"{self._name} stopped delivering frames: {in_words(error)}."
        with suppress(Exception):  # as above: a device that is gone cannot always be let go
            source.close()
        self._fail(fault)
        return last_at - opened_at >= GOOD_RUN_S

    def _frames(self, source: Source) -> Iterator[_Held]:
        """Each fresh frame, until the source gives none, several damaged ones in a row, or none that is new."""
        freshness = Freshness(source.rate_fps, source.buffers)
        empty, opened_at = 0, self._clock.monotonic()
        self._undecodable = 0
        while not self._closing.is_set() and not self._is_stuck(opened_at):
            raw = source.take()
            if raw is None:
                return
            captured_at = freshness.captured_at(self._clock.monotonic(), raw.stamp_ms)
            empty = 0 if raw.data.size else empty + 1
            if max(empty, self._undecodable) >= MOST_DAMAGED:
                return
            if raw.data.size and captured_at is None:
                self._remember(raw)
            elif raw.data.size and captured_at is not None:
                yield _Held(source, raw, captured_at)

    def _remember(self, raw: Raw) -> None:
        """A frame that is not fresh: not new either if it comes again."""
        with self._changed:
            self._health.is_repeat(raw.data)

    def _is_stuck(self, opened_at: float) -> bool:
        return self._clock.monotonic() - max(opened_at, self._health.new_at) > STUCK_S

    def _opened(self) -> Source | None:
        try:
            return self._open_source()
        except CameraError as error:
            self._hint = error.hint
            self._fail(error.message)
        except Exception as error:  # as above
            self._fail(f"{self._name} can't be opened: {in_words(error)}.")
        return None

    def _offer(self, held: _Held) -> bool:
        """Passes a frame on if it is evidence as far as that is known without decoding it; whether it is.

        It is decoded here if its pixels have not been looked at for a while.
        """
        with self._changed:
            now = self._clock.monotonic()
            is_new = self._health.came(held.raw.data, now)
            is_due = self._health.wants_a_look(now)
        if not is_new or (is_due and not self._is_alive(held)):
            return False
        with self._changed:
            self._newest, self._fault, self._came_at = held, "", held.captured_at
            self._came.append(now)
            self._changed.notify_all()
        return True

    def _is_alive(self, held: _Held) -> bool:
        """Decodes a frame, once; whether it is a picture with its sensor's noise."""
        with self._decoding:
            if not held.was_judged:
                held.was_judged = True
                image = _decoded(held)
                with self._changed:
                    self._undecodable = 0 if image is not None else self._undecodable + 1
                    is_alive = self._health.looked(image, self._clock.monotonic())
                held.image = image if is_alive else None
        return held.image is not None

    def _frame_of(self, held: _Held | None) -> Frame | None:
        if held is None or not self._is_alive(held) or held.image is None:
            return None
        return Frame(held.image, held.captured_at)

    def _fail(self, fault: str) -> None:
        with self._changed:
            self._newest, self._fault = None, fault
            self._changed.notify_all()


def _decoded(held: _Held) -> Image | None:
    try:
        image = held.source.decoded(held.raw)
    except Exception:  # whatever a library comes up with, it is a frame without a picture
        return None
    return image if image is not None and _has_pixels(image) else None


def _has_pixels(image: Image) -> bool:
    return bool(image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size > 0)
