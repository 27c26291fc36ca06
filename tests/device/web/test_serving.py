"""A page's server: on loopback, with an end to slow and many connections, and a quick end of its own."""

import os
import re
import signal
import socket
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.sync.client import connect

from device.errors import ConfigError
from device.web import serving
from device.web.serving import Page, PageServer, opened_browser
from tests.waiting import PATIENCE_S, until


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def listen(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        pass


APP = Starlette(routes=[Route("/", hello), WebSocketRoute("/api/stream", listen)])


@contextmanager
def served() -> Iterator[PageServer]:
    with closing(PageServer(Page("Test", APP))) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def connection(server: PageServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.gate.port), timeout=PATIENCE_S)


def until_closed(connected: socket.socket) -> None:
    """Reads until the server has hung up."""
    with suppress(ConnectionResetError, BrokenPipeError):
        while connected.recv(65536):
            pass


def answer(server: PageServer) -> bytes:
    """What `/` is answered with; empty if the server hangs up."""
    with connection(server) as asking:
        asking.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.gate.port}\r\nConnection: close\r\n\r\n".encode())
        received = b""
        try:
            while part := asking.recv(65536):
                received += part
        except ConnectionResetError:
            return b""
        return received


def test_page_is_answered_on_loopback_alone() -> None:
    with served() as server:
        assert answer(server).endswith(b"hello")
        assert server._socket.getsockname()[0] == "127.0.0.1"


def test_address_has_its_token_in_the_fragment() -> None:
    with closing(PageServer(Page("Test", APP))) as server:
        address = urlparse(server.address)
    assert (address.hostname, address.port, address.query, address.path) == ("127.0.0.1", server.gate.port, "", "/")
    assert re.fullmatch(r"token=[\w-]{43}", address.fragment)


def test_every_server_has_a_token_of_its_own() -> None:
    with closing(PageServer(Page("Test", APP))) as one, closing(PageServer(Page("Test", APP))) as another:
        assert one.gate.token != another.gate.token


def test_taken_port_is_an_error_with_a_hint() -> None:
    with closing(PageServer(Page("Test", APP))) as server, pytest.raises(ConfigError) as refused:
        PageServer(Page("Test", APP), port=server.gate.port)
    assert str(server.gate.port) in refused.value.message
    assert "--port" in refused.value.hint


def test_slow_headers_are_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEADERS_S", 0.05)
    with served() as server, connection(server) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: ")
        until_closed(slow)


def test_slow_second_request_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEADERS_S", 0.2)
    with served() as server, connection(server) as slow:
        slow.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.gate.port}\r\n\r\nGET / HT".encode())
        slow.recv(65536)
        until_closed(slow)


def test_thousand_connections_leave_the_page_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond the limit are hung up on, and the idle ones after a while."""
    monkeypatch.setattr(serving, "HEADERS_S", 0.3)
    with served() as server, ExitStack() as stack:
        for _ in range(1000):
            with closing(connection(server)):
                pass
        for _ in range(100):
            stack.enter_context(connection(server))
        until(lambda: answer(server).endswith(b"hello"))


@pytest.mark.parametrize(
    "sent", [b"\0" * 100, b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"a" * 70_000, b"PRI * HTTP/2.0\r\n\r\n"]
)
def test_garbage_is_answered_by_hanging_up(sent: bytes) -> None:
    with served() as server:
        with connection(server) as garbage:
            garbage.sendall(sent)
            until_closed(garbage)
        assert answer(server).endswith(b"hello")


def test_websocket_shows_its_token_first() -> None:
    with served() as server, connect(f"ws://127.0.0.1:{server.gate.port}/api/stream") as stream:
        stream.send('{"token": "another"}')
        with pytest.raises(Exception, match="1008"):
            stream.recv(PATIENCE_S)


def test_oversized_message_ends_its_websocket() -> None:
    with served() as server, connect(f"ws://127.0.0.1:{server.gate.port}/api/stream") as stream:
        stream.send(f'{{"token": "{server.gate.token}"}}')
        stream.send(b"x" * 600_000)
        with pytest.raises(Exception, match="1009"):
            stream.recv(PATIENCE_S)


def test_server_ends_while_pages_are_open() -> None:
    """Within two seconds, of which one is the patience with those that go on."""
    with served() as server, connect(f"ws://127.0.0.1:{server.gate.port}/api/stream") as stream:
        stream.send(f'{{"token": "{server.gate.token}"}}')
        idle = connection(server)
        began = time.monotonic()
        server.stop()
        until_closed(idle)
        idle.close()
        with pytest.raises(Exception, match="1012"):
            stream.recv(PATIENCE_S)
    assert time.monotonic() - began < 2.0


def test_browser_is_led_by_a_file_of_this_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address, and its token, is on no command line."""
    opened: list[str] = []

    class Browser(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002
            opened.append(url)
            return True

    monkeypatch.setattr(webbrowser, "get", Browser)
    with opened_browser("http://127.0.0.1:1/#token=x", "Test", wanted=True):
        until(lambda: opened)
        leads = Path(unquote(urlparse(opened[0]).path))
        assert "http://127.0.0.1:1/#token=x" in leads.read_text()
        assert leads.parent.stat().st_mode & 0o077 == 0
    assert (not leads.exists(), "token" in opened[0]) == (True, False)


def test_browser_in_the_terminal_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Terminal(webbrowser.GenericBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: ARG002
            asked.append(url)
            return True

    monkeypatch.setattr(webbrowser, "get", lambda: Terminal("w3m"))
    serving._open("file:///open.html")
    assert asked == []


@pytest.mark.usefixtures("hang_ups")
@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_ends_the_page_in_order(kind: signal.Signals) -> None:
    before = signal.getsignal(kind)
    with closing(PageServer(Page("Test", APP))) as server:

        def ask_and_signal() -> None:
            with closing(connection(server)) as asked:
                asked.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.gate.port}\r\n\r\n".encode())
                assert asked.recv(8) == b"HTTP/1.1"
            os.kill(os.getpid(), kind)

        other = threading.Thread(target=ask_and_signal)
        other.start()
        server.run()
        other.join(PATIENCE_S)
    assert signal.getsignal(kind) is before
