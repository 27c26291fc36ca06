"""OSDP readers that are opened one by one, and again when they are lost, although they share a line."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from device.errors import ConfigError, ReaderError
from device.ports import Reader
from device.readers.context import ReaderContext
from device.readers.formats import FormatTable
from device.readers.osdp.line import Line
from device.readers.osdp.panel import Peer
from device.readers.osdp.reader import OsdpReader, open_line, peer_of, refuse_mixtures
from device.settings.tables import ReaderSettings


class SharedLine:
    """A line that is open while one of its readers is. A reader without a key doesn't keep the others from working."""

    def __init__(self, sharing: tuple[ReaderSettings, ...], around: ReaderContext) -> None:
        self._sharing = sharing
        self._around = around
        self._line: Line | None = None
        self._lock = threading.Lock()

    def open(self, settings: ReaderSettings) -> OsdpReader:
        """One of its readers; the line is opened with all that can be.

        Raises `ReaderError` for a line or a key that is missing or unusable and for readers that cannot share a line,
        `ConfigError` for its formats, `DependencyMissing` without libosdp.
        """
        with self._lock:
            peer_of(settings, self._around)
            line = self._running()
            for station in line.stations:
                if station.peer.name == settings.name:
                    return OsdpReader(line, station, self._around.clock)
        raise ReaderError(
            f"The line {settings.source} was opened without the reader {settings.name}, which had no usable key then.",
            hint="Restart the service.",
        )

    def _running(self) -> Line:
        if self._line is None or not self._line.is_running:
            refuse_mixtures(self._sharing)
            self._line = open_line(self._sharing[0], self._usable(), self._around.clock)
        return self._line

    def _usable(self) -> list[tuple[Peer, FormatTable]]:
        peers = []
        for one in self._sharing:
            with suppress(ReaderError, ConfigError):
                peers.append(peer_of(one, self._around))
        return peers


def openers(readers: tuple[ReaderSettings, ...], around: ReaderContext) -> dict[str, Callable[[], Reader]]:
    """What opens each reader, by name. Those with one `source` share its line."""
    sources = {one.source for one in readers}
    lines = {source: SharedLine(tuple(one for one in readers if one.source == source), around) for source in sources}
    return {one.name: partial(lines[one.source].open, one) for one in readers}
