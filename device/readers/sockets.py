"""A Unix socket that takes badges, a line each, from several programs at once: for tests and integrations.

Each line is answered when it is taken: `ok`, or `refused: REASON`. That says whether the badge was understood, not what
the door decided, nor whether it is held back because it was presented before (`hold_time_s`).

Security: local. The socket is its owner's alone (mode 0600), who can claim any badge.
"""

import errno
from collections import deque
from pathlib import Path

from device.credentials import is_random
from device.errors import ReaderError
from device.line_server import Limits, LineServer, Peer, quietest
from device.listening import Listening, listen_alone
from device.ports import Clock, Reader
from device.readers.context import ReaderContext
from device.readers.streams import CHUNK, REST_S, naming
from device.readers.typed.forms import PLAIN, LineForm, form_of
from device.readers.typed.lines import LineParser
from device.records import BadgeRead, ReaderEvent, Reason, Security, Signal
from device.settings.tables import ReaderSettings

SECURITY = Security.LOCAL
MAX_CLIENTS = 8
"""One more makes the one go that has been quiet for the longest."""
MODE = 0o600


class Client:
    """A program at the other end: its lines, taken one by one, so that it waits and no other program does."""

    def __init__(self, peer: Peer, name: str, form: LineForm = PLAIN) -> None:
        self.peer = peer
        self.reads: deque[ReaderEvent] = deque()
        self.gone = False
        self._parser = LineParser(name, SECURITY, form)

    def take(self, received: bytes, at: float) -> None:
        """What has come, b"" if nothing will any more; a last line without an end counts."""
        self.gone = not received
        self.reads.extend(self._parser.take(received, at) if received else self._parser.end(at))

    def answer(self, event: ReaderEvent) -> None:
        """Says whether a line was understood. A program that doesn't listen isn't waited for."""
        refused = _refused(event) if isinstance(event, BadgeRead) else ""
        self.peer.send((f"refused: {refused}" if refused else "ok").encode() + b"\n")


def _refused(read: BadgeRead) -> str:
    is_invented = read.credential is not None and is_random(read.credential)
    return Reason.BADGE_RANDOM.meaning if is_invented else read.fault


class SocketReader:
    """`Reader` of a listening socket; the file at `path` is its own, and goes with it."""

    def __init__(self, path: Path, name: str, clock: Clock, *, form: LineForm = PLAIN) -> None:
        """Listens at `path`, in a folder that exists. Raises `ReaderError`, also if a program listens there already."""
        self._name = name
        self._form = form
        self._clock = clock
        self._clients: deque[Client] = deque()
        limits = Limits(MAX_CLIENTS, CHUNK, goes_first=quietest)
        self._server = LineServer(_listening_at(path), limits, self._take, now=clock.monotonic)

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """The next line of any program, each in turn. Raises `ReaderError` if the socket was removed."""
        self._refuse_to_be_removed()
        left, deadline = timeout_s, self._clock.monotonic() + timeout_s
        self._server.step(0.0)
        while (event := self._next()) is None and left >= 0 and self._server.step(left):
            left = deadline - self._clock.monotonic()
            if not any(client.reads for client in self._clients):
                self._clock.sleep(min(REST_S, max(0.0, left)))
        return event

    def show(self, signal: Signal) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Ends all connections and removes the socket; harmless when repeated."""
        self._clients.clear()
        self._server.close()

    def _take(self, peer: Peer, received: bytes) -> None:
        """A program whose lines have not been taken yet is not listened to."""
        client = self._client(peer)
        client.take(received, self._clock.monotonic())
        if client.reads or client.gone:
            self._server.pause(peer)

    def _client(self, peer: Peer) -> Client:
        """The one that speaks; those that were dropped are forgotten when another comes."""
        found = next((client for client in self._clients if client.peer is peer), None)
        if found is None:
            self._clients = deque(client for client in self._clients if client.peer in self._server.peers)
            found = Client(peer, self._name, self._form)
            self._clients.append(found)
        return found

    def _next(self) -> ReaderEvent | None:
        """The first line of the client whose turn it is, answered."""
        for _ in range(len(self._clients)):
            client = self._clients[0]
            self._clients.rotate(-1)
            if client.reads:
                event = client.reads.popleft()
                client.answer(event)
                if not client.reads and not client.gone:
                    self._server.resume(client.peer)
                return event
            if client.gone and client.peer in self._server.peers:
                self._server.drop(client.peer)
        return None

    def _refuse_to_be_removed(self) -> None:
        listening = self._server.listening
        if listening.is_closed:
            raise ReaderError("The badge reader is closed.", hint="Open it again.")
        if not listening.is_in_place():
            raise ReaderError(
                f"The badge reader is gone: its socket {listening.path} was removed.", hint="Leave it to Lintel."
            )


def open_reader(settings: ReaderSettings, around: ReaderContext) -> Reader:
    """The socket at `source`. Raises `ReaderError`."""
    return SocketReader(Path(settings.source), settings.name, around.clock, form=form_of(settings))


def _listening_at(path: Path) -> Listening:
    with naming(f"cannot listen at {path}"):
        try:
            return listen_alone(path, MODE, waiting=MAX_CLIENTS)
        except OSError as error:
            if error.errno == errno.ENOTSOCK:
                raise ReaderError(f"{path} exists and is not a socket.", hint="Set `source` to a free path.") from None
            if error.errno == errno.EADDRINUSE:
                raise ReaderError(
                    f"Another program listens at {path}.", hint="Stop it, or set `source` to another path."
                ) from None
            raise
