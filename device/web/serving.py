"""Runs a page's server: on loopback alone, with few connections and short waits, until Ctrl-C.

The address that is opened has the token in its fragment, which reaches no server, log or referrer. The browser is given
a file with a link, and not the address: everyone on a machine can read the command lines of its processes.
"""

import asyncio
import html
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from device.errors import ConfigError
from device.failures import in_words
from device.web.guard import Gate, Guard

LOOPBACK = "127.0.0.1"
HEADERS_S = 5.0
"""How long a request's headers may take to come."""
MOST_CONNECTIONS = 64
MOST_HEADER_BYTES = 16 << 10
MOST_MESSAGE_BYTES = 512 << 10
"""Of a message on a WebSocket."""
END_S = 1


class BoundedProtocol(H11Protocol):
    """HTTP that hangs up on slow headers, and on connections beyond a limit."""

    _headers_by: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a connection, or hangs up at once."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._wait_for_headers()

    def handle_events(self) -> None:
        """While a request is answered, its body's time is the guard's to measure."""
        super().handle_events()
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self.transport.get_protocol() is not self:  # it is a WebSocket's by now
            self._wait_no_longer()
        else:
            self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets it."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def _wait_for_headers(self) -> None:
        if self._headers_by is None:
            self._headers_by = self.loop.call_later(HEADERS_S, self.transport.abort)

    def _wait_no_longer(self) -> None:
        if self._headers_by is not None:
            self._headers_by.cancel()
            self._headers_by = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page to serve: what it is called, and what answers."""

    name: str
    app: ASGIApp


class PageServer:
    """A server that listens already, and serves when `run` is called."""

    def __init__(self, page: Page, *, port: int = 0, token: str = "") -> None:
        """Takes the port, or a free one for 0. Raises `ConfigError` if it is taken. Without a token, makes one up."""
        self._socket = _listening(port)
        self.gate = Gate(self._socket.getsockname()[1], token or secrets.token_urlsafe(32))
        self._page = page
        self._server = uvicorn.Server(_config(Guard(page.app, self.gate)))

    @property
    def address(self) -> str:
        """What to open."""
        return f"http://{LOOPBACK}:{self.gate.port}/#token={self.gate.token}"

    def run(self, *, opens_browser: bool = False) -> None:
        """Serves until Ctrl-C, SIGTERM, the end of its terminal, or `stop`; what is open is closed by who opened it."""
        with (
            suppress(KeyboardInterrupt),
            _ended_by_signals(self.stop),
            opened_browser(self.address, self._page.name, wanted=opens_browser),
        ):
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Ends `run`, from any thread."""
        self._server.should_exit = True

    def close(self) -> None:
        """Gives the port back."""
        self._socket.close()


@contextmanager
def opened_browser(address: str, name: str, *, wanted: bool) -> Iterator[None]:
    """Opens a browser with a file that leads to an address and that this user alone can read, gone in the end."""
    if not wanted:
        yield
        return
    with TemporaryDirectory(prefix="lintel-page-") as folder:
        leads = Path(folder) / "open.html"
        target = html.escape(address)
        leads.write_text(
            f'<!doctype html><meta charset="utf-8"><title>{html.escape(name)}</title>'
            f'<meta http-equiv="refresh" content="0; url={target}"><a href="{target}">{html.escape(name)}</a>',
            encoding="utf-8",
        )
        threading.Thread(target=_open, args=(leads.as_uri(),), daemon=True).start()
        yield


@contextmanager
def _ended_by_signals(end: Callable[[], None]) -> Iterator[None]:
    """Has signals call `end` that would end the process without more. The server passes on those it gets, too."""
    kinds = (signal.SIGTERM, signal.SIGHUP) if threading.current_thread() is threading.main_thread() else ()
    ours = [kind for kind in kinds if signal.getsignal(kind) is signal.SIG_DFL]
    for kind in ours:
        signal.signal(kind, lambda *_: end())
    try:
        yield
    finally:
        for kind in ours:
            signal.signal(kind, signal.SIG_DFL)


def _open(address: str) -> None:
    """Opens it in a window; a browser in this terminal would be in the way."""
    import webbrowser

    with suppress(Exception):  # the address is printed as well
        browser = webbrowser.get()
        if isinstance(browser, webbrowser.BackgroundBrowser) or not isinstance(browser, webbrowser.GenericBrowser):
            browser.open(address)


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"Cannot listen on port {port} of {LOOPBACK}: {in_words(error)}.",
            hint="Leave --port out for a free one, or end what uses it: `ss -ltnp` shows that.",
        ) from None
    return listener


def _config(app: ASGIApp) -> uvicorn.Config:
    """Nothing is logged of requests, and nothing from the network is believed about who asks."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="websockets-sansio",
        ws_max_size=MOST_MESSAGE_BYTES,
        ws_max_queue=8,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=END_S,
    )
