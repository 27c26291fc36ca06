"""One request at a time over a connection that is kept, with an end to each: urllib3's connections, and a watchdog.

urllib3's time-outs count for each read alone, so that a server that sends a letter now and then would hold it for ever.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from device.errors import DependencyMissing, LinkError
from device.link.tls import trusting, unproved
from device.link.webhooks.address import Address
from device.packages import install_hint

MOST_READ = 65536
"""Of an answer, bytes; the connection is closed behind a longer one."""
MOST_WAIT_S = 3600.0
"""Longest time that a server may ask for with `Retry-After`, seconds."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a server said."""

    status: int
    wait_s: float = 0.0
    """For how long it asks not to be asked, seconds."""


class Poster:
    """Sends requests to one address. Not thread-safe."""

    def __init__(self, address: Address, *, timeout_s: float, ca_file: str = "") -> None:
        """`timeout_s` is for a request from its beginning to the end of its answer. Connects to nothing.

        Raises `ConfigError` for certificates that can't be read, `DependencyMissing` without urllib3.
        """
        self._address = address
        self._timeout_s = timeout_s
        self._context = trusting(_Context(ssl.PROTOCOL_TLS_CLIENT), ca_file=ca_file) if address.is_encrypted else None
        self._connection: Any = None
        _connection_class(is_encrypted=True)

    def send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """The answer, whatever its status. No redirect is followed. Raises `LinkError` without an answer in time."""
        with self._cut_when_late() as was_late:
            try:
                answered = self._sent(method, path, body, headers)
                if was_late.is_set():  # what was cut off may read as a whole answer
                    raise TimeoutError
                return answered
            except (_errors(), HTTPException, OSError, ValueError) as error:
                self.close()
                raise self._failed(error, was_late=was_late.is_set()) from None

    def close(self) -> None:
        """Closes the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _sent(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        if self._connection is not None and not self._connection.is_connected:
            self.close()
        connection = self._connection = self._connection or self._new()
        connection.request(method, path, body=body, headers=headers, preload_content=False, decode_content=False)
        answer = connection.getresponse()
        answered = Answered(answer.status, _wait_s(answer.headers.get("retry-after", "")))
        is_whole = len(answer.read(MOST_READ, decode_content=False)) < MOST_READ
        if not is_whole or answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answered

    def _new(self) -> Any:  # noqa: ANN401 - urllib3 is imported where it is used
        kind = _connection_class(is_encrypted=self._address.is_encrypted)
        more = {"ssl_context": self._context} if self._context is not None else {}
        return kind(self._address.host, self._address.port, timeout=self._timeout_s, **more)

    @contextlib.contextmanager
    def _cut_when_late(self) -> Iterator[threading.Event]:
        was_late = threading.Event()

        def cut() -> None:
            was_late.set()
            shaking = self._context.shaking if self._context is not None else None
            for one in (shaking, getattr(self._connection, "sock", None)):
                if one is not None:
                    with contextlib.suppress(OSError):
                        socket.socket.shutdown(one, socket.SHUT_RDWR)  # not the TLS way, which the other thread is in

        timer = threading.Timer(self._timeout_s, cut)
        timer.daemon = True
        timer.start()
        try:
            yield was_late
        finally:
            timer.cancel()
            timer.join()

    def _failed(self, error: Exception, *, was_late: bool) -> LinkError:
        where = self._address.words
        if was_late or isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
            return LinkError(
                f"{where} did not answer within {self._timeout_s:g} s.", hint="Check that it runs, and the firewall."
            )
        if isinstance(error, ssl.SSLError):
            return unproved(where, error)
        return LinkError(f"{where} can't be reached: {_why(error)}.", hint="Check the address and the network.")


class _Handshaking(ssl.SSLSocket):
    """Is known to its context from before the handshake, so that this can be cut off."""

    def do_handshake(self, block: bool = False) -> None:
        context = self.context
        if isinstance(context, _Context):
            context.shaking = self
        super().do_handshake(block)


class _Context(ssl.SSLContext):
    """TLS of a client that checks names and certificates."""

    sslsocket_class = _Handshaking
    shaking: socket.socket | None = None


def _connection_class(*, is_encrypted: bool) -> Any:  # noqa: ANN401 - one of two classes
    try:
        from urllib3.connection import HTTPConnection, HTTPSConnection
    except ImportError:
        raise DependencyMissing("Webhooks need the package urllib3.", hint=install_hint("link")) from None
    return HTTPSConnection if is_encrypted else HTTPConnection


def _errors() -> type[Exception]:
    from urllib3.exceptions import HTTPError

    return HTTPError


def _wait_s(text: str) -> float:
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry

    try:
        return min(MOST_WAIT_S, Retry().parse_retry_after(text)) if text else 0.0
    except (InvalidHeader, ValueError, OverflowError, TypeError):
        return 0.0


def _why(error: Exception) -> str:
    """The system's words: those of urllib3 hold the whole address."""
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return {"RemoteDisconnected": "it hung up", "IncompleteRead": "it hung up in its answer"}.get(
        type(error).__name__, "the answer is not HTTP" if isinstance(error, HTTPException) else type(error).__name__
    )
