"""A link in this process, beside a service whose audit is a ledger."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from device.clock import Stop
from device.link.cursor import Cursor
from device.link.health import Report, read_report
from device.link.process import Folders, Link
from device.link.wires import Integration
from tests.device.link.wires import QUICK, NotedWire
from tests.waiting import PATIENCE_S


@dataclass
class Running:
    """What a test sees of it."""

    folder: Path
    said: list[str] = field(default_factory=list)

    def report(self) -> Report:
        return read_report(self.folder)

    @property
    def row(self) -> int | None:
        newest = Cursor(self.folder, "noted").read().newest
        return None if newest is None else newest.row


@contextmanager
def linked(socket: Path, folder: Path, wire: NotedWire, *, names: bool = False) -> Iterator[Running]:
    """The link until the end of the block, with one integration."""
    running, stop = Running(folder), Stop()
    link = Link((Integration("noted", wire, names),), socket, Folders(folder, folder), running.said.append, QUICK)
    thread = threading.Thread(target=link.run, args=(stop,))
    thread.start()
    try:
        yield running
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
