"""The queue for the database's lock: threads and processes that want it next wait here.

SQLite has no queue: it asks for a lock now and then, up to 0.1 s apart, and a door that writes row after row on a slow
disk takes it again before another has asked. So each reader and writer first passes a turnstile, a lock (flock(2))
on the database's folder, and holds it only until SQLite's own lock is theirs.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE_S = 2.0
"""The longest wait here: the turnstile is a courtesy, and SQLite's lock keeps the data safe without it."""
BREATHER_S = 0.005
"""Pause after a commit before the same store takes another turn, for those who wait."""
_POLL_S = 0.001


class Turnstile:
    """One store's way through the turnstile. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._committed_at = 0.0

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for its turn, which lasts to the end of the block. Never raises by itself."""
        pause = self._committed_at + BREATHER_S - time.monotonic()
        if pause > 0:
            time.sleep(min(pause, BREATHER_S))
        try:
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            yield
            return
        try:
            _take(descriptor)
            yield
        finally:
            os.close(descriptor)

    def committed(self) -> None:
        """Notes that this store has just written."""
        self._committed_at = time.monotonic()


def _take(descriptor: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_POLL_S)
        except OSError:
            return
        else:
            return
