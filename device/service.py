"""The process shell of a door: signals, watchdog, and a secure door on every way out."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from device.access import Access, Doorway
from device.clock import Stop
from device.config import Settings
from device.errors import DoorError, LintelError, ReaderEnded, ReaderError, StoreError
from device.ports import Reader
from device.records import Event, Transaction

POLL_S = 1.0


class Notifier:
    """Tells systemd how the process is (sd_notify(3)); without systemd it does nothing."""

    def __init__(self, address: str | None) -> None:
        """`address` is NOTIFY_SOCKET, a path or an abstract name that begins with @."""
        self._address = address and (f"\0{address[1:]}" if address.startswith("@") else address)

    @classmethod
    def of_environment(cls) -> "Notifier":
        """The notifier of the service manager that started this process."""
        return cls(os.environ.get("NOTIFY_SOCKET"))

    def ready(self) -> None:
        """The door is in operation."""
        self._send("READY=1")

    def alive(self) -> None:
        """Feeds the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The process is on its way out."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        """A service manager that does not listen is no reason to give up the door."""
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
                datagram.sendto(message.encode(), self._address)


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Sets `stop` on SIGTERM, SIGINT and SIGHUP within the block; a pulse under way ends at once."""

    def request(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, request) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Service:
    """The loop from badge to badge at one door."""

    def __init__(self, doorway: Doorway, settings: Settings, notifier: Notifier) -> None:
        self._doorway = doorway
        self._access = Access(doorway, settings)
        self._notifier = notifier

    def run(self, reader: Reader, stop: Stop, tell: Callable[[Transaction], None]) -> None:
        """Serves badges until `stop` is set or the reader's input ends; the door is secured at the start and at the
        end.

        Raises `DoorError`, `ReaderError` or `StoreError` when the door cannot go on; the fault is in the audit if it
        can be.
        """
        try:
            self._serve_secured(reader, stop, tell)
        except (DoorError, ReaderError) as error:
            self._note_fault(error)
            raise
        self._note(Event.SERVICE_STOPPED)

    def _serve_secured(self, reader: Reader, stop: Stop, tell: Callable[[Transaction], None]) -> None:
        door = self._doorway.door
        door.secure()
        try:
            self._note(Event.SERVICE_STARTED)
            self._notifier.ready()
            self._serve(reader, stop, tell)
        finally:
            door.secure()
            self._notifier.stopping()

    def _serve(self, reader: Reader, stop: Stop, tell: Callable[[Transaction], None]) -> None:
        while not stop.is_set():
            self._notifier.alive()
            try:
                badge = reader.read(POLL_S)
            except ReaderEnded:
                return
            if badge:
                tell(self._access.swipe(badge, stop))

    def _note(self, event: Event) -> None:
        with self._doorway.store.audit() as audit:
            audit.note(event, self._doorway.clock.utc())

    def _note_fault(self, error: LintelError) -> None:
        """The fault itself is raised all the same, so a store that fails as well changes nothing."""
        with suppress(StoreError):
            self._access.note_fault(error.message)
