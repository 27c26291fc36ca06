"""The Reader port, kept by the simulated reader and by lines of text over a FIFO, a pipe and a terminal."""

import os
import pty
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.clock import SystemClock
from device.credentials import format_badge
from device.errors import ReaderEnded, ReaderError
from device.ports import Reader
from device.readers.lines import LINE_TIME_S, MAX_LINE, LineReader, open_line_reader
from device.records import BadgeRead, Credential
from device.simulation.clock import SimulatedClock
from device.simulation.reader import SimulatedReader

EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)
SOON_S = 5.0
"""Never waited for where something was written before."""


class Desk:
    """A reader, how to lay a badge on it, and how to pull its plug."""

    def __init__(
        self, reader: Reader, present: Callable[[Credential | None], None], unplug: Callable[[], None]
    ) -> None:
        self.reader, self.present, self.unplug = reader, present, unplug


def next_credential(reader: Reader) -> Credential | None:
    """Of the next badge; None if it is unreadable."""
    read = reader.read(SOON_S)
    assert read is not None
    return read.credential


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def written(credential: Credential | None) -> bytes:
    return (format_badge(credential) if credential else "garbage").encode() + b"\n"


@pytest.fixture
def simulated() -> Desk:
    reader = SimulatedReader(SimulatedClock())
    return Desk(reader, reader.present, lambda: setattr(reader, "broken", True))


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[tuple[LineReader, int]]:
    """A reader of a FIFO and the descriptor to write to."""
    path = tmp_path / "reader"
    os.mkfifo(path)
    reader = open_line_reader(str(path), SystemClock())
    writer = os.open(path, os.O_WRONLY)
    yield reader, writer
    os.close(writer)
    reader.close()


@pytest.fixture
def terminal() -> Iterator[tuple[LineReader, int]]:
    """A reader of a terminal, as a serial line is one, and the descriptor of its other end."""
    ours, theirs = pty.openpty()
    reader = open_line_reader(os.ttyname(theirs), SystemClock())
    os.close(theirs)
    with os.fdopen(ours, "wb", buffering=0) as far_end:
        yield reader, far_end.fileno()
    reader.close()


@pytest.fixture
def pipe() -> Iterator[tuple[LineReader, int]]:
    """A reader of a pipe, as standard input is one, and the descriptor to write to."""
    ours, theirs = os.pipe()
    reader = LineReader(ours, SystemClock())
    yield reader, theirs
    reader.close()


@pytest.fixture(params=["simulated", "fifo", "terminal", "pipe"])
def desk(request: pytest.FixtureRequest) -> Desk:
    made = request.getfixturevalue(request.param)
    if isinstance(made, Desk):
        return made
    reader, writer = made
    return Desk(reader, lambda credential: os.write(writer, written(credential)) and None, lambda: None)


def test_badge_arrives(desk: Desk) -> None:
    desk.present(EILEEN)
    assert next_credential(desk.reader) == EILEEN


def test_badges_arrive_in_their_order(desk: Desk) -> None:
    desk.present(EILEEN)
    desk.present(GRACE)
    assert [next_credential(desk.reader) for _ in range(2)] == [EILEEN, GRACE]


def test_nobody_comes_in_time(desk: Desk) -> None:
    assert desk.reader.read(0.001) is None


def test_badge_is_there_even_if_there_is_no_time_to_wait(desk: Desk) -> None:
    desk.present(EILEEN)
    assert desk.reader.read(0.0) is not None


def test_badge_comes_once(desk: Desk) -> None:
    desk.present(EILEEN)
    desk.reader.read(SOON_S)
    assert desk.reader.read(0.001) is None


def test_unreadable_badge_has_no_credential(desk: Desk) -> None:
    desk.present(None)
    assert next_credential(desk.reader) is None


def test_badge_after_an_unreadable_one_arrives(desk: Desk) -> None:
    desk.present(None)
    desk.present(EILEEN)
    desk.reader.read(SOON_S)
    assert next_credential(desk.reader) == EILEEN


def test_reader_closes_twice(desk: Desk) -> None:
    desk.reader.close()
    desk.reader.close()


def test_broken_simulated_reader_is_an_error(simulated: Desk) -> None:
    simulated.unplug()
    with pytest.raises(ReaderError, match="broken"):
        simulated.reader.read(1.0)


def test_simulated_wait_lasts_as_long_as_asked() -> None:
    clock = SimulatedClock()
    SimulatedReader(clock).read(3.0)
    assert clock.monotonic() == 3.0


def test_simulated_badge_is_stamped_when_it_is_presented() -> None:
    clock = SimulatedClock()
    reader = SimulatedReader(clock)
    clock.sleep(2.0)
    reader.present(EILEEN)
    clock.sleep(1.0)
    assert reader.read(1.0) == BadgeRead(EILEEN, 2.0)


