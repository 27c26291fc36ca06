"""Stands in for `cv2.VideoCapture` of a V4L2 device: a camera that shows a picture, and fails as the rig says.

The device is a file, and `DEVICE.json` beside it says what the camera does, so that it can change at any moment:

    scenes   [[since, picture], ...]: what stands before the lens from when on, seconds on CLOCK_MONOTONIC
    mode     live; frozen (one buffer, bit for bit); loop (the last `loop` frames over and over); still (its last
             frame, but for one bit of one pixel); hang (read never returns); error (read raises);
             dead (read gives nothing); hang-open (opening never returns); late (`late_s` seconds behind)
    fps      frames a second
    noise    standard deviation of the sensor's noise, 8-bit steps
    turned   by how many degrees clockwise what is before it appears in its pictures: 0, 90, 180 or 270
    gain     what the light makes of the picture, 1 by day
    stamps   whether the driver says when a frame was captured
    hiccups  of so many frames one is empty; 0 for none
    jpeg     quality of the motion JPEG that it gives, 0 for frames that OpenCV decodes
    repeat   how many times each frame is given, as webcams do in the dark

As with V4L2, the oldest QUEUE frames wait for a reader that is late, each with the time stamp of its capture.
"""

import json
import time
from collections import deque
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

QUEUE = 4
DEFAULTS: dict[str, Any] = {
    "mode": "live",
    "fps": 15.0,
    "noise": 2.0,
    "repeat": 1,
    "jpeg": 0,
    "loop": 8,
    "late_s": 0.0,
    "turned": 0,
    "gain": 1.0,
    "stamps": True,
    "hiccups": 0,
    "scenes": [],
}
LOOK_S = 0.005
Pixels = NDArray[np.uint8]


