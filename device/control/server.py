"""The service's end of the operators' socket.

Who may speak is a matter of the socket's file: root, the service's own user, and the members of its group. Whoever that
is may send anything: a line is bounded, a connection is bounded in time, and of too many the oldest is dropped.

There are two lanes. Evacuation, lockdown, clearing, securing and questions are carried out in the thread that listens,
which never waits for a disk: the doors' pins move first, and the answer says whether the disk has it too. Releases have
a thread of their own, as each waits until its row is written.
"""

import contextlib
import os
import queue
import selectors
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from device.control.client import Reply, Request
from device.errors import DoorError, LintelError
from device.records import Commanded, DoorCommand, DoorEvent, DoorState, DoorStatus

MAX_REQUEST = 1024
MAX_PEERS = 16
"""With so many connections open, the oldest one is dropped for a new one."""
REQUEST_S = 2.0
"""A connection on which no request has come for so long is dropped."""
WRITTEN_S = 1.0
"""How long the answer to a command waits for the disk. After that it says that the disk does not have it yet."""
LOOK_S = 0.01
"""How often it is looked whether the disk has it."""
CHECK_S = 1.0
"""How often it is looked whether the socket is still in its place; one that was removed is made again."""
PAUSE_S = 0.05
"""After a connection that could not be taken, as when there are too many open files."""
_TOO_MANY = Reply(error="Too many releases wait for the store.", hint="Try again when `lintel door status` is quiet.")
_KEPT = frozenset({DoorCommand.LOCKDOWN, DoorCommand.EVACUATE, DoorCommand.CLEAR})
"""What outlasts a restart."""
_NO_LINE = Reply(error=f"The request is no line of up to {MAX_REQUEST} bytes.", hint="Use `lintel door`.")
OVERFLOW_UID = 65534
"""What the kernel says of a user who is not known in the service's user namespace (user_namespaces(7))."""


class Commandable(Protocol):
    """A door in operation."""

    def tell(self, event: DoorEvent) -> DoorState:
        """What happened; the state after it."""

    def status(self) -> DoorStatus:
        """All that is known."""

    @property
    def is_written(self) -> bool:
        """Whether all that outlasts a restart is on the disk."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What an operator has commanded, for the audit."""

    door: str
    command: DoorCommand
    uid: int
    """The operator's user number; `OVERFLOW_UID` for one whom a sandboxed service cannot tell from others."""


@dataclass(eq=False)
class _Peer:
    """Somebody who is connected."""

    connection: socket.socket
    deadline: float
    received: bytearray = field(default_factory=bytearray)
    doors: tuple[str, ...] = ()
    """Those that have carried out its command, once it only waits for the disk; `deadline` is until when."""

    def send(self, reply: Reply) -> None:
        """Answers, and that is the end of a connection."""
        with contextlib.suppress(OSError):
            self.connection.send(msgspec.json.encode(reply) + b"\n")
        self.connection.close()

    def is_waiting(self) -> bool:
        """Whether the connection is still open at the other end."""
        try:
            return self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    @property
    def uid(self) -> int:
        """The user who has connected, by the kernel's word. Raises `OSError`."""
        size = struct.calcsize("3i")
        credentials = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return int(struct.unpack("3i", credentials)[1])


