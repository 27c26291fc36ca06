"""Signals that ask the process to stop, or to read its settings again."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from device.clock import Stop
from device.wakeup import Wakeup


@contextmanager
def stopped_by_signals(stop: Stop, reload: Callable[[], None] | None = None) -> Iterator[Wakeup]:
    """Sets `stop` on SIGTERM, SIGINT and SIGHUP within the block; a pulse under way ends at once. What it gives is set
    by these signals alone.

    With `reload`, SIGHUP calls that instead: a service has no terminal that could hang up.
    """
    stopped = Wakeup()

    def request(_number: int, _frame: FrameType | None) -> None:
        stopped.set()
        stop.set()

    def hang_up(number: int, frame: FrameType | None) -> None:
        if reload is None:
            request(number, frame)
        else:
            reload()

    handlers = {signal.SIGTERM: request, signal.SIGINT: request, signal.SIGHUP: hang_up}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)  # `begin_again` has kept them waiting
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interrupted_by_signals(numbers: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGHUP)) -> Iterator[None]:
    """Within the block they end the process as Ctrl-C does, so that what it began is undone.

    Once only: the end of a session is several signals at once, and a second one would interrupt the undoing.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
