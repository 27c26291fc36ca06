"""The rig's camera behind a network: an RTSP server on the loopback shows it, and the real `lintel rtsp` relays it."""

import contextlib
import importlib.util
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from device.records import Image
from tests.device.cameras.rtsp.server import RtspServer, Shows
from tests.rig.rig import SHIM, Rig
from tests.rig.unit import LINTEL

SOURCE = "rtsp:hall"
USER, PASSWORD = "door", "hunter2"


class NetworkCamera:
    """Server and relay. What the camera does comes from the rig's control file."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._device = rig.camera.device
        self._shim = _shim()
        self.server = self._served()
        self.credentials = rig.folder / "credentials"
        self.credentials.mkdir(mode=0o700)
        (rig.folder / "relays" / "hall").mkdir(mode=0o750, parents=True)
        self.printed = rig.folder / "relay.out"
        self.relay: subprocess.Popen[bytes] | None = None
        self.logs_in(PASSWORD)

    def logs_in(self, password: str, *, prefix: Sequence[str] = ()) -> None:
        """The credential, and a relay that begins with it. `prefix` is a command that runs the relay's."""
        self.stop_relay()
        (self.credentials / "address").write_text(self.server.url(USER, password))
        with self.printed.open("ab") as printed:
            self.relay = subprocess.Popen(
                [*prefix, LINTEL, "rtsp", "hall"],
                env={**self._rig.environment, "CREDENTIALS_DIRECTORY": str(self.credentials)},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )

    def signal(self, number: int) -> float:
        """To the relay. When, seconds on CLOCK_MONOTONIC."""
        assert self.relay is not None
        at = time.monotonic()
        self.relay.send_signal(number)
        return at

    def stop_relay(self) -> None:
        """For good, or until it logs in."""
        if self.relay is not None:
            self.relay.kill()
            self.relay.wait()

    def restart_server(self, down_s: float) -> float:
        """The camera is switched off and on. When it went, seconds on CLOCK_MONOTONIC."""
        at, port = time.monotonic(), self.server.port
        self.server.close()
        time.sleep(down_s)
        self.server = self._served(port)
        return at

    def close(self) -> None:
        """Ends both."""
        self.stop_relay()
        self._rig.camera.does("live")  # no thread of the server waits for a camera that hangs
        self.server.close()

    def _served(self, port: int = 0) -> RtspServer:
        return RtspServer(self._shows, user=USER, password=PASSWORD, port=port)

    def _shows(self) -> Shows:
        capture = self._shim.Capture(self._device)

        def show() -> tuple[Image, float]:
            good, image = capture.read()
            if not good or image is None or not image.size:
                raise OSError("the camera shows nothing")
            return image, capture.get(0) / 1000

        return show


@contextlib.contextmanager
def behind_network(rig: Rig) -> Iterator[NetworkCamera]:
    """The rig's camera, for as long as this lasts."""
    with contextlib.closing(NetworkCamera(rig)) as camera:
        yield camera


def _shim() -> ModuleType:
    """`shim/rig_camera.py`, without the rest of its folder on the path."""
    spec = importlib.util.spec_from_file_location("rig_camera", Path(SHIM) / "rig_camera.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
