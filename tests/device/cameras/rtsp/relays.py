"""Relays as a test makes them: honest, odd and hostile."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.cameras.rtsp.receiving import RelayedSource, open_relayed
from device.cameras.rtsp.wire import FrameHead, Trouble, TroubleHead, packed
from device.clock import SystemClock
from device.settings import cameras as camera_settings
from device.settings.tables import CameraSettings
from tests.waiting import PATIENCE_S

WIDTH, HEIGHT = 32, 16
SIZE = 768
NS = 1_000_000_000
SETTINGS = CameraSettings(name="hall", source="rtsp:hall", width=160, height=120)


def relay_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the relay `hall`, in place of the one below /run."""
    monkeypatch.setattr(camera_settings, "RELAYS_DIR", tmp_path)
    folder = tmp_path / "hall"
    folder.mkdir(mode=0o750)
    return folder


def head(number: int, captured_at: float, *, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    return packed(FrameHead(number, int(captured_at * NS), width, height))


def frame(number: int, captured_at: float, level: int = 100) -> bytes:
    return head(number, captured_at) + bytes([level]) * SIZE


def trouble(number: int, what: Trouble) -> bytes:
    return packed(TroubleHead(number, 1, what))


class HandedRelay:
    """A relay that sends what the test says, and the door's end of its connection."""

    def __init__(self, *first: bytes, settings: CameraSettings = SETTINGS) -> None:
        """`first` is on its way already when the door begins to read."""
        self.clock = SystemClock()
        self.peer, door = socket.socketpair()
        for message in first:
            self.peer.sendall(message)
        try:
            self.source = RelayedSource(door, settings, self.clock)
        except BaseException:
            door.close()
            self.peer.close()
            raise

    def close(self) -> None:
        """Ends both."""
        self.peer.close()
        self.source.close()


@contextlib.contextmanager
def relay(*first: bytes, settings: CameraSettings = SETTINGS) -> Iterator[HandedRelay]:
    """One that has sent a fresh frame before all else."""
    with contextlib.closing(HandedRelay(frame(1, time.monotonic()), *first, settings=settings)) as handed:
        handed.source.take()
        yield handed


@contextlib.contextmanager
def flooding(connection: socket.socket, of: bytes) -> Iterator[None]:
    """Sends it again and again until the connection is closed."""

    def flood() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(of)

    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    yield
    connection.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE_S)


@contextlib.contextmanager
def listening(path: Path, *, backlog: int = 4) -> Iterator[socket.socket]:
    """A socket at a path, of any program."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        listener.listen(backlog)
        yield listener


def opened() -> RelayedSource:
    """As the door opens the relay `hall`."""
    return open_relayed(SETTINGS, SystemClock())
