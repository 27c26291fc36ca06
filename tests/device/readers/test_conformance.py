"""Each reader that is a file, a serial line or a socket does what every reader must, on a real one."""

import os
import pty
import socket
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from device.clock import SystemClock
from device.credentials import format_badge
from device.ports import Reader
from device.readers import rdm6300, sockets
from device.readers.context import ReaderContext
from device.readers.group import ReaderGroup
from device.readers.part import Member
from device.readers.pn532 import reader as pn532
from device.readers.recovery import Recovered
from device.readers.streams import StreamReader
from device.readers.typed import lines, wedge
from device.records import Credential, Notice, ReaderNotice
from device.settings.tables import ReaderSettings
from device.virtual.reader import SimulatedReader
from tests.device.readers.conformance import ReaderConformance, Rig
from tests.device.readers.pn532.chip import Chip, ChipCard
from tests.there import there

NAME = "front"
BADGES = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)
NUMBERS = Credential("number", 0, 1001), Credential("number", 0, 0xFEDCBA98)
SERIAL_NUMBERS = Credential("csn4", 0, 0x12345678), Credential("csn7", 0, 0x04A1B2C3D4E5F6)


def around(clock: SystemClock) -> ReaderContext:
    return ReaderContext(clock, lambda: None, Path())


@contextmanager
def far_end(make_reader: Callable[..., Any]) -> Iterator[tuple[StreamReader, int, Callable[..., Any]]]:
    """A reader of a pseudo-terminal, the descriptor of its far end, and how to pull the plug."""
    far, near = pty.openpty()
    open_ends = {far}

    def unplug() -> None:
        open_ends.clear()
        os.close(far)

    with closing(make_reader(os.ttyname(near))) as reader:
        os.close(near)
        yield reader, far, unplug
    for descriptor in open_ends:
        os.close(descriptor)


class Jumping(SystemClock):
    """The system's clock, but a sleep takes no time."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s

    def sleep(self, seconds: float) -> None:
        self.ahead_s += max(0.0, seconds)


class Opened:
    """Opens a reader of a kind on the system's clock, or another."""

    def __init__(self, module: ModuleType, clock: Jumping | None = None) -> None:
        self.clock = clock or SystemClock()
        self._module = module

    def open(self, source: str) -> Reader:
        opened: Reader = self._module.open_reader(ReaderSettings(name=NAME, source=source), around(self.clock))
        return opened


def line(credential: Credential) -> bytes:
    return format_badge(credential).encode() + b"\r\n"


class TestLinesOfASerialDevice(ReaderConformance):
    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        opened = Opened(lines)
        with far_end(opened.open) as (reader, far, unplug):
            yield Rig(
                reader,
                NAME,
                opened.clock,
                lambda card: os.write(far, line(card)),
                BADGES,
                lambda: os.write(far, b"garbage\n"),
                unplug,
            )


