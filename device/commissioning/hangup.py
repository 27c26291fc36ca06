"""Ends a command in order when no one is left to end it: a terminal that hangs up, a service manager, Ctrl-Z."""

import signal
from contextlib import AbstractContextManager

from device.signals import interrupted_by_signals

NUMBERS = (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGTSTP, signal.SIGINT)


def hangup_interrupts() -> AbstractContextManager[None]:
    """Whatever would end or stop the process ends it as Ctrl-C does, so that nothing stays on or released."""
    return interrupted_by_signals(NUMBERS)
