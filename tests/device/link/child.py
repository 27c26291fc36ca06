"""A link in a process of its own that writes each event into a file: `python -m tests.device.link.child SOCKET FOLDER`.

The file is the far side: an event is acknowledged once its line is written. Whoever kills the process may cut a line.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from device.clock import Stop
from device.link.events import LinkEvent
from device.link.process import Folders, Link
from device.link.wires import Integration
from device.records import DoorStatus
from device.signals import stopped_by_signals

EVENTS = "events.jsonl"


class FileWire:
    """`Wire` to a file."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / EVENTS).open("ab", buffering=0)

    def open(self) -> None:
        """A line that was cut stays by itself."""
        self._file.write(b"\n")

    def deliver(self, events: Sequence[LinkEvent]) -> None:
        for event in events:
            self._file.write(msgspec.json.encode([event.id, event.uid]) + b"\n")

    def show(self, doors: tuple[DoorStatus, ...]) -> None:
        """Nothing here shows doors."""

    def close(self) -> None:
        """The file stays open."""


def main(socket: Path, folder: Path) -> None:
    stop = Stop()
    with stopped_by_signals(stop):
        wire = FileWire(folder)
        Link((Integration("file", wire),), socket, Folders(folder, folder), print).run(stop)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