def credentials(reader: LineReader) -> list[Credential | None]:
    """Everything that has been written so far."""
    found = []
    while (read := reader.read(0.0)) is not None:
        found.append(read.credential)
    return found


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\n\n\r\n", b" \n"], ids=repr)
def test_line_ends(pipe: tuple[LineReader, int], end: bytes) -> None:
    reader, writer = pipe
    os.write(writer, b"17:1001" + end + b"17:1002" + end)
    assert credentials(reader) == [EILEEN, GRACE]
    os.close(writer)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=repr)
def test_line_ends_of_a_serial_line(terminal: tuple[LineReader, int], end: bytes) -> None:
    reader, far_end = terminal
    os.write(far_end, b"17:1001" + end + b"17:1002" + end)
    assert credentials(reader) == [EILEEN, GRACE]


def test_line_comes_in_pieces(pipe: tuple[LineReader, int]) -> None:
    reader, writer = pipe
    os.write(writer, b"17:")
    before = credentials(reader)
    os.write(writer, b"1001\n")
    os.close(writer)
    assert (before, next_credential(reader)) == ([], EILEEN)


@pytest.mark.parametrize("length", [MAX_LINE + 1, 4096, 5000, 8192, 20_000])
def test_tail_of_a_line_that_is_too_long_is_no_badge(fifo: tuple[LineReader, int], length: int) -> None:
    reader, writer = fifo
    os.write(writer, b"x" * length + b"17:1001\n17:1002\n")
    assert [next_credential(reader) for _ in range(2)] == [None, GRACE]


def test_tail_of_a_line_that_is_too_long_is_no_badge_when_it_comes_later(fifo: tuple[LineReader, int]) -> None:
    reader, writer = fifo
    os.write(writer, b"x" * (MAX_LINE + 1))
    before = credentials(reader)
    os.write(writer, b"17:1001\n17:1002\n")
    assert (before, credentials(reader)) == ([None], [GRACE])


def test_line_without_an_end_is_told_once_it_is_too_long(fifo: tuple[LineReader, int]) -> None:
    reader, writer = fifo
    os.write(writer, b"x" * (MAX_LINE + 1))
    assert credentials(reader) == [None]


def test_endless_line_keeps_nobody_waiting_and_fills_no_memory(fifo: tuple[LineReader, int]) -> None:
    reader, writer = fifo
    found = []
    for _ in range(100):
        os.write(writer, b"x" * 4096)
        found += credentials(reader)
    assert found == [None]


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=MAX_LINE).filter(lambda line: not set(line) & set(b"\r\n")), max_size=20))
def test_any_lines_are_badges_or_unreadable(lines: list[bytes]) -> None:
    ours, theirs = os.pipe()
    reader = LineReader(ours, SystemClock())
    os.write(theirs, b"\n".join([*lines, b""]))
    found = credentials(reader) if lines else []
    os.close(theirs)
    reader.close()
    assert len(found) == sum(bool(line.strip()) for line in lines)


@pytest.mark.parametrize("byte", [b"\x03", b"\x04", b"\x13", b"\x15", b"\x1a", b"\x1c", b"\x7f"], ids=repr)
def test_control_bytes_on_a_serial_line_are_noise(terminal: tuple[LineReader, int], byte: bytes) -> None:
    reader, far_end = terminal
    os.write(far_end, byte + b"\n17:1001\n")
    assert credentials(reader)[-1:] == [EILEEN]


def test_reader_on_a_serial_line_sends_nothing_back(terminal: tuple[LineReader, int]) -> None:
    reader, far_end = terminal
    os.write(far_end, b"17:1001\n")
    credentials(reader)
    os.set_blocking(far_end, False)
    with pytest.raises(BlockingIOError):
        os.read(far_end, 100)


def test_end_of_the_input_comes_after_the_last_line(pipe: tuple[LineReader, int]) -> None:
    reader, writer = pipe
    os.write(writer, b"17:1001")
    os.close(writer)
    assert next_credential(reader) == EILEEN


def test_end_of_the_input_is_told_every_time(pipe: tuple[LineReader, int]) -> None:
    reader, writer = pipe
    os.close(writer)
    with pytest.raises(ReaderEnded):
        reader.read(SOON_S)
    with pytest.raises(ReaderEnded):
        reader.read(SOON_S)


def test_serial_line_that_hangs_up_is_a_fault() -> None:
    ours, theirs = pty.openpty()
    reader = open_line_reader(os.ttyname(theirs), SystemClock())
    os.close(theirs)
    os.close(ours)
    with pytest.raises(ReaderError, match="gone") as fault:
        reader.read(SOON_S)
    reader.close()
    assert not isinstance(fault.value, ReaderEnded)


