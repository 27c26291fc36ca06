"""FIFOs, terminals and serial lines: what ends, hangs up, or cannot be opened."""

import fcntl
import os
import pty
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.clock import SystemClock
from device.errors import ReaderEnded, ReaderError
from device.ports import Reader
from device.readers.serial_line import RATES
from device.readers.streams import StreamReader
from device.records import Signal
from device.virtual.clock import SimulatedClock
from tests.device.readers.lined import EILEEN, GRACE, credentials, next_credential, opened, reader_of
from tests.waiting import PATIENCE_S


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


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
        reader.read(PATIENCE_S)
    with pytest.raises(ReaderEnded):
        reader.read(PATIENCE_S)


def test_serial_line_that_hangs_up_is_a_fault() -> None:
    ours, theirs = pty.openpty()
    reader = opened(os.ttyname(theirs))
    os.close(theirs)
    os.close(ours)
    with pytest.raises(ReaderError, match="gone") as fault:
        reader.read(PATIENCE_S)
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


def test_line_that_cannot_be_made_raw_leaves_no_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
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
