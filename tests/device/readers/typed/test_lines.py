"""Badges as lines of text: pieces, tails, noise and faults."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.clock import SystemClock
from device.credentials import format_badge
from device.ports import Reader
from device.readers.typed.lines import LineParser
from device.records import BadgeRead, Credential, Security
from device.virtual.clock import SimulatedClock
from tests.device.readers.events import as_badge
from tests.device.readers.lined import EILEEN, GRACE, credentials, next_credential, opened, reader_of, reads

LINE_TIME_S = 1.0
MAX_LINE = 80
CHUNK = 4096
REST_S = 0.01


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


def test_late_tail_of_a_line_too_long_is_not_a_badge(fifo: tuple[Reader, int]) -> None:
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


def test_endless_noise_does_not_swallow_the_badge_after_a_pause(
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
    os.write(writer, b"1234#4\n")
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
