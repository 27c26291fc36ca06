"""Rows for the tests of subscriptions: a `Source` that can fail, hang and lose its end, and a line that is cut."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

from device.control.client import Client, Lost
from device.control.desk import door_desk
from device.control.feed import Page, Source
from device.control.messages import Row, Update
from device.control.server import ControlServer
from device.control.subscriptions import Pace
from device.errors import StoreError
from tests.device.control.bench import Notes, ToldDoor
from tests.waiting import PATIENCE_S

QUICK = Pace(poll_s=0.001, beat_s=1.0, stall_s=20.0, hangs_s=0.2)
IMPATIENT = Pace(poll_s=0.001, beat_s=0.05, stall_s=0.3, hangs_s=0.2)


class Ledger:
    """`Source` of rows with numbers from 1 on."""

    def __init__(self, count: int = 0) -> None:
        self.rows: list[Row] = []
        self.reads = 0
        self.first = 1
        """Number of the first row that was not cut."""
        self.failure = ""
        self.hang: threading.Event | None = None
        self.add(count)

    def add(self, count: int = 1, detail: str = "") -> None:
        begin = len(self.rows)
        self.rows += [
            Row(begin + number, "2026-11-30T10:00:00+00:00", "decision", badge="17:1001", person_id=4, fault=detail)
            for number in range(1, count + 1)
        ]

    def after(self, row: int, count: int) -> Page:
        self.reads += 1
        self._answer()
        rows, behind = self.rows, max(0, row, self.first - 1)
        return Page(tuple(rows[behind : behind + count]), len(rows))

    def before_newest(self, count: int) -> int:
        self._answer()
        return max(0, len(self.rows) - count)

    def signature(self) -> object:
        return len(self.rows)

    def _answer(self) -> None:
        if self.hang is not None:
            self.hang.wait(PATIENCE_S)
        if self.failure:
            raise StoreError(self.failure, hint="Wait.")


def serving(path: Path, ledger: Ledger, pace: Pace = QUICK) -> ControlServer:
    """A service whose audit is the ledger."""
    return ControlServer(path, door_desk({"main": ToldDoor()}, Notes()), ledger, pace=pace)


def serving_rows(path: Path, rows: Source) -> ControlServer:
    """A service with these rows."""
    return ControlServer(path, door_desk({}, Notes()), rows, pace=Pace(poll_s=0.01, beat_s=0.1))


def client(path: Path) -> Client:
    """One that looks for a lost service without a pause."""
    return Client(path, sleep=lambda _seconds: None)


def numbers(updates: Iterator[Update | Lost], count: int) -> list[int]:
    """The numbers of the next `count` rows."""
    found: list[int] = []
    while len(found) < count:
        update = next(updates)
        if isinstance(update, Row):
            found.append(update.id)
    return found


class CutLine:
    """Stands between a client and the service, and cuts each connection after so many bytes of its answers."""

    def __init__(self, path: Path, service: Path, cuts: list[int]) -> None:
        """After the last of `cuts` everything comes through."""
        self._service = service
        self._cuts = chain(cuts, repeat(1 << 40))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(near, next(self._cuts)), daemon=True).start()

    def _carry(self, near: socket.socket, left: int) -> None:
        with contextlib.suppress(OSError), near, socket.socket(socket.AF_UNIX) as far:
            far.connect(str(self._service))
            far.sendall(near.recv(1024))
            while left and (said := far.recv(min(left, 4096))):
                left -= len(said)
                near.sendall(said)
