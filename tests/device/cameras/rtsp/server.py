"""A network camera on this machine: RTSP with RTP over the same TCP connection (RFC 2326).

It serves one stream to each client that asks, with digest authentication (RFC 7616, MD5) where it has a password. What
it shows comes from a function, and it fails as the test says: see `Fault`.
"""

import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import numpy as np

from device.records import Image
from tests.device.cameras.rtsp.media import Media, MotionJpeg
from tests.waiting import PATIENCE_S

Fault = Literal["", "stall", "hold", "garbage", "noise", "silent", "late"]
"""stall: no more packets; hold: what is captured meanwhile waits, as in a network that is cut; garbage: pictures that
can't be decoded; noise: bytes that are not RTP; silent: requests are not answered; late: as `hold`, by `late_s`.
"""
NONCE, REALM = "5ccc069c403ebaf9f0171e9517f40e41", "camera"
Shows = Callable[[], tuple[Image, float]]
"""Waits for the next picture, BGR; with when it was captured, seconds on CLOCK_MONOTONIC."""


class RtspServer:
    """Listens on a free port of the loopback until it is closed. `shows` is called by a thread for each client."""

    media: Callable[[], Media] = MotionJpeg

    def __init__(self, shows: Callable[[], Shows], *, user: str = "", password: str = "", port: int = 0) -> None:
        self.fault: Fault = ""
        self.late_s = 2.0
        self.requests: list[str] = []
        """Request lines and the like, as they came."""
        self._shows = shows
        self._user, self._password = user, password
        self._clients: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        self._begin(self._accept)

    def url(self, user: str = "", password: str = "") -> str:
        """Where it is, with these credentials or its own."""
        credentials = f"{user or self._user}:{password or self._password}@" if user or self._user else ""
        return f"rtsp://{credentials}127.0.0.1:{self.port}/stream"

    def hang_up(self) -> None:
        """Ends the connections that are there."""
        for client in list(self._clients):
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stops listening and hangs up; harmless when repeated."""
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            self._begin(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError, ValueError):
            while request := _request(client):
                self.requests.append(request)
                if self.fault == "silent":
                    self._closing.wait(PATIENCE_S)
                self._answer(client, request)
        self._clients.remove(client)

    def _answer(self, client: socket.socket, request: str) -> None:
        method, url = request.split()[:2]
        number = _header(request, "CSeq")
        if method != "OPTIONS" and self._password and not self._is_known(request, method):
            asked = f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}"'
            client.sendall(f"RTSP/1.0 401 Unauthorized\r\nCSeq: {number}\r\n{asked}\r\n\r\n".encode())
            return
        lines, body = _reply(method, url, self.media().lines)
        head = "\r\n".join(["RTSP/1.0 200 OK", f"CSeq: {number}", *lines, f"Content-Length: {len(body)}"])
        client.sendall(f"{head}\r\n\r\n{body}".encode())
        if method == "PLAY":
            self._begin(self._play, client)

    def _is_known(self, request: str, method: str) -> bool:
        said = _header(request, "Authorization")
        uri = said.partition('uri="')[2].partition('"')[0]
        secret = _md5(f"{self._user}:{REALM}:{self._password}")
        wanted = _md5(f"{secret}:{NONCE}:{_md5(f'{method}:{uri}')}")
        return f'username="{self._user}"' in said and f'response="{wanted}"' in said

    def _play(self, client: socket.socket) -> None:
        """Sends each picture when it is captured, in packets of one size."""
        shows, media = self._shows(), self.media()
        waiting: list[bytes] = []
        with suppress(OSError):
            while not self._closing.is_set() and client.fileno() >= 0:
                image, captured_at = shows()
                fault = self.fault
                if fault in ("stall", "silent"):
                    continue
                if fault == "noise":
                    client.sendall(bytes(np.random.default_rng().integers(0, 256, 4096, np.uint8)))
                    continue
                waiting.append(media.packets(image, captured_at, garbage=fault == "garbage"))
                while waiting and fault != "hold" and (fault != "late" or len(waiting) > self.late_s * 15):
                    client.sendall(waiting.pop(0))


def _request(client: socket.socket) -> str:
    """The next one, without its body; "" at the end. What is interleaved, as RTCP is, is left out."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = client.recv(1)
        if not more:
            return ""
        if not received and more == b"$":
            _, length = struct.unpack(">BH", client.recv(3, socket.MSG_WAITALL))
            client.recv(length, socket.MSG_WAITALL)
        else:
            received += more
    return received.decode(errors="replace").strip()


def _reply(method: str, url: str, media: tuple[str, ...]) -> tuple[list[str], str]:
    """Lines of the head, and a body."""
    if method == "OPTIONS":
        return ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"], ""
    if method == "DESCRIBE":
        described = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=camera", "t=0 0", "c=IN IP4 0.0.0.0", *media, ""]
        return [f"Content-Base: {url}/", "Content-Type: application/sdp"], "\r\n".join(described)
    if method == "SETUP":
        return ["Session: 12345678", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"], ""
    return ["Session: 12345678"], ""


def _header(request: str, name: str) -> str:
    for line in request.splitlines():
        if line.lower().startswith(f"{name.lower()}:"):
            return line.partition(":")[2].strip()
    return ""


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


class Wall:
    """A gray wall through a sensor with its noise."""

    def __init__(self, rate_fps: float = 15.0, size: tuple[int, int] = (320, 240)) -> None:
        self.level = 120
        """How bright it is now."""
        self._interval_s = 1 / rate_fps
        self._shape = (size[1], size[0], 3)

    def shows(self) -> Shows:
        """For one client."""
        random, due = np.random.default_rng(), time.monotonic()

        def show() -> tuple[Image, float]:
            nonlocal due
            due = max(due + self._interval_s, time.monotonic() - 1.0)
            time.sleep(max(0.0, due - time.monotonic()))
            return np.clip(random.normal(self.level, 4, self._shape), 0, 255).astype(np.uint8), due

        return show
