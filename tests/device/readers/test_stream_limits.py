"""What a reader of bytes waits for, closes and watches: its FIFO, its descriptor and its time."""

import os
import select
from pathlib import Path

import pytest

from device.clock import SystemClock
from device.errors import ReaderError
from device.readers.streams import StreamReader, has_come
from device.readers.typed.lines import LineParser
from device.records import ReaderEvent, Security
from device.virtual.clock import SimulatedClock
from tests.device.readers.lined import opened


class Nothing:
    """A parser that makes nothing of whatever comes."""

    def take(self, received: bytes, at: float) -> list[ReaderEvent]:  # noqa: ARG002 - the port has it
        return []

    def end(self, at: float) -> list[ReaderEvent]:  # noqa: ARG002
        return []


class Busy(SimulatedClock):
    """On a machine where everything takes a while: `slow_s` for each look at the clock."""

    def __init__(self, slow_s: float) -> None:
        super().__init__()
        self._slow_s = slow_s
        self.slept: list[float] = []

    def monotonic(self) -> float:
        super().sleep(self._slow_s)
        return super().monotonic()

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0.0, "the real clock refuses that"
        self.slept.append(round(seconds, 6))
        super().sleep(seconds)


@pytest.mark.parametrize(("slow_s", "slept_s"), [(0.24, 0.01), (0.248, 0.004), (0.3, 0.0)])
def test_flood_of_garbage_rests_10_ms_within_the_time_asked(slow_s: float, slept_s: float) -> None:
    """After each 4,096 bytes of it; half a second is asked for."""
    ours, theirs = os.pipe()
    os.write(theirs, b"x" * 8192)
    clock = Busy(slow_s)
    reader = StreamReader(ours, Nothing(), clock, may_end=True)
    read = reader.read(0.5)
    assert (read, clock.slept[0]) == (None, slept_s)
    reader.close()
    os.close(theirs)


class Poll:
    """Writes down how long is waited, in milliseconds; nothing ever comes."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def register(self, descriptor: int, events: int) -> None:
        """Does nothing."""

    def poll(self, timeout_ms: float) -> list[tuple[int, int]]:
        self.waited.append(timeout_ms)
        return []


def test_input_is_waited_for_as_long_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    poll = Poll()
    monkeypatch.setattr(select, "poll", lambda: poll)
    assert (has_come(5, 0.25), poll.waited) == (False, [250.0])


@pytest.mark.parametrize(("descriptor", "closed"), [(0, []), (1, []), (2, []), (3, [3])])
def test_no_standard_stream_is_closed(monkeypatch: pytest.MonkeyPatch, descriptor: int, closed: list[int]) -> None:
    found: list[int] = []
    reader = StreamReader(descriptor, LineParser("front", Security.LOCAL), SystemClock())
    with monkeypatch.context() as patched:
        patched.setattr(os, "close", found.append)
        reader.close()
        reader.close()
    assert found == closed


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """Where other programs write badges."""
    os.mkfifo(tmp_path / "badges")
    return tmp_path / "badges"


def test_fifo_that_was_removed_is_gone(fifo: Path) -> None:
    reader = opened(str(fifo))
    fifo.unlink()
    with pytest.raises(ReaderError, match="The badge reader is gone: "):
        reader.read(0.0)
    reader.close()


def test_fifo_that_was_replaced_is_gone(fifo: Path) -> None:
    reader = opened(str(fifo))
    fifo.rename(fifo.with_name("moved"))
    os.mkfifo(fifo)
    with pytest.raises(ReaderError, match="is another FIFO now"):
        reader.read(0.0)
    reader.close()


def test_closed_reader_of_a_fifo_says_that_it_is_closed(fifo: Path) -> None:
    reader = opened(str(fifo))
    reader.close()
    with pytest.raises(ReaderError, match="The badge reader is closed"):
        reader.read(0.0)
