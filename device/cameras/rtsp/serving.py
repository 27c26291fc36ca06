"""The relay's end of its socket: hands each door the newest message it has room for, and waits for none of them."""

import selectors
import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from device.cameras.rtsp.wire import FrameHead, TroubleHead, packed
from device.errors import CameraError
from device.listening import Listening

MOST_PEERS = 4
"""The service and commands such as `lintel enroll --camera`; with one more, the first to come goes."""


@dataclass(frozen=True, slots=True)
class Message:
    """A trouble, or a frame with its pixels, I420 uint8 [height x 3 / 2, width], contiguous."""

    head: FrameHead | TroubleHead
    pixels: NDArray[np.uint8] | None = None


class Door:
    """A connected program: what is on its way to it, and the newest message behind that."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.next: Message | None = None
        self._number = 0
        self._sending: deque[memoryview] = deque()

    @property
    def is_served(self) -> bool:
        """Whether it has been given everything."""
        return self.next is None and not self._sending

    def send(self) -> None:
        """Sends what there is room for. Raises `OSError` if the connection is gone."""
        while not self.is_served:
            if not self._sending:
                self._begin()
            try:
                sent = self.connection.sendmsg(self._sending, [], socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            except BlockingIOError:
                return
            self._forget(sent)

    def _begin(self) -> None:
        message, self.next = self.next, None
        if message is not None:
            self._number += 1
            self._sending.append(memoryview(packed(replace(message.head, number=self._number))))
            if message.pixels is not None:
                self._sending.append(message.pixels.reshape(-1).data)

    def _forget(self, sent: int) -> None:
        while self._sending and sent >= len(self._sending[0]):
            sent -= len(self._sending.popleft())
        if sent:
            self._sending[0] = self._sending[0][sent:]


class FrameServer:
    """Serves each program that may connect. All methods but `wake` belong to one thread."""

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self.doors: list[Door] = []
        self._newest: Message | None = None
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(listening.connection, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def wake(self) -> None:
        """Ends the wait of `step`; for other threads."""
        with suppress(OSError):
            self._waker.send(b"\0")

    def offer(self, message: Message) -> None:
        """The newest message, in place of one that a door had no room for yet."""
        self._newest = message
        for door in list(self.doors):
            door.next = message
            self._serve(door)

    def step(self, timeout_s: float) -> None:
        """Waits for doors at most `timeout_s`, and serves them."""
        for key, events in self._selector.select(timeout_s):
            if key.fileobj is self._listening.connection:
                self._accept()
            elif not isinstance(key.data, Door):
                self._woken.recv(4096)
            elif events & selectors.EVENT_READ:
                self._drop(key.data)  # it has hung up, or speaks where a door has nothing to say
            else:
                self._serve(key.data)

    def refuse_to_be_removed(self) -> None:
        """Raises `CameraError` once no door can find the socket any more."""
        if not self._listening.is_in_place():
            raise CameraError(
                f"The relay's socket {self._listening.path} was removed.", hint="Leave it to the unit that made it."
            )

    def close(self) -> None:
        """Hangs up on all, and removes the socket; harmless when repeated."""
        for door in list(self.doors):
            self._drop(door)
        self._listening.close()
        for each in (self._waker, self._woken, self._selector):
            each.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.connection.accept()
        except OSError:
            return
        connection.setblocking(False)
        if len(self.doors) >= MOST_PEERS:
            self._drop(self.doors[0])
        door = Door(connection)
        self.doors.append(door)
        self._selector.register(connection, selectors.EVENT_READ, door)
        door.next = self._newest
        self._serve(door)

    def _serve(self, door: Door) -> None:
        if door not in self.doors:  # dropped for another one, just now
            return
        try:
            door.send()
        except OSError:
            self._drop(door)
            return
        wanted = selectors.EVENT_READ | (0 if door.is_served else selectors.EVENT_WRITE)
        self._selector.modify(door.connection, wanted, door)

    def _drop(self, door: Door) -> None:
        if door in self.doors:
            self.doors.remove(door)
            self._selector.unregister(door.connection)
            door.connection.close()
