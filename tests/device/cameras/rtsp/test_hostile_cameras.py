"""Cameras that answer with anything: the relay goes on, small and silent about its address, and the door hears why."""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.records import Image
from tests.device.cameras.rtsp.children import relay_child
from tests.device.cameras.rtsp.media import H264, Media, MotionJpeg
from tests.device.cameras.rtsp.server import RtspServer, Wall
from tests.waiting import PATIENCE_S

MOST_MB = 200
OK = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n"
MANY_TRACKS = b"".join(b"m=video 0 RTP/AVP 96\r\na=control:%d\r\n" % number for number in range(3000))
ANSWERS: dict[str, Callable[[], Iterator[bytes]]] = {
    "bytes at random": lambda: (random.Random(number).randbytes(3000) for number in range(10_000)),
    "a head without end": lambda: (OK if number == 0 else b"X: " + b"a" * 60_000 + b"\r\n" for number in range(10_000)),
    "two gigabytes": lambda: (
        OK + b"Content-Length: 2147483647\r\n\r\n" if number == 0 else bytes(65_536) for number in range(10_000)
    ),
    "3,000 tracks": lambda: iter(
        [OK + b"\r\n", OK + b"Content-Length: %d\r\n\r\n" % len(MANY_TRACKS) + MANY_TRACKS, OK + b"\r\n"]
    ),
    "another address": lambda: iter(
        [OK.replace(b"200 OK", b"302 Moved") + b"Location: file:///etc/passwd\r\n\r\n"] * 9
    ),
    "nothing": lambda: iter([]),
}


class Answering:
    """A camera that sends one thing after the other to each client, and then nothing more."""

    def __init__(self, answers: Callable[[], Iterator[bytes]]) -> None:
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://door:hunter2@127.0.0.1:{self._listener.getsockname()[1]}/x"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self._listener.accept()[0],), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(PATIENCE_S)
            for answer in self._answers():
                client.sendall(answer)
            while client.recv(4096):
                """Until the relay has had enough."""


def resident_mb(process: int) -> float:
    (line,) = [one for one in Path(f"/proc/{process}/status").read_text().splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


@pytest.mark.slow(small="test_relay_outlives_a_damaged_stream")
@pytest.mark.parametrize("what", ANSWERS)
def test_relay_outlives_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    with (
        contextlib.closing(Answering(ANSWERS[what])) as camera,
        relay_child(tmp_path, camera.url, monkeypatch) as relay,
    ):
        relay.start()
        assert relay.says("lintel-rtsp@hall ")
        time.sleep(1.0)
        assert relay.running.poll() is None
        assert resident_mb(relay.running.pid) < MOST_MB
        assert relay.stop() == 0
        assert "hunter2" not in relay.output()


def damaged(kind: Callable[[], Media], seed: int) -> Callable[[], Media]:
    """A stream with up to eight wrong bytes in each picture, in its heads and its pixels."""
    chance = random.Random(seed)

    class Damaged:
        lines = kind().lines

        def __init__(self) -> None:
            self._media = kind()

        def packets(self, image: Image, captured_at: float, *, garbage: bool) -> bytes:
            sent = bytearray(self._media.packets(image, captured_at, garbage=garbage))
            for _ in range(chance.randrange(1, 9)):
                sent[chance.randrange(16, len(sent))] = chance.randrange(256)
            return bytes(sent)

    return Damaged


def test_relay_outlives_a_damaged_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outlives(MotionJpeg, tmp_path, monkeypatch)


@pytest.mark.slow(small="test_relay_outlives_a_damaged_stream")
def test_relay_outlives_a_damaged_stream_of_h264(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outlives(H264, tmp_path, monkeypatch)


def outlives(kind: Callable[[], Media], folder: Path, patch: pytest.MonkeyPatch) -> None:
    server = RtspServer(Wall(rate_fps=60.0).shows)
    server.media = damaged(kind, seed=5)
    with contextlib.closing(server), relay_child(folder, server.url(), patch) as relay:
        relay.start()
        assert relay.says("lintel-rtsp@hall ")
        time.sleep(0.3)
        assert relay.running.poll() is None
        assert resident_mb(relay.running.pid) < MOST_MB
