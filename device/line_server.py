"""The one server of Unix sockets: who is connected and what they send, in bounded room.

Below everything that listens: a socket reader takes lines as badges, `control` takes a connection's first line as a
request. One thread steps it. It waits for no peer: nothing is sent or received that would block.
"""

import contextlib
import math
import os
import select
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from device.listening import Listening

AT_ONCE = 8
"""Connections accepted before those that are there are heard again."""
PAUSE_S = 0.05
"""Pause after a connection that couldn't be accepted, as when too many files are open."""


class Peer:
    """A program that is connected."""

    def __init__(self, connection: socket.socket, at: float) -> None:
        self.connection = connection
        self.since = self.heard_at = at
        self.is_paused = False
        self.received = bytearray()
        """For who takes whole lines: what has come of one."""

    def receive(self, size: int) -> bytes | None:
        """What has come, b"" at the end of it; None if nothing has."""
        try:
            return self.connection.recv(size)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def send(self, data: bytes) -> None:
        """Sends what the peer has room for. One that doesn't listen isn't waited for."""
        with contextlib.suppress(OSError):
            self.connection.send(data, socket.MSG_DONTWAIT)

    def is_connected(self) -> bool:
        """Whether the connection is still open at the other end."""
        looked = select.poll()
        try:
            looked.register(self.connection, select.POLLIN)  # a receive waits for the socket's own time-out
            return not looked.poll(0) or self.connection.recv(1, socket.MSG_PEEK) != b""
        except (OSError, ValueError):  # ValueError: closed at this end
            return False

    def send_all(self, data: bytes, within_s: float) -> None:
        """Sends all of it, waiting at most `within_s` for room. Raises `OSError`."""
        self.connection.settimeout(within_s)
        self.connection.sendall(data)

    def receive_descriptor(self, within_s: float) -> int:
        """The one descriptor that it sends by SCM_RIGHTS, with one byte. Raises `OSError` without one in that time."""
        self.connection.settimeout(within_s)
        content, sent, flags, _ = socket.recv_fds(self.connection, 1, 1, socket.MSG_CMSG_CLOEXEC)
        if len(sent) != 1 or not content or flags & socket.MSG_CTRUNC:
            for descriptor in sent:
                os.close(descriptor)
            raise OSError("no descriptor came")
        return sent[0]

    def close(self) -> None:
        """Hangs up."""
        self.connection.close()


def oldest(peer: Peer) -> float:
    """Drops the peer that has been connected for the longest."""
    return peer.since


def quietest(peer: Peer) -> float:
    """Drops the peer that has sent nothing for the longest."""
    return peer.heard_at


@dataclass(frozen=True, slots=True)
class Limits:
    """How much room a server has."""

    peers: int
    """With this many connected, another one makes one of them go."""
    chunk: int
    """Most bytes that are received at once."""
    patience_s: float = math.inf
    """A peer that is still here after this time is dropped."""
    goes_first: Callable[[Peer], float] = oldest


class LineServer:
    """Accepts peers and hands on what they send. All methods but `wake` belong to one thread."""

    def __init__(
        self,
        listening: Listening,
        limits: Limits,
        take: Callable[[Peer, bytes], None],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`take` is given what has come from a peer, b"" at the end; it decides whether the peer stays."""
        self.listening = listening
        self.peers: list[Peer] = []
        self._limits = limits
        self._take = take
        self._now = now
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._selector.register(listening.connection, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def step(self, timeout_s: float) -> bool:
        """Waits until something comes, at most `timeout_s`, and takes it; whether anything came."""
        ready = self._selector.select(max(0.0, min([timeout_s, *self._left_s()])))
        for key, _ in ready:
            if key.fileobj is self.listening.connection:
                self._accept()
            elif isinstance(key.data, Peer):
                self._serve(key.data)
            else:
                self._sleep_again()
        self._drop_late()
        return bool(ready)

    def wake(self) -> None:
        """Ends the wait of `step`; for other threads."""
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def pause(self, peer: Peer) -> None:
        """Receives nothing from a peer, so that it has to wait, until `resume`."""
        if not peer.is_paused:
            peer.is_paused = True
            self._selector.unregister(peer.connection)

    def resume(self, peer: Peer) -> None:
        """Receives from it again."""
        if peer.is_paused and peer in self.peers:
            peer.is_paused = False
            self._selector.register(peer.connection, selectors.EVENT_READ, peer)

    def let_go(self, peer: Peer) -> None:
        """Forgets a peer, whose connection is the caller's from now on."""
        self.pause(peer)
        self.peers.remove(peer)

    def drop(self, peer: Peer) -> None:
        """Forgets a peer and hangs up."""
        self.let_go(peer)
        peer.close()

    def listen_at(self, listening: Listening) -> None:
        """Listens at another socket in place of the one until now, whose file isn't touched."""
        self._selector.register(listening.connection, selectors.EVENT_READ)
        self._selector.unregister(self.listening.connection)
        self.listening.connection.close()
        self.listening = listening

    def close(self) -> None:
        """Hangs up on all peers, and removes the socket; harmless when repeated."""
        for peer in list(self.peers):
            self.drop(peer)
        self.listening.close()
        for each in (self._waker, self._woken, self._selector):
            each.close()

    def _accept(self) -> None:
        """A few connections at a time: those that are there are heard in between, however many come."""
        for _ in range(AT_ONCE):
            try:
                connection, _ = self.listening.connection.accept()
            except BlockingIOError:
                return
            except OSError:
                time.sleep(PAUSE_S)
                return
            connection.setblocking(False)
            self._admit(Peer(connection, self._now()))

    def _admit(self, peer: Peer) -> None:
        if len(self.peers) >= self._limits.peers:
            self._serve_and_drop(min(self.peers, key=self._limits.goes_first))
        self.peers.append(peer)
        self._selector.register(peer.connection, selectors.EVENT_READ, peer)

    def _serve(self, peer: Peer) -> None:
        if peer.is_paused or peer not in self.peers:  # dropped for another one, just now
            return
        received = peer.receive(self._limits.chunk)
        if received is not None:
            peer.heard_at = self._now()
            self._take(peer, received)

    def _serve_and_drop(self, peer: Peer) -> None:
        """What a peer has sent already is taken before it is dropped."""
        self._serve(peer)
        if peer in self.peers:
            self.drop(peer)

    def _drop_late(self) -> None:
        now = self._now()
        for peer in [peer for peer in self.peers if now - peer.since >= self._limits.patience_s]:
            self._serve_and_drop(peer)

    def _left_s(self) -> list[float]:
        """How long each peer may still stay."""
        if self._limits.patience_s == math.inf:
            return []
        now = self._now()
        return [peer.since + self._limits.patience_s - now for peer in self.peers]

    def _sleep_again(self) -> None:
        with contextlib.suppress(OSError):
            self._woken.recv(4096)