class TestLinesOfAFifo(ReaderConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        path, opened = tmp_path / "fifo", Opened(lines)
        os.mkfifo(path)
        with closing(opened.open(str(path))) as reader, path.open("wb", buffering=0) as pipe:
            yield Rig(
                reader,
                NAME,
                opened.clock,
                lambda card: pipe.write(line(card)),
                BADGES,
                lambda: pipe.write(b"garbage\n"),
            )


def frame(credential: Credential) -> bytes:
    tag = b"\x0b" + credential.number.to_bytes(4)
    checksum = tag[0] ^ tag[1] ^ tag[2] ^ tag[3] ^ tag[4]
    return b"\x02" + (tag.hex() + f"{checksum:02x}").upper().encode() + b"\x03"


class TestRdm6300(ReaderConformance):
    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        opened = Opened(rdm6300)
        with far_end(opened.open) as (reader, far, unplug):
            yield Rig(
                reader,
                NAME,
                opened.clock,
                lambda card: os.write(far, frame(card)),
                NUMBERS,
                lambda: os.write(far, b"\x02" + b"0" * 11 + b"1\x03"),
                unplug,
            )


class TestPn532(ReaderConformance):
    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        opened, chip = Opened(pn532, Jumping()), None

        def open_with_chip(source: str) -> Reader:
            nonlocal chip
            chip = Chip(far)
            return opened.open(source)

        far, near = pty.openpty()
        with closing(open_with_chip(os.ttyname(near))) as reader:
            os.close(near)

            def present(credential: Credential) -> None:
                size = 4 if credential.format == "csn4" else 7
                there(chip).card = ChipCard(credential.number.to_bytes(size))

            yield Rig(
                reader,
                NAME,
                opened.clock,
                present,
                SERIAL_NUMBERS,
                lambda: setattr(chip, "card", ChipCard(b"\x01\x02\x03\x04\x05")),
                lambda: setattr(chip, "dead", True),
                lambda: setattr(chip, "card", None),
            )
        there(chip).stop()
        os.close(far)


SHIFT, COLON, ENTER = 42, 39, 28
DIGITS = dict(zip("1234567890", range(2, 12), strict=True))


def key(code: int, value: int) -> bytes:
    return struct.pack("llHHi", 0, 0, 1, code, value) + struct.pack("llHHi", 0, 0, 0, 0, 0)


def strokes(text: str) -> bytes:
    """The events of a keyboard wedge that types `FACILITY:NUMBER` and Enter."""
    typed = b""
    for character in text:
        if character == ":":
            typed += key(SHIFT, 1) + key(COLON, 1) + key(COLON, 0) + key(SHIFT, 0)
        else:
            typed += key(DIGITS[character], 1) + key(DIGITS[character], 0)
    return typed + key(ENTER, 1) + key(ENTER, 0)


class TestWedge(ReaderConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        path, clock = tmp_path / "event0", SystemClock()
        os.mkfifo(path)
        settings = ReaderSettings(name=NAME, source=str(path))
        with closing(wedge.open_keyboard(settings, around(clock), lambda _: None)) as reader:
            keyboard = path.open("wb", buffering=0)
            yield Rig(
                reader,
                NAME,
                clock,
                lambda card: keyboard.write(strokes(format_badge(card))),
                BADGES,
                lambda: keyboard.write(strokes("1:2:3")),
                keyboard.close,
            )
            keyboard.close()


class TestSocket(ReaderConformance):
    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        opened = Opened(sockets)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "badges"
            with (
                closing(opened.open(str(path))) as reader,
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client,
            ):
                client.connect(str(path))
                yield Rig(
                    reader,
                    NAME,
                    opened.clock,
                    lambda card: client.sendall(line(card)),
                    BADGES,
                    lambda: client.sendall(b"garbage\n"),
                    path.unlink,
                )


class TestRecovered(ReaderConformance):
    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        opened = Opened(lines)
        with far_end(opened.open) as (first, far, unplug):
            reader = Recovered(partial(opened.open, "/dev/nothing"), first, name=NAME, clock=opened.clock)
            with closing(reader):
                yield Rig(
                    reader,
                    NAME,
                    opened.clock,
                    lambda card: os.write(far, line(card)),
                    BADGES,
                    lambda: os.write(far, b"garbage\n"),
                    unplug,
                )

    def test_loss_is_a_notice(self, rig: Rig) -> None:
        assert rig.unplug is not None
        rig.unplug()
        assert rig.next(ReaderNotice).notice is Notice.LOST


class TestGroup(ReaderConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        opened, path = Opened(lines), tmp_path / "fifo"
        os.mkfifo(path)
        with far_end(opened.open) as (first, far, unplug):
            reader = ReaderGroup((Member(opened.open(str(path))), Member(first, NAME)), opened.clock)
            with closing(reader):
                yield Rig(
                    reader,
                    NAME,
                    opened.clock,
                    lambda card: os.write(far, line(card)),
                    BADGES,
                    lambda: os.write(far, b"garbage\n"),
                    unplug,
                    spacing_s=0.0,
                )


class TestSimulated(ReaderConformance):
    @pytest.fixture
    def rig(self) -> Rig:
        clock = SystemClock()
        reader = SimulatedReader(clock, NAME)
        return Rig(
            reader,
            NAME,
            clock,
            reader.present,
            BADGES,
            lambda: reader.present(None),
            lambda: setattr(reader, "broken", True),
        )
