"""The camera of a relay on a bench: the door's end as it is, and a relay that the test speaks for."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import cv2

from device.cameras.files import with_noise
from device.cameras.live import LiveCamera
from device.cameras.rtsp.pulling import planar
from device.cameras.rtsp.receiving import RelayedSource
from device.cameras.rtsp.wire import FrameHead, Trouble, TroubleHead, packed
from device.errors import CameraError
from device.records import Image
from device.settings.tables import CameraSettings
from tests.device.cameras.benches import INTERVAL_S, HandClock, almost_the_same, forever, gray
from tests.waiting import PATIENCE_S

SETTINGS = CameraSettings(source="rtsp:hall", width=160, height=120)
NS = 1_000_000_000
SILENT = ("gone", "trouble", "refused", "hangs", "future", "garbage")
"""Says at most one thing on each connection, which then ends."""


class StillClock(HandClock):
    """Only the test's time passes."""

    def sleep(self, seconds: float) -> None:
        """Nothing to wait for."""


class AskedSource(RelayedSource):
    """Says whenever it wants another message."""

    def __init__(self, connection: socket.socket, clock: HandClock, asked: threading.Semaphore) -> None:
        self._asked = asked
        super().__init__(connection, SETTINGS, clock)

    def _next_head(self) -> FrameHead:
        self._asked.release()
        return super()._next_head()


class RelayedBench:
    """A relay's camera with its thread, message by message."""

    wait_s = 0.0
    FAILS = ("gone", "trouble", "refused", "hangs", "repeats", "loops", "still", "late", "future", "garbage")

    def __init__(self) -> None:
        self.clock = StillClock()
        self._given = self._number = 0
        self._asked = threading.Semaphore(0)
        self._how = ""
        self._frames = self._live()
        self._relay = socket.socket(socket.AF_UNIX)
        self.camera = LiveCamera(self._open, self.clock, retry_s=(0.002,))

    def _open(self) -> AskedSource:
        """As the door connects: the relay sends what it has at once."""
        if self._how in ("gone", "closed"):
            raise CameraError("lintel-rtsp@hall isn't running.", hint="Start it.")
        self._relay.close()
        self._relay, door = socket.socketpair()
        with contextlib.suppress(OSError):
            self._relay.sendall(self._message())
        try:
            return AskedSource(door, self.clock, self._asked)
        except CameraError:
            door.close()
            raise

    def now(self) -> float:
        return self.clock.now

    def passes(self, seconds: float) -> None:
        for _ in range(round(seconds / INTERVAL_S)):
            self.clock.now += INTERVAL_S
            if self._how in SILENT:
                continue
            while self._asked.acquire(blocking=False):
                """What was asked for until now is forgotten."""
            with contextlib.suppress(OSError):
                self._relay.sendall(self._message())
            assert self._asked.acquire(timeout=PATIENCE_S)

    def fails(self, how: str) -> None:
        self._how = how
        last = with_noise(gray(120), self._given)
        loop = [with_noise(gray(120), self._given - back) for back in range(8)]
        faults: dict[str, Callable[[], Iterator[Image]]] = {
            "repeats": lambda: forever([last]),
            "loops": lambda: forever(loop),
            "still": lambda: almost_the_same(last),
        }
        self._frames = faults.get(how, self._live)()
        if how in SILENT and how != "gone":
            self._relay.sendall(self._message())
        if how == "gone":
            self._relay.close()

    def works(self) -> None:
        self._how = ""
        self._frames = self._live()

    def close(self) -> None:
        self._how = "closed"
        self._relay.close()
        self.camera.close()

    def _message(self) -> bytes:
        self._number += 1
        if self._how in ("trouble", "refused"):
            trouble = Trouble.ENDED if self._how == "trouble" else Trouble.REFUSED
            return packed(TroubleHead(self._number, 1, trouble))
        if self._how == "hangs":
            return b""
        if self._how == "garbage":
            return bytes([self._number % 256]) * 4096
        captured_at = self.clock.now + {"late": -2.0, "future": 2.0}.get(self._how, 0.0)
        pixels = planar(cv2.cvtColor(next(self._frames), cv2.COLOR_RGB2BGR))  # type: ignore[arg-type]
        return packed(FrameHead(self._number, int(captured_at * NS), 160, 120)) + pixels.tobytes()

    def _live(self) -> Iterator[Image]:
        while True:
            self._given += 1
            yield with_noise(gray(120), self._given)
