"""OSDP v2 readers: Lintel is the control panel (ACU) on a serial line, through libosdp.

What such a reader promises: cards and keys come encrypted and authenticated from the reader on, with a key of the
reader's own (`lintel readers osdp-keyset` sets it). Clear text and the default key SCBK-D are refused; no badge is
taken unless the secure channel was there when it came, and unless its own reply had a MAC (`osdp_frames`). A reader
that is lost, with its line or alone, says so once and is looked for until it is found.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from device.errors import ReaderError
from device.ports import Clock
from device.readers.context import ReaderContext
from device.readers.formats import FormatTable, formats_for
from device.readers.osdp.keys import KeyFiles
from device.readers.osdp.line import Line, Station
from device.readers.osdp.panel import MAX_PEERS, Peer
from device.readers.osdp.wire import Wire
from device.records import ReaderEvent, Signal
from device.settings.tables import ReaderSettings


class OsdpReader:
    """`Reader` of one OSDP address. It goes on looking for a lost reader, and fails only if its line's thread does."""

    def __init__(self, line: Line, station: Station, clock: Clock) -> None:
        self._line = line
        self._station = station
        self._clock = clock
        self._closed = False
        line.join()

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """The next event, or None if none came within `timeout_s`.

        Raises `ReaderError` when the line's thread has ended, after what came before.
        """
        self._refuse_if_closed()
        mailbox = self._station.mailbox
        if event := mailbox.take():
            return event
        self._clock.wait(mailbox.filled, timeout_s)
        return mailbox.take()

    def show(self, signal: Signal) -> None:
        """By LED, buzzer and text, as far as the reader has them; as soon as it is found, if it is lost.

        Raises `ReaderError` when the line's thread has ended.
        """
        self._refuse_if_closed()
        if self._line.fault:
            raise self._line.fault
        self._station.signal = (self._station.signal[0] + 1, signal)

    def close(self) -> None:
        """Lets the line go when its last reader is closed; harmless when repeated."""
        if not self._closed:
            self._closed = True
            self._line.leave()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ReaderError("The badge reader is closed.", hint="Open it again.")


def open_readers(settings: tuple[ReaderSettings, ...], around: ReaderContext) -> dict[str, OsdpReader]:
    """The readers, by name. Those with one `source` share its line.

    Raises `ReaderError` for a key or a line that is missing or unusable, and for settings that cannot go together;
    `ConfigError` for card formats; `DependencyMissing` without libosdp.
    """
    lines: dict[str, list[ReaderSettings]] = defaultdict(list)
    for one in settings:
        lines[one.source].append(one)
    peers = {source: _peers(sharing, around) for source, sharing in lines.items()}
    readers: dict[str, OsdpReader] = {}
    try:
        for source, sharing in lines.items():
            line = open_line(sharing[0], peers[source], around.clock)
            readers |= {station.peer.name: OsdpReader(line, station, around.clock) for station in line.stations}
    except BaseException:
        for reader in readers.values():
            reader.close()
        raise
    return readers


def open_line(first: ReaderSettings, peers: list[tuple[Peer, FormatTable]], clock: Clock) -> Line:
    """A line in operation for the readers on it. Raises `ReaderError`, `DependencyMissing`."""
    wire = Wire(first.source, first.baud_rate, clock)
    wire.open()
    try:
        return Line(wire, peers, clock)
    except BaseException:
        wire.close()
        raise


def _peers(sharing: list[ReaderSettings], around: ReaderContext) -> list[tuple[Peer, FormatTable]]:
    """The readers of one line with their keys and formats. Raises `ReaderError`, `ConfigError`."""
    refuse_mixtures(sharing)
    return [peer_of(one, around) for one in sharing]


def peer_of(one: ReaderSettings, around: ReaderContext) -> tuple[Peer, FormatTable]:
    """A reader as its line knows it. Raises `ReaderError` for its key, `ConfigError` for its formats."""
    files = KeyFiles(around.state_dir, one.name)
    is_in_doubt = files.proposed() is not None
    peer = Peer(
        one.name,
        one.address,
        files.key(),
        is_in_doubt,
        files.identity(),
        files.remember,
        one.turn_left,
        one.turn_right,
    )
    return peer, formats_for(one.formats, around.own_formats)


def refuse_mixtures(sharing: Sequence[ReaderSettings]) -> None:
    """What cannot be on one line. Raises `ReaderError`."""
    source, addresses = sharing[0].source, [one.address for one in sharing]
    if twice := _twice(addresses):
        names = " and ".join(one.name for one in sharing if one.address == twice[0])
        raise ReaderError(
            f"The readers {names} have the same address {twice[0]} on the line {source}.",
            hint="Give each reader on a line an `address` of its own, on the reader as well.",
        )
    if len(rates := {one.baud_rate for one in sharing}) > 1:
        raise ReaderError(
            f"The readers on the line {source} have different rates: {', '.join(map(str, sorted(rates)))}.",
            hint="Set the same `baud_rate` for all readers on a line, and on the readers themselves.",
        )
    if len(sharing) > MAX_PEERS:
        raise ReaderError(
            f"The line {source} has {len(sharing)} readers, but no more than {MAX_PEERS} can share a line.",
            hint="Connect the others to a line of their own.",
        )


def _twice(values: Iterable[int]) -> list[int]:
    seen, twice = set[int](), []
    for value in values:
        if value in seen:
            twice.append(value)
        seen.add(value)
    return twice
