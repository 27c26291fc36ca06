"""Ends a command in order when no one is left to end it: a terminal that hangs up, a service manager, Ctrl-Z."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

NUMBERS = (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGTSTP)


@contextmanager
def hangup_interrupts() -> Iterator[None]:
    """Whatever would end or stop the process ends it as Ctrl-C does, so that nothing stays on or released."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
