"""A real Mosquitto on the loopback, at a port of its own: Debian's package, started, killed and started again."""

import contextlib
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.waiting import until

PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
NEEDS_MOSQUITTO = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed: sudo apt install mosquitto")


@dataclass(slots=True)
class Mosquitto:
    """A broker that keeps what is retained over `kill`, as its packaged settings do over a restart."""

    folder: Path
    lines: tuple[str, ...] = ("allow_anonymous true",)
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        """Listens at the same port as before, or at a free one."""
        assert PROGRAM is not None
        self.port = self.port or free_port()
        settings = self.folder / "mosquitto.conf"
        keeps = ("persistence true", f"persistence_location {self.folder}/", "autosave_interval 1")
        user = ("user root",)
        settings.write_text("\n".join((f"listener {self.port} 127.0.0.1", *user, *keeps, *self.lines)) + "\n")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen([PROGRAM, "-c", str(settings)], stdout=log, stderr=log)
        until(self.listens)

    def listens(self) -> bool:
        """Whether it takes connections."""
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "mosquitto.log").read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def kill(self) -> None:
        """Ends it at once, as a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends it in order; harmless when it does not run."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait()
            self.process = None


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[Mosquitto]:
    """A broker that runs, with these lines in its settings."""
    broker = Mosquitto(folder, lines or ("allow_anonymous true",))
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
