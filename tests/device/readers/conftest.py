"""Fixtures of the tests beside it."""

import os
import pty
from collections.abc import Iterator

import pytest

from device.clock import SystemClock
from device.ports import Reader
from device.virtual.clock import SimulatedClock
from tests.device.readers.lined import opened, reader_of


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
