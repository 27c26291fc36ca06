"""The real `lintel rtsp` as a child, with its credential, its folder and what it prints."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.cameras.live import LiveCamera
from device.cameras.rtsp.receiving import RelayedSource, open_relayed
from device.cameras.sources import open_live_camera
from device.clock import SystemClock
from device.errors import CameraError
from device.settings import cameras as camera_settings
from device.settings.tables import CameraSettings
from tests.waiting import PATIENCE_S

SETTINGS = CameraSettings(source="rtsp:hall", width=320, height=240)
RUN = """
import sys
from pathlib import Path
from device.settings import cameras
cameras.RELAYS_DIR = Path(sys.argv.pop(1))
from device.cli.main import main
main()
"""


class RelayChild:
    """`lintel rtsp hall`, started again where a test ends it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.relays, self.credentials = folder / "relays", folder / "credentials"
        (self.relays / "hall").mkdir(mode=0o750, parents=True)
        self.credentials.mkdir(mode=0o700)
        self.settings = folder / "lintel.toml"
        self.settings.write_text('[[cameras]]\nsource = "rtsp:hall"\nwidth = 320\nheight = 240\n')
        self.printed = folder / "printed"
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.bind(str(folder / "notify"))
        self._notified.settimeout(PATIENCE_S)
        self.gives(url)
        self.process: subprocess.Popen[bytes] | None = None

    def gives(self, url: str) -> None:
        """What the credential is from the next start on."""
        (self.credentials / "address").write_text(f"{url}\n")

    def start(self, *, name: str = "hall") -> "RelayChild":
        """As the unit does."""
        environment = {
            **os.environ,
            "LINTEL_CONFIG": str(self.settings),
            "CREDENTIALS_DIRECTORY": str(self.credentials),
            "NOTIFY_SOCKET": str(self._notified.getsockname()),
        }
        with self.printed.open("ab") as printed:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN, self.relays, "rtsp", name],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )
        return self

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        """The process that was started last."""
        assert self.process is not None
        return self.process

    def output(self) -> str:
        """All that it printed."""
        return self.printed.read_text() if self.printed.exists() else ""

    def notifies(self, count: int) -> list[str]:
        """The next messages to its service manager."""
        return [self._notified.recv(256).decode() for _ in range(count)]

    def says(self, words: str, within_s: float = PATIENCE_S) -> bool:
        """Whether it prints this soon enough."""
        return until(lambda: words in self.output(), within_s)

    def end(self) -> None:
        """Whatever state it is in."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self._notified.close()

    def stop(self) -> int:
        """Ends it as the unit does: its exit code."""
        self.running.send_signal(signal.SIGCONT)
        self.running.terminate()
        try:
            return self.running.wait(PATIENCE_S)
        finally:
            self.running.kill()
            self.running.wait()


def until(is_so: Callable[[], object], within_s: float = PATIENCE_S) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.02)
    return False


@contextlib.contextmanager
def relay_child(folder: Path, url: str, patch: pytest.MonkeyPatch) -> Iterator[RelayChild]:
    """One that is started by the test, and ended after it."""
    child = RelayChild(folder, url)
    patch.setattr(camera_settings, "RELAYS_DIR", child.relays)
    try:
        yield child
    finally:
        child.end()


def opened(within_s: float = PATIENCE_S) -> RelayedSource:
    """The door's end, once there are frames. Raises the last `CameraError` if there are none in time."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            return open_relayed(SETTINGS, SystemClock())
        except CameraError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextlib.contextmanager
def door_camera() -> Iterator[LiveCamera]:
    """As the service has it, once it is well."""
    camera = open_live_camera(SETTINGS, SystemClock(), in_background=True)
    assert isinstance(camera, LiveCamera)
    with contextlib.closing(camera):
        assert until(lambda: frame_of(camera)), camera.trouble()
        yield camera


def frame_of(camera: LiveCamera) -> bool:
    """Whether it gives a frame now."""
    with contextlib.suppress(CameraError):
        return camera.read(0.2) is not None
    return False


def trouble_of(camera: LiveCamera, within_s: float = PATIENCE_S) -> tuple[str, float]:
    """What it says is wrong, and after how many seconds."""
    began = time.monotonic()
    until(camera.trouble, within_s)
    return camera.trouble(), time.monotonic() - began
