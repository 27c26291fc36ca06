"""How a serial line is opened: raw, not blocking, for one process alone, and given back if it can't be had."""

import os
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.errors import ReaderError
from device.readers.serial_line import open_device, open_serial_line


@pytest.fixture
def line() -> Iterator[tuple[int, Path]]:
    """A serial line: the descriptor of its far end, and the path of the near one."""
    far, near = os.openpty()
    yield far, Path(os.ttyname(near))
    os.close(far)
    os.close(near)


def descriptors() -> set[str]:
    """Those that are open."""
    return {one.name for one in list(Path("/proc/self/fd").iterdir()) if os.path.lexists(one)}


def test_serial_line_is_raw_with_eight_bits_and_no_parity(line: tuple[int, Path]) -> None:
    """From Linux's termbits.h: CS8 is 0o60, CREAD 0o200, CLOCAL 0o4000; the rate is in 0o10017."""
    near = open_serial_line(line[1], 9600)
    into, out, control, local, _, _, special = termios.tcgetattr(near)
    os.close(near)
    assert (into, out, control & ~0o10017, local) == (0, 0, 0o4260, 0)
    assert [special[at] for at in (termios.VMIN, termios.VTIME)] in ([1, 0], [b"\x01", b"\x00"])


def test_hardware_is_asked_for_eight_bits_at_its_rate(line: tuple[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A pseudo-terminal has eight bits whatever it is asked for. B9600 is 0o15."""
    asked: list[list[object]] = []
    monkeypatch.setattr(termios, "tcsetattr", lambda _descriptor, _when, attributes: asked.append(attributes[:6]))
    os.close(open_serial_line(line[1], 9600))
    assert asked == [[0, 0, 0o4260, 0, 0o15, 0o15]]


def test_read_of_a_silent_line_does_not_wait(line: tuple[int, Path]) -> None:
    near = open_serial_line(line[1], 9600)
    try:
        with pytest.raises(BlockingIOError):
            os.read(near, 1)
    finally:
        os.close(near)


def test_reader_on_a_serial_line_can_be_written_to(line: tuple[int, Path]) -> None:
    near = open_serial_line(line[1], 9600)
    os.write(near, b"\x55\x55\x00\n\xff")
    os.close(near)
    assert os.read(line[0], 16) == b"\x55\x55\x00\n\xff"


def test_device_that_is_no_serial_line_is_refused_and_closed() -> None:
    before = descriptors()
    with pytest.raises(ReaderError, match="/dev/null is not a serial line"):
        open_serial_line(Path("/dev/null"), 9600)
    assert descriptors() == before


def test_device_that_is_no_serial_line_may_be_read_as_lines() -> None:
    """Such as a reader that the kernel shows as a device of its own."""
    descriptor = open_device(Path("/dev/null"), 9600)
    assert os.read(descriptor, 1) == b""
    os.close(descriptor)


@pytest.mark.parametrize("rate", [1199, 14400, 115201])
def test_line_whose_rate_there_is_not_is_closed(line: tuple[int, Path], rate: int) -> None:
    before = descriptors()
    with pytest.raises(ReaderError, match=f"can't run at {rate} bits per second"):
        open_serial_line(line[1], rate)
    assert descriptors() == before


def test_second_program_at_a_line_is_refused(line: tuple[int, Path]) -> None:
    first = open_serial_line(line[1], 9600)
    before = descriptors()
    with pytest.raises(ReaderError, match="Another program is reading this serial line"):
        open_serial_line(line[1], 9600)
    after = descriptors()
    os.close(first)
    assert after == before
