"""A CSI camera on a bench: its frames are handed over byte by byte, as through the pipe of its program."""

import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np

from device.cameras.child import Words
from device.cameras.csi import CsiSource
from device.cameras.files import with_noise
from device.cameras.live import LiveCamera
from device.errors import CameraError
from device.records import Image
from device.settings.tables import CameraSettings
from tests.device.cameras.benches import INTERVAL_S, HandClock, almost_the_same, forever, gray
from tests.waiting import PATIENCE_S

SETTINGS = CameraSettings(source="csi:0", width=192, height=120, rate=10)
GLANCE_S = 0.01


def picture(seed: int) -> Image:
    """A gray wall with a sensor's noise, in RGB."""
    wall = np.hstack([gray(120), gray(120)[:, :32]])
    return with_noise(wall, seed)


def i420(image: Image) -> bytes:
    """As rpicam-vid writes a picture with the codec yuv420: full range, half as many colors each way."""
    luma, red, blue = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb))
    half = (image.shape[1] // 2, image.shape[0] // 2)
    small = [cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (blue, red)]
    return b"".join(plane.tobytes() for plane in (luma, *small))


class HandedChild:
    """`Child` whose bytes the test hands over. Nothing is lost between two threads: each waits for the other."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._bytes, self._words = b"", b""
        self._waits = 0
        self.how = ""
        self.has_ended = self.was_closed = False

    def wait(self, timeout_s: float, *, hears: bool) -> tuple[bool, bool]:
        with self._changed:
            self._waits += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._bytes or self.has_ended or self._words, min(timeout_s, GLANCE_S))
            return bool(self._bytes) or self.has_ended, hears and bool(self._words)

    def read_into(self, view: memoryview) -> int:
        with self._changed:
            taken = self._bytes[: min(len(view), 65536)]
            view[: len(taken)] = taken
            self._bytes = self._bytes[len(taken) :]
            return len(taken)

    def said(self) -> bytes:
        with self._changed:
            taken, self._words = self._words, b""
            return taken

    def ended(self) -> str:
        return self.how

    def kill(self) -> None:
        self.ends("was ended by SIGKILL")

    def close(self) -> None:
        self.was_closed = True
        self.ends("was ended by SIGTERM")

    def hand(self, data: bytes) -> None:
        """Gives some bytes, and waits until all are taken and more is waited for."""
        with self._changed:
            self._bytes += data
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: not self._bytes or self.has_ended, PATIENCE_S)
            waits = self._waits
            assert self._changed.wait_for(lambda: self._waits > waits or self.has_ended, PATIENCE_S)

    def say(self, words: bytes) -> None:
        with self._changed:
            self._words += words

    def ends(self, how: str) -> None:
        with self._changed:
            self.how = self.how or how
            self.has_ended = True
            self._changed.notify_all()


class CsiBench:
    """A CSI camera with its thread, byte by byte."""

    wait_s = 0.0
    FAILS = ("ended", "missing", "hangs", "half", "torn", "repeats", "loops", "still")

    def __init__(self) -> None:
        self.clock = HandClock()
        self.opened = 0
        self.said: list[str] = []
        self._given = 0
        self._is_there = True
        self._frames = self._live()
        self.camera = LiveCamera(self._open, self.clock, name="The CSI camera 0", retry_s=(0.002,))

    def _open(self) -> CsiSource:
        if not self._is_there:
            raise CameraError("A CSI camera needs rpicam-vid, which isn't installed.", hint="Install it.")
        self.child = HandedChild()
        self.opened += 1
        return CsiSource(self.child, SETTINGS, self.clock, Words(self.said.append, self.clock))

    def now(self) -> float:
        return self.clock.now

    def passes(self, seconds: float) -> None:
        for _ in range(round(seconds / INTERVAL_S)):
            self.clock.now += INTERVAL_S
            self._until_begun()
            for data in self._frames:
                self.child.hand(data)
                break

    def fails(self, how: str) -> None:
        self._frames = self._failing(how)
        if how in ("ended", "missing"):
            self._is_there = False
            self.child.ends("ended with exit code 255")
            deadline = time.monotonic() + PATIENCE_S
            while not self.camera.trouble() and time.monotonic() < deadline:
                time.sleep(0.001)

    def works(self) -> None:
        """Its program begins again; one that was there went on with another frame."""
        self._frames = self._live()
        self.child.ends("was ended by the test")
        self._is_there = True
        self._until_begun()

    def _until_begun(self) -> None:
        """Until its program runs, if there is one."""
        deadline = time.monotonic() + PATIENCE_S
        while self._is_there and self.child.has_ended and time.monotonic() < deadline:
            time.sleep(0.001)

    def close(self) -> None:
        self._is_there = False
        self.camera.close()

    def _live(self) -> Iterator[bytes]:
        while True:
            self._given += 1
            yield i420(picture(self._given))

    def _failing(self, how: str) -> Iterator[bytes]:
        last, loop = picture(self._given), [picture(self._given - back) for back in range(8)]
        if how in ("half", "torn"):
            yield from self._torn() if how == "torn" else [self._half()]
        stuck = {"repeats": forever([last]), "loops": forever(loop), "still": almost_the_same(last)}
        yield from map(i420, stuck.get(how, ()))

    def _half(self) -> bytes:
        whole = i420(picture(self._given + 1))
        return whole[: len(whole) // 2]

    def _torn(self) -> Iterator[bytes]:
        """Half a frame, then whole ones; the same of each program that begins."""
        opened, live = 0, self._live()
        while True:
            begins, opened = opened != self.opened, self.opened
            yield self._half() if begins else next(live)
