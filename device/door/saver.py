"""Writes what outlasts a restart in a thread of its own, so that no command, wire or release waits for a disk."""

import threading
from collections.abc import Callable

from device.at_work import LATE_S, at_work
from device.door.lasting import Lasting
from device.door.mode import ModeMemory
from device.errors import DoorError
from device.failures import in_words
from device.ports import Clock

RETRY_S = 1.0
"""How long after a write that failed the next one is tried."""
PROMPT_S = 1.0
"""A write that takes longer is a trouble that is shown."""
END_S = 2.0
"""How long the end waits for a write."""
NOT_YET = "the door's mode is not on the disk yet; a power cut now would bring back the previous one"


class Saver:
    """One door's saver. Thread-safe; `want` never waits."""

    def __init__(self, memory: ModeMemory | None, clock: Clock, report: Callable[[str], None]) -> None:
        """Without a memory all counts as written. `report` is given, from the saver's thread, why a write failed, and
        an empty string after one that did not.
        """
        self._memory = memory
        self._clock = clock
        self._report = report
        self._changed = threading.Condition()
        self._wanted: Lasting | None = None
        self._written: Lasting | None = None
        """What the disk has for sure: nothing while a write is under way, or after one that failed, maybe halfway."""
        self._wanted_at = 0.0
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="mode", daemon=True)
        if memory is not None:
            self._thread.start()

    @property
    def is_written(self) -> bool:
        """Whether the last that was wanted is on the disk."""
        with self._changed:
            return self._memory is None or self._wanted == self._written

    @property
    def trouble(self) -> str:
        """What there is to say of a write that takes long, in words; empty if there is none."""
        if self.is_written or self._clock.monotonic() - self._wanted_at < PROMPT_S:
            return ""
        return NOT_YET

    def want(self, lasting: Lasting) -> None:
        """Has it written soon. Of several that are wanted meanwhile the last one is."""
        if self._memory is None or lasting == self._wanted:
            return
        with self._changed:
            if self._wanted == self._written:
                self._wanted_at = self._clock.monotonic()
            self._wanted = lasting
            self._changed.notify_all()

    def wait_written(self, timeout_s: float) -> bool:
        """Waits until the last mode wanted is on the disk, at most `timeout_s` real seconds; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._memory is None or self._wanted == self._written, timeout_s)

    def close(self) -> None:
        """Writes what is to be written if that is quick, and ends; harmless when repeated."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        if self._memory is not None and self._thread is not threading.current_thread():
            self._thread.join(END_S)  # one that hangs in the disk is left behind

    def _run(self) -> None:
        assert self._memory is not None
        while (lasting := self._next()) is not None:
            with at_work(LATE_S):
                failure = _failure(self._memory, lasting)
            with self._changed:
                if not failure:
                    self._written = lasting
                    self._changed.notify_all()
            self._report(failure)
            if failure and self._has_ended_meanwhile():
                return

    def _next(self) -> Lasting | None:
        """What is to be written next; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ending or self._wanted != self._written)
            if self._wanted == self._written:
                return None
            self._written = None
            return self._wanted

    def _has_ended_meanwhile(self) -> bool:
        """Waits before the next try."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_ending, RETRY_S)


def _failure(memory: ModeMemory, lasting: Lasting) -> str:
    try:
        memory.write(lasting)
    except DoorError as error:
        return error.message
    except Exception as error:  # the door goes on whatever a disk comes up with
        return f"the door's mode cannot be written: {in_words(error)}"
    return ""