class ControlServer:
    """Listens in a thread of its own, which nothing that is sent ends, and which no peer can keep busy."""

    def __init__(self, path: Path, doors: Mapping[str, Commandable], note: Callable[[Ordered], None]) -> None:
        """`note` is given each command. It may take its time with a release, and what it raises then keeps that from
        happening; with all other commands it must not wait for anything.

        Raises `DoorError` if the socket cannot be made; one that a dead service left is replaced.
        """
        self._path = path
        self._desk = _Desk(doors, note)
        self._doors = doors
        self._peers: list[_Peer] = []
        self._parked: list[_Peer] = []
        self._selector = selectors.DefaultSelector()
        self._listener = _listening(path)
        self._inode = path.stat().st_ino
        self._looked_at = time.monotonic()
        self._waker, self._woken = socket.socketpair()
        for each in (self._listener, self._woken):
            each.setblocking(False)
            self._selector.register(each, selectors.EVENT_READ)
        self._releases = _Releases(self._desk)
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listens no more, and takes the socket's file away; harmless when repeated."""
        if self._waker.fileno() < 0:
            return
        self._waker.close()
        self._thread.join(REQUEST_S)
        self._releases.close()

    def _run(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self._end_listening)
            for each in (self._woken, self._selector):
                stack.callback(each.close)
            while self._waker.fileno() >= 0:
                for key, _ in self._selector.select(self._wait_s()):
                    if key.fileobj is self._listener:
                        self._accept()
                    elif isinstance(key.data, _Peer):
                        self._serve(key.data)
                self._drop_late()
                self._answer_parked()
                self._stay_in_place()
            for peer in list(self._peers):
                self._drop(peer)
            for peer in self._parked:
                peer.connection.close()

    def _end_listening(self) -> None:
        self._listener.close()  # the one there is by then
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    def _wait_s(self) -> float:
        if self._parked:
            return LOOK_S
        deadlines = [peer.deadline for peer in self._peers]
        return min([CHECK_S, *(max(0.0, deadline - time.monotonic()) for deadline in deadlines)])

    def _stay_in_place(self) -> None:
        """Listens again where its socket was removed. One that another process put there is left alone."""
        now = time.monotonic()
        if now - self._looked_at < CHECK_S:
            return
        self._looked_at = now
        if os.path.lexists(self._path):
            return
        with contextlib.suppress(DoorError, OSError):  # its folder may come back
            listener = _listening(self._path)
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ)
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener, self._inode = listener, self._path.stat().st_ino

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            time.sleep(PAUSE_S)
            return
        connection.setblocking(False)
        if len(self._peers) >= MAX_PEERS:
            self._serve_or_drop(self._peers[0])
        peer = _Peer(connection, time.monotonic() + REQUEST_S)
        self._peers.append(peer)
        self._selector.register(connection, selectors.EVENT_READ, peer)

    def _serve(self, peer: _Peer) -> None:
        """Takes what has come. A whole request is carried out or handed on."""
        if peer not in self._peers:  # dropped for another one, just now
            return
        try:
            received = peer.connection.recv(MAX_REQUEST + 1)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        peer.received += received
        line, is_whole, _ = bytes(peer.received[:MAX_REQUEST]).partition(b"\n")
        if is_whole:
            self._forget(peer)
            self._carry_out(peer, line)
        elif not received or len(peer.received) > MAX_REQUEST:
            self._forget(peer)
            peer.send(_NO_LINE)

    def _carry_out(self, peer: _Peer, line: bytes) -> None:
        request = _request(line)
        if request is not None and request.command is DoorCommand.RELEASE:
            self._releases.add(peer, line)
            return
        try:
            reply = self._desk.answer(line, peer.uid)
        except OSError:  # it has no user any more
            peer.connection.close()
            return
        peer.doors = tuple(status.door for status in reply.doors)
        is_kept = request is not None and request.command in _KEPT
        if is_kept and peer.doors and not self._is_written(peer) and len(self._parked) < MAX_PEERS:
            peer.deadline = time.monotonic() + WRITTEN_S
            self._parked.append(peer)
        else:
            peer.send(reply)

    def _is_written(self, peer: _Peer) -> bool:
        return all(self._doors[name].is_written for name in peer.doors)

    def _answer_parked(self) -> None:
        """Those whose command the disk has by now, and those that have waited long enough."""
        now = time.monotonic()
        done = [peer for peer in self._parked if peer.deadline <= now or self._is_written(peer)]
        for peer in done:
            self._parked.remove(peer)
            peer.send(Reply(tuple(self._doors[name].status() for name in peer.doors)))

    def _drop_late(self) -> None:
        now = time.monotonic()
        for peer in [peer for peer in self._peers if peer.deadline <= now]:
            self._serve_or_drop(peer)

    def _serve_or_drop(self, peer: _Peer) -> None:
        """Nobody is dropped unread: their request may be there already."""
        self._serve(peer)
        if peer in self._peers:
            self._drop(peer)

    def _drop(self, peer: _Peer) -> None:
        self._forget(peer)
        peer.connection.close()

    def _forget(self, peer: _Peer) -> None:
        self._peers.remove(peer)
        self._selector.unregister(peer.connection)


