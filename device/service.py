"""The process shell of a door: signals, watchdog, and a secure door on every way out."""

import math
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
from device.records import BadgeRead, Event, Transaction

POLL_S = 1.0
MAX_READ_AGE_S = 1.0
"""An older badge read is dropped: whoever presented it may be gone."""
NOISE_S = 60.0
"""After an unreadable badge others are only counted for so long: noise on the line writes a row a minute at most."""


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
                datagram.sendto(message.encode(), socket.MSG_DONTWAIT, self._address)


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


class Unserved:
    """Reads that get no answer, counted until they are written down."""

    def __init__(self) -> None:
        self.late = 0
        self._noise = 0
        self._noise_until = -math.inf

    def is_served(self, badge: BadgeRead, now: float) -> bool:
        """Whether a badge that was read gets an answer; otherwise it is counted."""
        if now - badge.at > MAX_READ_AGE_S:
            self.late += 1
            return False
        if badge.credential is not None:
            return True
        if now < self._noise_until:
            self._noise += 1
            return False
        self._noise_until = now + NOISE_S
        return True

    def due(self, now: float) -> Iterator[str]:
        """What is to be written down now. A count begins anew when the next sentence is asked for, that is, only if
        this one could be written.
        """
        if self.late:
            yield f"{self.late} badge read{'s' * (self.late != 1)} dropped that came while the door was busy."
            self.late = 0
        if self._noise and now >= self._noise_until:
            yield f"{self._noise} more unreadable badge read{'s' * (self._noise != 1)} within {NOISE_S:.0f} s."
            self._noise, self._noise_until = 0, now + NOISE_S


class Service:
    """The loop from badge to badge at one door."""

    def __init__(self, doorway: Doorway, settings: Settings, notifier: Notifier, *, in_turn: bool = False) -> None:
        """With `in_turn` every badge gets an answer, one after the other, as on a desk where they are typed; a door
        forgets those that were presented while it was busy.
        """
        self._doorway = doorway
        self._access = Access(doorway, settings)
        self._notifier = notifier
        self._in_turn = in_turn
        self._unserved = Unserved()

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
            with suppress(ReaderEnded):
                self._serve(reader, stop, tell)
        finally:
            door.secure()
            self._notifier.stopping()
            self._write_unserved(math.inf)

    def _serve(self, reader: Reader, stop: Stop, tell: Callable[[Transaction], None]) -> None:
        self._forget_waiting(reader, stop)
        self._notifier.ready()
        while not stop.is_set():
            self._notifier.alive()
            badge = reader.read(POLL_S)
            if badge and self._is_served(badge):
                tell(self._access.swipe(badge, stop))
                if badge.credential is not None:
                    self._forget_waiting(reader, stop)
            self._write_unserved(self._doorway.clock.monotonic())

    def _is_served(self, badge: BadgeRead) -> bool:
        return self._in_turn or self._unserved.is_served(badge, self._doorway.clock.monotonic())

    def _forget_waiting(self, reader: Reader, stop: Stop) -> None:
        """Drops what was presented while nobody could be served, as it says nothing about who is there now.

        A line that never falls silent keeps it no longer than a round.
        """
        clock = self._doorway.clock
        deadline = clock.monotonic() + POLL_S
        while not (self._in_turn or stop.is_set()) and clock.monotonic() < deadline and reader.read(0.0):
            self._unserved.late += 1

    def _write_unserved(self, now: float) -> None:
        """A store that fails does not keep the door from being served; what it did not take is written later."""
        with suppress(StoreError):
            for fault in self._unserved.due(now):
                self._access.note_fault(fault)

    def _note(self, event: Event) -> None:
        with self._doorway.store.audit() as audit:
            audit.note(event, self._doorway.clock.utc())

    def _note_fault(self, error: LintelError) -> None:
        """The fault itself is raised all the same, so a store that fails as well changes nothing."""
        with suppress(StoreError):
            self._access.note_fault(error.message)
