"""Opens a reader of lines, and what it read."""

from pathlib import Path

from device.clock import SystemClock
from device.ports import Reader
from device.readers.context import ReaderContext
from device.readers.streams import StreamReader
from device.readers.typed.lines import LineParser, open_reader
from device.records import BadgeRead, Credential, Security
from device.settings.tables import ReaderSettings
from device.virtual.clock import SimulatedClock
from tests.waiting import PATIENCE_S

EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)


def opened(source: str, baud_rate: int = 9600) -> Reader:
    return open_reader(
        ReaderSettings(name="front", source=source, baud_rate=baud_rate),
        ReaderContext(SystemClock(), lambda: None, Path()),
    )


def reader_of(descriptor: int, clock: SystemClock | SimulatedClock) -> StreamReader:
    """As of standard input."""
    return StreamReader(descriptor, LineParser("front", Security.LOCAL), clock, may_end=True)


def next_credential(reader: Reader) -> Credential | None:
    """Of the next badge; None if it is unreadable."""
    read = reader.read(PATIENCE_S)
    assert isinstance(read, BadgeRead)
    return read.credential


def reads(reader: Reader) -> list[BadgeRead]:
    """Everything that has been written so far."""
    found = []
    while (read := reader.read(0.0)) is not None:
        assert isinstance(read, BadgeRead)
        found.append(read)
    return found


def credentials(reader: Reader) -> list[Credential | None]:
    return [read.credential for read in reads(reader)]
