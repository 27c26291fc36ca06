"""A Unix socket that takes badges, a line each, from several programs at once: for tests and integrations.

Each line is answered when it is taken: `ok`, or `refused: REASON`. That says whether the badge was understood, not what
the door decided, nor whether it is held back because it was presented before (`hold_time_s`).

Security: local. The socket is its owner's alone (mode 0600), who can claim any badge.
"""

import contextlib
import errno
import os
import select
import socket
import stat
from collections import deque
from pathlib import Path

from device.config import ReaderSettings
from device.errors import ReaderError
from device.ports import Clock, Reader
from device.readers.context import ReaderContext
from device.readers.lines import LineParser
from device.readers.streams import CHUNK, REST_S, naming
from device.records import BadgeRead, ReaderEvent, Security, Signal

SECURITY = Security.LOCAL
MAX_CLIENTS = 8
"""One more makes the one go that has been quiet for the longest."""
MODE = 0o600


class Client:
    """A program at the other end: its lines, taken one by one, so that it has to wait and nobody else does."""

    def __init__(self, connection: socket.socket, name: str, at: float) -> None:
        self.connection = connection
        self.heard_at = at
        self.reads: deque[ReaderEvent] = deque()
        self.gone = False
        self._parser = LineParser(name, SECURITY)

    def receive(self, at: float) -> None:
        """Takes what has come, or notes that nothing will any more; a last line without an end counts."""
        try:
            received = self.connection.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        self.heard_at, self.gone = at, not received
        self.reads.extend(self._parser.take(received, at) if received else self._parser.end(at))

    def answer(self, event: ReaderEvent) -> None:
        """Says whether a line was understood. Who does not listen is not waited for."""
        refused = isinstance(event, BadgeRead) and event.fault
        with contextlib.suppress(OSError):
            self.connection.send((f"refused: {refused}" if refused else "ok").encode() + b"\n")


class SocketReader:
    """`Reader` of a listening socket; the file at `path` is its own, and goes with it."""

    def __init__(self, path: Path, name: str, clock: Clock) -> None:
        """Listens at `path`, in a folder that exists. Raises `ReaderError`, also if somebody listens there already."""
        self._path = path
        self._name = name
        self._clock = clock
        self._clients: deque[Client] = deque()
        self._listener = _listening_at(path)
        self._file = _identity(path)

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """The next line of any program, each in turn. Raises `ReaderError` if the socket was removed."""
        self._refuse_to_be_removed()
        left, deadline = timeout_s, self._clock.monotonic() + timeout_s
        self._listen(0.0)
        while (event := self._next()) is None and left >= 0 and self._listen(left):
            left = deadline - self._clock.monotonic()
            if not any(client.reads for client in self._clients):
                self._clock.sleep(min(REST_S, max(0.0, left)))
        return event

    def show(self, signal: Signal) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Ends all connections and removes the socket; harmless when repeated."""
        for client in self._clients:
            client.connection.close()
        self._clients.clear()
        if self._listener.fileno() >= 0:
            self._listener.close()
            if _identity(self._path) == self._file:
                self._path.unlink(missing_ok=True)

    def _next(self) -> ReaderEvent | None:
        """The first line of the client whose turn it is, answered."""
        for _ in range(len(self._clients)):
            client = self._clients[0]
            self._clients.rotate(-1)
            if client.reads:
                event = client.reads.popleft()
                client.answer(event)
                return event
            if client.gone:
                client.connection.close()
                self._clients.pop()
        return None

    def _listen(self, timeout_s: float) -> bool:
        """Waits until somebody comes or says something, and takes that; whether there was anything.

        Who has said something that nobody has taken yet is not listened to.
        """
        if self._listener.fileno() < 0:
            raise ReaderError("The badge reader is closed.", hint="Open it again.")
        poll = select.poll()
        clients = {client.connection.fileno(): client for client in self._clients if not client.reads}
        for descriptor in (self._listener.fileno(), *clients):
            poll.register(descriptor, select.POLLIN)
        ready, now = poll.poll(timeout_s * 1000), self._clock.monotonic()
        for descriptor, _ in ready:
            if descriptor in clients:
                clients[descriptor].receive(now)
            else:
                self._admit(now)
        return bool(ready)

    def _admit(self, at: float) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # it went away before it was let in
            return
        connection.setblocking(False)
        if len(self._clients) == MAX_CLIENTS:
            quietest = min(self._clients, key=lambda client: client.heard_at)
            quietest.connection.close()
            self._clients.remove(quietest)
        self._clients.append(Client(connection, self._name, at))

    def _refuse_to_be_removed(self) -> None:
        if _identity(self._path) != self._file:
            raise ReaderError(
                f"The badge reader is gone: somebody removed its socket {self._path}.", hint="Leave it to Lintel."
            )


def open_reader(settings: ReaderSettings, around: ReaderContext) -> Reader:
    """The socket at `source`. Raises `ReaderError`."""
    return SocketReader(Path(settings.source), settings.name, around.clock)


def _listening_at(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        with naming(f"cannot listen at {path}"):
            _bind(listener, path)
            path.chmod(MODE)  # before anybody can connect: nothing listens yet
            listener.listen(MAX_CLIENTS)
    except BaseException:
        listener.close()
        raise
    return listener


def _bind(listener: socket.socket, path: Path) -> None:
    try:
        listener.bind(str(path))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        _remove_if_nobody_answers(path)
        listener.bind(str(path))


def _remove_if_nobody_answers(path: Path) -> None:
    """Removes what a killed process left behind. Raises `ReaderError` if it is anything else."""
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise ReaderError(f"{path} exists and is not a socket.", hint="Set `source` to a path that is free.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        if probe.connect_ex(os.fspath(path)) != errno.ECONNREFUSED:
            raise ReaderError(f"Another program listens at {path}.", hint="Stop it, or set `source` to another path.")
    path.unlink()


def _identity(path: Path) -> tuple[int, int, int] | None:
    """Of the file at a path, None if there is none. An inode alone may be another file's soon."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns
