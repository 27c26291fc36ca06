"""Badges as lines of text, over a FIFO, a pipe and a terminal."""

import fcntl
import os
import pty
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.clock import SystemClock
from device.credentials import format_badge
from device.errors import ReaderEnded, ReaderError
from device.ports import Reader
from device.readers.context import ReaderContext
from device.readers.lines import LineParser, open_reader
from device.readers.serial_line import RATES
from device.readers.streams import StreamReader
from device.records import BadgeRead, Credential, Security, Signal
from device.settings.tables import ReaderSettings
from device.virtual.clock import SimulatedClock
from tests.device.readers.events import as_badge

LINE_TIME_S = 1.0
MAX_LINE = 80
CHUNK = 4096
REST_S = 0.01

EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)
SOON_S = 5.0
"""Never waited for where something was written before."""


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
    read = reader.read(SOON_S)
    assert isinstance(read, BadgeRead)
    return read.credential


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[tuple[Reader, int]]:
    """A reader of a FIFO and the descriptor to write to."""
    path = tmp_path / "reader"
    os.mkfifo(path)
    reader = opened(str(path))
    writer = os.open(path, os.O_WRONLY)
    yield reader, writer
    os.close(writer)
    reader.close()


@pytest.fixture
def terminal() -> Iterator[tuple[Reader, int]]:
    """A reader of a terminal, as a serial line is one, and the descriptor of its other end."""
    ours, theirs = pty.openpty()
    reader = opened(os.ttyname(theirs))
    os.close(theirs)
    with os.fdopen(ours, "wb", buffering=0) as far_end:
        yield reader, far_end.fileno()
    reader.close()


@pytest.fixture
def pipe() -> Iterator[tuple[Reader, int]]:
    """A reader of a pipe, as standard input is one, and the descriptor to write to."""
    ours, theirs = os.pipe()
    reader = reader_of(ours, SystemClock())
    yield reader, theirs
    reader.close()


def reads(reader: Reader) -> list[BadgeRead]:
    """Everything that has been written so far."""
    found = []
    while (read := reader.read(0.0)) is not None:
        assert isinstance(read, BadgeRead)
        found.append(read)
    return found


def credentials(reader: Reader) -> list[Credential | None]:
    return [read.credential for read in reads(reader)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\n\n\r\n", b" \n"], ids=repr)
def test_line_ends(pipe: tuple[Reader, int], end: bytes) -> None:
    reader, writer = pipe
    os.write(writer, b"17:1001" + end + b"17:1002" + end)
    assert credentials(reader) == [EILEEN, GRACE]
    os.close(writer)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=repr)
def test_line_ends_of_a_serial_line(terminal: tuple[Reader, int], end: bytes) -> None:
    reader, far_end = terminal
    os.write(far_end, b"17:1001" + end + b"17:1002" + end)
    assert credentials(reader) == [EILEEN, GRACE]


def test_line_comes_in_pieces(pipe: tuple[Reader, int]) -> None:
    reader, writer = pipe
    os.write(writer, b"17:")
    before = credentials(reader)
    os.write(writer, b"1001\n")
    os.close(writer)
    assert (before, next_credential(reader)) == ([], EILEEN)


@pytest.mark.parametrize("length", [MAX_LINE + 1, 4096, 5000, 8192, 20_000])
def test_tail_of_a_line_that_is_too_long_is_no_badge(fifo: tuple[Reader, int], length: int) -> None:
    reader, writer = fifo
    os.write(writer, b"x" * length + b"17:1001\n17:1002\n")
    assert [next_credential(reader) for _ in range(2)] == [None, GRACE]


def test_tail_of_a_line_that_is_too_long_is_no_badge_when_it_comes_later(fifo: tuple[Reader, int]) -> None:
    reader, writer = fifo
    os.write(writer, b"x" * (MAX_LINE + 1))
    before = credentials(reader)
    os.write(writer, b"17:1001\n17:1002\n")
    assert (before, credentials(reader)) == ([None], [GRACE])


def test_line_without_an_end_is_told_once_it_is_too_long(fifo: tuple[Reader, int]) -> None:
    reader, writer = fifo
    os.write(writer, b"x" * (MAX_LINE + 1))
    assert credentials(reader) == [None]


def test_endless_line_keeps_nobody_waiting_and_fills_no_memory(fifo: tuple[Reader, int]) -> None:
    reader, writer = fifo
    found = []
    for _ in range(100):
        os.write(writer, b"x" * 4096)
        found += credentials(reader)
    assert found == [None]


def test_flood_without_lines_leaves_the_processor_to_others(
    pipe: tuple[Reader, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a tenth of a second no more is read than a rest after each chunk allows."""
    reader, writer = pipe
    chunks: list[bytes | None] = []

    def flooded(_: int) -> bytes:
        chunks.append(b"x" * CHUNK)
        return b"x" * CHUNK

    monkeypatch.setattr("device.readers.streams.received_from", flooded)
    monkeypatch.setattr("device.readers.streams.has_come", lambda *_: True)
    reader.read(0.0)
    reader.read(0.1)
    os.close(writer)
    assert len(chunks) < 0.1 / REST_S + 10


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=MAX_LINE).filter(lambda line: not set(line) & set(b"\r\n")), max_size=20))
def test_any_lines_are_badges_or_unreadable(lines: list[bytes]) -> None:
    ours, theirs = os.pipe()
    reader = reader_of(ours, SystemClock())
    os.write(theirs, b"\n".join([*lines, b""]))
    found = credentials(reader) if lines else []
    os.close(theirs)
    reader.close()
    assert len(found) == sum(bool(line.strip()) for line in lines)


@pytest.mark.parametrize("byte", [b"\x03", b"\x04", b"\x13", b"\x15", b"\x1a", b"\x1c", b"\x7f"], ids=repr)
def test_control_bytes_on_a_serial_line_are_noise(terminal: tuple[Reader, int], byte: bytes) -> None:
    reader, far_end = terminal
    os.write(far_end, byte + b"\n17:1001\n")
    assert credentials(reader)[-1:] == [EILEEN]


def test_reader_on_a_serial_line_sends_nothing_back(terminal: tuple[Reader, int]) -> None:
    reader, far_end = terminal
    os.write(far_end, b"17:1001\n")
    credentials(reader)
    os.set_blocking(far_end, False)
    with pytest.raises(BlockingIOError):
        os.read(far_end, 100)


def test_end_of_the_input_comes_after_the_last_line(pipe: tuple[Reader, int]) -> None:
    reader, writer = pipe
    os.write(writer, b"17:1001")
    os.close(writer)
    assert next_credential(reader) == EILEEN


def test_end_of_the_input_is_told_every_time(pipe: tuple[Reader, int]) -> None:
    reader, writer = pipe
    os.close(writer)
    with pytest.raises(ReaderEnded):
        reader.read(SOON_S)
    with pytest.raises(ReaderEnded):
        reader.read(SOON_S)


def test_serial_line_that_hangs_up_is_a_fault() -> None:
    ours, theirs = pty.openpty()
    reader = opened(os.ttyname(theirs))
    os.close(theirs)
    os.close(ours)
    with pytest.raises(ReaderError, match="gone") as fault:
        reader.read(SOON_S)
    reader.close()
    assert not isinstance(fault.value, ReaderEnded)


def test_fifo_outlives_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "reader"
    os.mkfifo(path)
    reader = opened(str(path))
    for _ in range(2):
        path.write_bytes(b"17:1001\n")
    assert credentials(reader) == [EILEEN, EILEEN]
    reader.close()


def test_close_gives_the_descriptor_back(tmp_path: Path) -> None:
    path = tmp_path / "reader"
    os.mkfifo(path)
    open_before = open_descriptors()
    opened(str(path)).close()
    assert open_descriptors() == open_before


def test_standard_input_stays_open() -> None:
    before = os.fstat(0)
    opened("stdin").close()
    assert os.fstat(0).st_ino == before.st_ino


@pytest.mark.parametrize("name", ["none", "folder", "file", "a\0b"], ids=["missing", "folder", "file", "zero byte"])
def test_what_is_no_reader_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ReaderError, match="No badge reader at"):
        opened(str(tmp_path / name))


def test_what_is_no_reader_leaves_no_descriptor(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    open_before = open_descriptors()
    with pytest.raises(ReaderError):
        opened(str(tmp_path / "file"))
    assert open_descriptors() == open_before


@pytest.fixture
def watched_pipe() -> Iterator[tuple[Reader, int, SimulatedClock]]:
    """A reader on a clock that stands still, and the descriptor to write to."""
    clock = SimulatedClock()
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    reader = reader_of(ours, clock)
    yield reader, theirs, clock
    reader.close()
    os.close(theirs)


def test_beginning_of_a_lost_line_is_no_part_of_the_next(watched_pipe: tuple[Reader, int, SimulatedClock]) -> None:
    """Glued together they could be the badge of somebody who is not there, and so could the end alone."""
    reader, writer, clock = watched_pipe
    os.write(writer, b"1")
    before = credentials(reader)
    clock.sleep(LINE_TIME_S + 0.1)
    os.write(writer, b"7:1001\n17:1001\n")
    assert (before, credentials(reader)) == ([], [None, EILEEN])


def test_end_of_a_torn_line_is_no_badge(watched_pipe: tuple[Reader, int, SimulatedClock]) -> None:
    reader, writer, clock = watched_pipe
    os.write(writer, b"17:")
    credentials(reader)
    clock.sleep(LINE_TIME_S + 0.1)
    os.write(writer, b"4242\n")
    assert credentials(reader) == [None]


def test_line_may_take_its_time(watched_pipe: tuple[Reader, int, SimulatedClock]) -> None:
    reader, writer, clock = watched_pipe
    for piece in (b"1", b"7:10", b"01\n"):
        assert credentials(reader) == []
        clock.sleep(LINE_TIME_S / 2)
        os.write(writer, piece)
    assert credentials(reader) == [EILEEN]


def test_noise_without_an_end_does_not_swallow_the_badge_after_a_pause(
    watched_pipe: tuple[Reader, int, SimulatedClock],
) -> None:
    reader, writer, clock = watched_pipe
    os.write(writer, b"x" * (MAX_LINE + 1))
    before = credentials(reader)
    clock.sleep(LINE_TIME_S + 0.1)
    os.write(writer, b"17:1001\n")
    assert (before, credentials(reader)) == ([None], [EILEEN])


def test_badge_is_stamped_when_it_is_received(watched_pipe: tuple[Reader, int, SimulatedClock]) -> None:
    reader, writer, clock = watched_pipe
    os.write(writer, b"17:1001\n17:1002\n")
    clock.sleep(2.0)
    reader.read(0.0)
    clock.sleep(3.0)
    assert reader.read(0.0) == BadgeRead(GRACE, 2.0, "front", Security.LOCAL)


def test_false_alarm_is_no_fault(
    watched_pipe: tuple[Reader, int, SimulatedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another program takes what has come."""
    reader, writer, _ = watched_pipe
    monkeypatch.setattr("device.readers.streams.has_come", lambda *_: True)
    alarms = iter([0.0, 0.0, 2.0])
    assert isinstance(reader, StreamReader)
    monkeypatch.setattr(reader._clock, "monotonic", lambda: next(alarms))
    assert reader.read(1.0) is None
    os.write(writer, b"17:1001\n")
    monkeypatch.undo()
    assert next_credential(reader) == EILEEN


def test_line_that_cannot_be_made_raw_is_a_fault_and_leaves_no_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr("termios.tcsetattr", refused)
    ours, theirs = pty.openpty()
    open_before = open_descriptors()
    with pytest.raises(ReaderError, match=r"cannot be opened: Input/output error"):
        opened(os.ttyname(theirs))
    assert open_descriptors() == open_before
    for descriptor in (ours, theirs):
        os.close(descriptor)


def test_descriptor_that_is_none_is_a_fault() -> None:
    ours, theirs = os.pipe()
    reader = reader_of(ours, SystemClock())
    os.close(ours)
    os.close(theirs)
    with pytest.raises(ReaderError, match="gone: Bad file descriptor"):
        reader.read(0.0)


def test_closed_reader_is_a_fault(terminal: tuple[Reader, int]) -> None:
    reader, _ = terminal
    reader.close()
    with pytest.raises(ReaderError, match="closed"):
        reader.read(0.0)


def test_descriptor_above_1023_is_read() -> None:
    """Where `select` gives up."""
    ours, theirs = os.pipe()
    high = fcntl.fcntl(ours, fcntl.F_DUPFD, 1024)
    os.close(ours)
    reader = reader_of(high, SystemClock())
    os.write(theirs, b"17:1001\n")
    assert next_credential(reader) == EILEEN
    reader.close()
    os.close(theirs)


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (b"garbage\n", "a line that is not a badge, of 7 characters"),
        (b"x" * 100, "a line of more than 80 characters"),
        (b"17:1001\n", ""),
    ],
    ids=["no badge", "too long", "badge"],
)
def test_fault_says_what_is_wrong(fifo: tuple[Reader, int], sent: bytes, fault: str) -> None:
    reader, writer = fifo
    os.write(writer, sent)
    assert [read.fault for read in reads(reader)] == [fault]


def test_fault_of_a_lost_end_says_so(watched_pipe: tuple[Reader, int, SimulatedClock]) -> None:
    reader, writer, clock = watched_pipe
    os.write(writer, b"17:10")
    credentials(reader)
    clock.sleep(LINE_TIME_S + 0.1)
    os.write(writer, b"01\n")
    assert reads(reader)[0].fault == "a line whose end was lost"


def test_fault_repeats_nothing_of_what_was_typed(fifo: tuple[Reader, int]) -> None:
    """It may have been a PIN."""
    reader, writer = fifo
    os.write(writer, b"1234#\n")
    assert "1234" not in reads(reader)[0].fault


def test_badge_from_a_fifo_is_local(fifo: tuple[Reader, int]) -> None:
    reader, writer = fifo
    os.write(writer, b"17:1001\n")
    assert reads(reader)[0].security is Security.LOCAL


def test_badge_from_a_serial_line_is_clear_text(terminal: tuple[Reader, int]) -> None:
    reader, far_end = terminal
    os.write(far_end, b"17:1001\n")
    assert reads(reader)[0].security is Security.CLEAR_TEXT


def test_every_written_form_fits_into_a_line(fifo: tuple[Reader, int]) -> None:
    longest = Credential(f"own:{'x' * 32}", 2**63 - 1, 2**65 - 1)
    reader, writer = fifo
    os.write(writer, format_badge(longest).encode() + b"\n")
    assert credentials(reader) == [longest]


def test_signals_are_not_sent_to_the_far_end(terminal: tuple[Reader, int]) -> None:
    reader, far_end = terminal
    reader.show(Signal.GRANTED)
    os.set_blocking(far_end, False)
    with pytest.raises(BlockingIOError):
        os.read(far_end, 100)


@pytest.fixture
def near_end() -> Iterator[int]:
    """The descriptor of a serial line's near end, for a look at how it is set up."""
    ours, theirs = pty.openpty()
    yield theirs
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("baud_rate", RATES)
def test_serial_line_has_the_rate_of_the_settings(near_end: int, baud_rate: int) -> None:
    reader = opened(os.ttyname(near_end), baud_rate)
    assert termios.tcgetattr(near_end)[4:6] == [getattr(termios, f"B{baud_rate}")] * 2
    reader.close()


def test_rate_that_no_line_has_is_refused(near_end: int) -> None:
    with pytest.raises(ReaderError, match="14400 bits per second") as refused:
        opened(os.ttyname(near_end), 14400)
    assert "9600" in refused.value.hint


def test_what_came_before_the_reader_was_opened_is_thrown_away() -> None:
    ours, theirs = pty.openpty()
    os.write(ours, b"17:1001\n")
    reader = opened(os.ttyname(theirs))
    os.write(ours, b"17:1002\n")
    assert credentials(reader) == [GRACE]
    reader.close()
    for descriptor in (ours, theirs):
        os.close(descriptor)


def test_serial_line_is_read_by_one_program(near_end: int) -> None:
    reader = opened(os.ttyname(near_end))
    with pytest.raises(ReaderError, match="Another program is reading this serial line"):
        opened(os.ttyname(near_end))
    reader.close()


pieces = st.lists(st.sampled_from([b"17:1001", b"17:1002", b"\n", b"\r\n", b"x", b" ", b"9" * 90]), max_size=30)


@given(pieces, st.data())
def test_badges_do_not_depend_on_how_bytes_arrive(sent: list[bytes], data: st.DataObject) -> None:
    text = b"".join(sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    at_once, piecewise = (LineParser("front", Security.LOCAL) for _ in range(2))
    ranges = zip([0, *cuts], [*cuts, len(text)], strict=True)
    parts = [read for begin, end in ranges for read in piecewise.take(text[begin:end], 1.0)]
    whole = at_once.take(text, 1.0)
    assert [as_badge(read).credential for read in parts] == [as_badge(read).credential for read in whole]
