"""Signals that ask the process to stop, and nothing else."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from device.clock import Stop


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Sets `stop` on SIGTERM, SIGINT and SIGHUP within the block; a pulse under way ends at once."""

    def request(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, request) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
