"""Ends a command in order when no one is left to end it: a terminal that hangs up, a service manager, Ctrl-Z."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NUMBERS = (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGTSTP, signal.SIGINT)


@contextmanager
def hangup_interrupts() -> Iterator[None]:
    """Whatever would end or stop the process ends it as Ctrl-C does, so that nothing stays on or released.

    Once only: the end of a session is several signals at once, and a second one would interrupt the securing.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in NUMBERS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