class Capture:
    """One opened camera."""

    def __init__(self, device: Path) -> None:
        self._control = device.with_name(f"{device.name}.json")
        self._size = (640, 480)
        self._random = np.random.default_rng(time.monotonic_ns())  # no two openings give the same frames
        self._noise: tuple[float, NDArray[np.int16]] | None = None
        self._pictures: dict[tuple[str, int], NDArray[np.int16]] = {}
        self._given: deque[Pixels] = deque(maxlen=64)
        self._loop: list[Pixels] = []
        self._waiting: deque[float] = deque()
        self._stamp = self._next = time.monotonic()
        self._count = self._drawn = 0
        self._opened = device.exists()
        self._as_it_comes = False
        while self._opened and self._said()["mode"] == "hang-open":
            time.sleep(LOOK_S)

    def isOpened(self) -> bool:  # noqa: N802 - as OpenCV calls it
        return self._opened and self._said()["mode"] != "dead"

    def set(self, what: int, value: float) -> bool:
        width, height = self._size
        if what == cv2.CAP_PROP_FRAME_WIDTH:
            self._size = (int(value), height)
        elif what == cv2.CAP_PROP_FRAME_HEIGHT:
            self._size = (width, int(value))
        elif what == cv2.CAP_PROP_CONVERT_RGB:
            self._as_it_comes = not value and bool(self._said()["jpeg"])
            return bool(value) or self._as_it_comes
        return True

    def get(self, what: int) -> float:
        values = {
            cv2.CAP_PROP_POS_MSEC: self._stamp * 1000 if self._said()["stamps"] else 0.0,
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"MJPG")) if self._said()["jpeg"] else 0.0,
            cv2.CAP_PROP_FRAME_WIDTH: float(self._size[0]),
            cv2.CAP_PROP_FRAME_HEIGHT: float(self._size[1]),
            cv2.CAP_PROP_FPS: float(self._said()["fps"]),
            cv2.CAP_PROP_BACKEND: float(cv2.CAP_V4L2),
        }
        return values.get(what, 0.0)

    def getBackendName(self) -> str:  # noqa: N802 - as OpenCV calls it
        return "V4L2"

    def grab(self) -> bool:
        """Waits for the next frame; whether there is one."""
        while (said := self._said())["mode"] == "hang":
            time.sleep(LOOK_S)
        if said["mode"] == "error":
            raise cv2.error("the driver says no")
        if said["mode"] == "dead" or not self._opened:
            return False
        self._wait(said)
        return True

    def retrieve(self, image: Any = None) -> tuple[bool, Pixels | None]:  # noqa: ARG002 - as OpenCV's
        good, frame = self._retrieved()
        if not self._as_it_comes or frame is None or frame.size == 0:
            return good, frame
        _, encoded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, int(self._said()["jpeg"])])
        return good, encoded.reshape(1, -1)

    def _retrieved(self) -> tuple[bool, Pixels | None]:
        said = self._said()
        self._count += 1
        if said["mode"] in ("frozen", "loop") and self._given:
            return True, self._again(1 if said["mode"] == "frozen" else int(said["loop"]))
        self._loop = []
        if said["hiccups"] and self._count % int(said["hiccups"]) == 0:
            return True, np.empty((0, 0, 3), np.uint8)
        if self._given and self._count % int(said["repeat"]):
            return True, self._given[-1].copy()
        frame = self._frame(said)
        self._given.append(frame)
        return True, frame.copy()

    def read(self, image: Any = None) -> tuple[bool, Pixels | None]:
        return self.retrieve(image) if self.grab() else (False, None)

    def release(self) -> None:
        self._opened = False

    def _wait(self, said: dict[str, Any]) -> None:
        """Until the driver has a frame. Whoever comes late finds the oldest few, stamped when they were captured."""
        period = 1 / said["fps"]
        self._capture(period)
        while not self._waiting:
            time.sleep(max(0.0, self._next - time.monotonic()))
            self._capture(period)
        self._stamp = self._waiting.popleft() - (said["late_s"] if said["mode"] == "late" else 0.0)

    def _capture(self, period: float) -> None:
        """What the driver has done since it was looked at: with all its buffers full, it drops the newest frames."""
        now = time.monotonic()
        while self._next <= now:
            if len(self._waiting) < QUEUE:
                self._waiting.append(self._next)
            self._next += period

    def _again(self, length: int) -> Pixels:
        if len(self._loop) != length:
            self._loop = list(self._given)[-length:]
        return self._loop[self._count % len(self._loop)].copy()

    def _frame(self, said: dict[str, Any]) -> Pixels:
        shown = [picture for since, picture in said["scenes"] if since <= self._stamp]
        if said["mode"] == "still" and self._given:
            still = self._given[-1].copy()
            still[0, 0, 0] ^= 1
            return still
        base = self._picture(shown[-1] if shown else "", int(said["turned"]))
        lit = base * said["gain"] + self._some_noise(said["noise"])
        return np.asarray(np.clip(lit, 0, 255), np.uint8)

    def _some_noise(self, deviation: float) -> NDArray[np.int16]:
        """A window of a larger field, another one for 4,096 frames: drawing half a million numbers takes too long."""
        width, height = self._size
        if self._noise is None or self._noise[0] != deviation:
            field = self._random.normal(0, deviation, (height + 64, width + 64, 3))
            self._noise = (deviation, np.rint(field).astype(np.int16))
        self._drawn += 1
        y, x = divmod(self._drawn * 1597 % 4096, 64)
        return self._noise[1][y : y + height, x : x + width]

    def _picture(self, name: str, turned: int) -> NDArray[np.int16]:
        """The picture as high as the frame, in the middle of a gray one."""
        if (name, turned) not in self._pictures:
            width, height = self._size
            frame = np.full((height, width, 3), 96, np.int16)
            picture = cv2.imread(name) if name else None
            if picture is not None:
                picture = np.rot90(picture, -turned // 90)
                scale = min(height / picture.shape[0], width / picture.shape[1])
                picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                y, x = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
                frame[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
            self._pictures[name, turned] = frame
        return self._pictures[name, turned]

    def _said(self) -> dict[str, Any]:
        """What the camera does now. The rig replaces the file whole."""
        return {**DEFAULTS, **json.loads(self._control.read_text())}
