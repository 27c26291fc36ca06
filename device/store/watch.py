"""Asks whether the store works, in a thread of its own, so that nothing that wants to know it waits for a disk."""

import threading
import time
from collections.abc import Callable

PATIENCE_S = 0.25
"""How long an answer is waited for; after that the one before counts."""
HANGS_S = 0.9
"""After this time without an answer the part is said to hang: the service asks every 0.75 s meanwhile, and 2 s are
promised from a lock to the trouble.
"""
_JOIN_S = 1.0


class Watch:
    """The last answer of something that may take its time to answer. Thread-safe."""

    def __init__(self, look: Callable[[], str], name: str) -> None:
        """`look` says what is wrong, "" if nothing is, and never raises; `name` begins the sentence if it hangs."""
        self._look = look
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._asked_at = 0.0
        self._answer = ""

    def ask(self) -> str:
        """What is wrong, "" if nothing is known. Takes at most `PATIENCE_S`."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._asked_at = time.monotonic()
                self._thread = threading.Thread(target=self._ask, name="store-watch", daemon=True)
                self._thread.start()
            thread = self._thread
        thread.join(PATIENCE_S)
        waited_s = time.monotonic() - self._asked_at
        if thread.is_alive() and waited_s >= HANGS_S and not self._answer:
            return f"{self._name} has not answered for {waited_s:.0f} s: it is locked, or the disk is slow or hangs."
        return self._answer

    def wait(self) -> None:
        """Until the question that is under way is answered."""
        if self._thread:
            self._thread.join()

    def close(self) -> None:
        """Gives a question that is under way a moment to end."""
        if self._thread:
            self._thread.join(_JOIN_S)

    def _ask(self) -> None:
        self._answer = self._look()