class _Releases:
    """The lane of releases: one after the other, each when its row is written."""

    def __init__(self, desk: "_Desk") -> None:
        self._desk = desk
        self._waiting: queue.Queue[tuple[_Peer, bytes] | None] = queue.Queue(MAX_PEERS)
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="releases", daemon=True)
        self._thread.start()

    def add(self, peer: _Peer, line: bytes) -> None:
        """Answers it when its turn has come."""
        try:
            self._waiting.put_nowait((peer, line))
        except queue.Full:
            peer.send(_TOO_MANY)

    def close(self) -> None:
        """Carries out none that has not begun, and does not wait for a store that hangs."""
        self._is_ending = True
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(REQUEST_S)
        with contextlib.suppress(queue.Empty):
            while True:
                if (waiting := self._waiting.get_nowait()) is not None:
                    waiting[0].connection.close()

    def _run(self) -> None:
        while not self._is_ending and (waiting := self._waiting.get()) is not None:
            peer, line = waiting
            with contextlib.suppress(OSError):  # it has no user any more
                peer.send(self._desk.answer(line, peer.uid, lambda peer=peer: self._is_asked(peer)))  # type: ignore[misc]
            peer.connection.close()

    def _is_asked(self, peer: _Peer) -> bool:
        return not self._is_ending and peer.is_waiting()


class _Desk:
    """Answers requests."""

    def __init__(self, doors: Mapping[str, Commandable], note: Callable[[Ordered], None]) -> None:
        self._doors = doors
        self._note = note

    def answer(self, line: bytes, uid: int, is_waiting: Callable[[], bool] = lambda: True) -> Reply:
        """Whatever the line is."""
        try:
            return Reply(self._carried_out(msgspec.json.decode(line, type=Request), uid, is_waiting))
        except LintelError as error:
            return Reply(error=error.message, hint=error.hint)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Reply(error=f"Invalid request: {error}.", hint="Use `lintel door`.")
        except Exception as error:  # the next request may be another
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
            return Reply(
                error=f"This is a bug in Lintel: {type(error).__name__}.", hint="Report what the journal says."
            )

    def _carried_out(self, request: Request, uid: int, is_waiting: Callable[[], bool]) -> tuple[DoorStatus, ...]:
        names = self._named(request)
        if request.command is not None:
            with contextlib.ExitStack() as stack:  # each door hears of it, whatever another one says
                for name in reversed(names):
                    stack.callback(self._command, Ordered(name, request.command, uid), is_waiting)
        return tuple(self._doors[name].status() for name in names)

    def _named(self, request: Request) -> tuple[str, ...]:
        """The doors that a request is for. Raises `DoorError` if that is not clear."""
        names = tuple(self._doors)
        hint = f"Name one with --door: {', '.join(names)}."
        if request.door is not None:
            if request.door not in names:
                raise DoorError(f"There is no door {request.door!r}.", hint=hint)
            return (request.door,)
        if request.command is DoorCommand.RELEASE and len(names) > 1:
            raise DoorError("There are several doors, and they are released one by one.", hint=hint)
        return names

    def _command(self, ordered: Ordered, is_waiting: Callable[[], bool]) -> None:
        """A release is written down before, or does not happen; everything else happens whatever the store does.

        Nor does a release happen when the one who asked for it has given up waiting, and may have walked away.
        """
        if ordered.command is DoorCommand.RELEASE:
            _refuse_unless(is_waiting())
            self._note(ordered)
            _refuse_unless(is_waiting())
            self._doors[ordered.door].tell(Commanded(ordered.command))
        else:
            self._doors[ordered.door].tell(Commanded(ordered.command))
            with contextlib.suppress(LintelError):
                self._note(ordered)


def _refuse_unless(is_waiting: bool) -> None:
    if not is_waiting:
        raise DoorError("Nobody waits for this release any more, so it is not done.", hint="Ask again.")


def _request(line: bytes) -> Request | None:
    """What a line asks for; None if it asks for nothing that is known."""
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(line, type=Request)
    return None


def _listening(path: Path) -> socket.socket:
    """A socket in the place of whatever was there, for its owner and its group alone from its first moment on."""
    unfinished = path.with_suffix(".new")
    listener = socket.socket(socket.AF_UNIX)
    try:
        unfinished.unlink(missing_ok=True)
        listener.bind(str(unfinished))
        unfinished.chmod(0o660)
        listener.listen()
        unfinished.replace(path)
    except OSError as error:
        listener.close()
        raise DoorError(
            f"Cannot listen for operators at {path}: {error.strerror or error}.",
            hint="Make its folder writable for this user.",
        ) from None
    return listener
