"""The way to a syslog receiver: a stream with octet counting, over TLS or in the clear, or datagrams.

Syslog acknowledges nothing. Over a stream the receiver's kernel does: what it has not acknowledged when the connection
ends is sent again. What lies between that kernel and the receiver's disk when the receiver crashes is lost.
"""

import contextlib
import fcntl
import socket
import ssl
import struct
import termios
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from device.errors import LinkError
from device.failures import in_words
from device.link.tls import unproved

TIMEOUT_S = 15.0
"""For connecting, for sending, and for the acknowledgement of the receiver's kernel, seconds each."""
MOST_DATAGRAM = 2048
"""Bytes; RFC 5426 asks receivers to take that much."""
_POLL_S = 0.001
_HINT = "Check `host` and `port`, that the receiver runs, and the firewall."


class SyslogLine(Protocol):
    """Takes messages to one receiver."""

    def open(self) -> None:
        """Connects. Raises `LinkError`."""

    def send(self, messages: Sequence[bytes]) -> None:
        """Returns once the receiver's kernel has them, as far as that can be known. Raises `LinkError`."""

    def close(self) -> None:
        """Disconnects; harmless when it isn't open."""


class StreamLine:
    """Octet counting: RFC 5425 with a context, else RFC 6587."""

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext | None = None, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._timeout_s = timeout_s
        self._where = f"syslog at {host}:{port}"
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connects, and has the receiver prove its name. Raises `LinkError`."""
        self.close()
        try:
            self._socket = socket.create_connection((self._host, self._port), self._timeout_s)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if self._context is not None:
                self._socket = self._context.wrap_socket(self._socket, server_hostname=self._host)
        except ssl.SSLError as error:
            self.close()
            raise unproved(self._where, error) from None
        except OSError as error:
            self.close()
            raise _unreachable(self._where, error) from None

    def send(self, messages: Sequence[bytes]) -> None:
        """Raises `LinkError` also where the receiver hung up: it may not have read what it acknowledged."""
        connection = self._socket
        if connection is None:
            raise LinkError(f"The {self._where} is not connected.", hint=_HINT)
        try:
            self._refuse_hung_up(connection)
            connection.settimeout(self._timeout_s)
            connection.sendall(b"".join(b"%d %b" % (len(one), one) for one in messages))
            self._await_acknowledged(connection)
            self._refuse_hung_up(connection)
        except OSError as error:
            self.close()
            raise _unreachable(self._where, error) from None

    def close(self) -> None:
        """Disconnects."""
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _await_acknowledged(self, connection: socket.socket) -> None:
        _until(lambda: _unacknowledged(connection) == 0, self._timeout_s, "it acknowledges nothing")

    def _refuse_hung_up(self, connection: socket.socket) -> None:
        """A receiver says nothing; what there is to read is the end, or of TLS itself."""
        connection.settimeout(0)
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            while connection.recv(4096):
                continue
            raise OSError("it hung up")


class DatagramLine:
    """RFC 5426: a datagram a message. Nothing says whether one arrives."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._where = f"syslog at {host}:{port}"
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Raises `LinkError` for a host without an address."""
        self.close()
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.settimeout(TIMEOUT_S)
            self._socket.connect(address)
        except OSError as error:
            self.close()
            raise _unreachable(self._where, error) from None

    def send(self, messages: Sequence[bytes]) -> None:
        """Raises `LinkError` where this machine or the receiver's refuses."""
        if self._socket is None:
            raise LinkError(f"The {self._where} is not open.", hint=_HINT)
        try:
            for one in messages:
                self._socket.send(one)
        except OSError as error:
            self.close()
            raise _unreachable(self._where, error) from None

    def close(self) -> None:
        """Gives the socket back."""
        held, self._socket = self._socket, None
        if held is not None:
            held.close()


def _unacknowledged(connection: socket.socket) -> int:
    """Bytes that the receiver's kernel has not acknowledged yet (SIOCOUTQ, which Linux calls TIOCOUTQ too)."""
    (count,) = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))
    return int(count)


def _until(is_so: Callable[[], bool], timeout_s: float, why: str) -> None:
    deadline, pause_s = time.monotonic() + timeout_s, _POLL_S
    while not is_so():
        if time.monotonic() > deadline:
            raise OSError(why)
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.05)


def _unreachable(where: str, error: OSError) -> LinkError:
    return LinkError(f"The {where} can't be reached: {in_words(error, quoted=True)}.", hint=_HINT)