def test_fifo_outlives_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "reader"
    os.mkfifo(path)
    reader = open_line_reader(str(path), SystemClock())
    for _ in range(2):
        path.write_bytes(b"17:1001\n")
    assert credentials(reader) == [EILEEN, EILEEN]
    reader.close()


def test_close_gives_the_descriptor_back(tmp_path: Path) -> None:
    path = tmp_path / "reader"
    os.mkfifo(path)
    open_before = open_descriptors()
    open_line_reader(str(path), SystemClock()).close()
    assert open_descriptors() == open_before


def test_standard_input_stays_open() -> None:
    open_line_reader("stdin", SystemClock()).close()
    os.fstat(0)


@pytest.mark.parametrize("name", ["none", "folder", "file", "a\0b"], ids=["missing", "folder", "file", "zero byte"])
def test_what_is_no_reader_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ReaderError, match="no badge reader at"):
        open_line_reader(str(tmp_path / name), SystemClock())


def test_what_is_no_reader_leaves_no_descriptor(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    open_before = open_descriptors()
    with pytest.raises(ReaderError):
        open_line_reader(str(tmp_path / "file"), SystemClock())
    assert open_descriptors() == open_before


@pytest.fixture
def watched_pipe() -> Iterator[tuple[LineReader, int, SimulatedClock]]:
    """A reader on a clock that stands still, and the descriptor to write to."""
    clock = SimulatedClock()
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    reader = LineReader(ours, clock)
    yield reader, theirs, clock
    reader.close()
    os.close(theirs)


def test_beginning_of_a_lost_line_is_no_part_of_the_next(watched_pipe: tuple[LineReader, int, SimulatedClock]):
    """Glued together they could be the badge of somebody who is not there."""
    reader, writer, clock = watched_pipe
    os.write(writer, b"1")
    before = credentials(reader)
    clock.sleep(LINE_TIME_S + 0.1)
    os.write(writer, b"17:1001\n")
    assert (before, credentials(reader)) == ([], [None, EILEEN])


def test_line_may_take_its_time(watched_pipe: tuple[LineReader, int, SimulatedClock]):
    reader, writer, clock = watched_pipe
    for piece in (b"1", b"7:10", b"01\n"):
        assert credentials(reader) == []
        clock.sleep(LINE_TIME_S / 2)
        os.write(writer, piece)
    assert credentials(reader) == [EILEEN]


def test_noise_without_an_end_does_not_swallow_the_badge_after_a_pause(
    watched_pipe: tuple[LineReader, int, SimulatedClock],
):
    reader, writer, clock = watched_pipe
    os.write(writer, b"x" * (MAX_LINE + 1))
    before = credentials(reader)
    clock.sleep(LINE_TIME_S + 0.1)
    os.write(writer, b"17:1001\n")
    assert (before, credentials(reader)) == ([None], [EILEEN])


def test_badge_is_stamped_when_it_is_received(watched_pipe: tuple[LineReader, int, SimulatedClock]):
    reader, writer, clock = watched_pipe
    os.write(writer, b"17:1001\n17:1002\n")
    clock.sleep(2.0)
    reader.read(0.0)
    clock.sleep(3.0)
    assert reader.read(0.0) == BadgeRead(GRACE, 2.0)


def test_false_alarm_is_no_fault(watched_pipe: tuple[LineReader, int, SimulatedClock], monkeypatch: pytest.MonkeyPatch):
    """As when another program takes what has come."""
    reader, writer, _ = watched_pipe
    monkeypatch.setattr("select.select", lambda ready, *_: (ready, [], []))
    alarms = iter([0.0, 0.0, 2.0])
    monkeypatch.setattr(reader._clock, "monotonic", lambda: next(alarms))
    assert reader.read(1.0) is None
    os.write(writer, b"17:1001\n")
    monkeypatch.undo()
    assert next_credential(reader) == EILEEN


def test_line_that_cannot_be_made_raw_is_a_fault_and_leaves_no_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_descriptor: int) -> None:
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr("tty.setraw", refused)
    ours, theirs = pty.openpty()
    open_before = open_descriptors()
    with pytest.raises(ReaderError, match=r"cannot be opened: Input/output error"):
        open_line_reader(os.ttyname(theirs), SystemClock())
    assert open_descriptors() == open_before
    for descriptor in (ours, theirs):
        os.close(descriptor)


def test_descriptor_that_is_none_is_a_fault() -> None:
    ours, theirs = os.pipe()
    reader = LineReader(ours, SystemClock())
    os.close(ours)
    os.close(theirs)
    with pytest.raises(ReaderError, match="gone: Bad file descriptor"):
        reader.read(0.0)
