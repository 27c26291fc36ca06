"""What a thread waits for and any other sets, a signal handler too: no lock is held, and no one wakes in between."""

import threading
from collections.abc import Sequence
from contextlib import suppress


class Wakeup:
    """Something that may have happened. All methods are for any thread, and for a signal handler at any moment."""

    def __init__(self) -> None:
        self._is_set = False
        self._sleepers: list[threading.Lock] = []  # each is held, and let go to wake its thread

    def set(self) -> None:
        """It has happened, until `clear`."""
        self._is_set = True
        for sleeper in tuple(self._sleepers):
            with suppress(RuntimeError):  # woken already
                sleeper.release()

    def clear(self) -> None:
        """It counts as not happened."""
        self._is_set = False

    def is_set(self) -> bool:
        """Whether it has happened."""
        return self._is_set

    def _add(self, sleeper: threading.Lock) -> None:
        self._sleepers.append(sleeper)

    def _remove(self, sleeper: threading.Lock) -> None:
        self._sleepers.remove(sleeper)


def wait_for_any(wakeups: Sequence[Wakeup], timeout_s: float) -> None:
    """Waits until one of them is set, at most `timeout_s`; may return a little earlier."""
    sleeper = threading.Lock()
    sleeper.acquire()
    for one in wakeups:
        one._add(sleeper)  # noqa: SLF001 - of this module
    try:  # set before it was added: seen here; after: wakes
        if timeout_s > 0 and not any(one.is_set() for one in wakeups):
            sleeper.acquire(timeout=min(timeout_s, threading.TIMEOUT_MAX))
    finally:
        for one in wakeups:
            one._remove(sleeper)  # noqa: SLF001 - as above
