"""The next badge presented at a reader, for an operator who gives it to a person: it opens nothing and is no attempt.

Between a door's loop, which offers each badge first, and the operators' requests (`device/presented.py`).
"""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from device.errors import DoorError
from device.records import BadgeRead, Credential
from device.wakeup import Wakeup


class Slot:
    """What one operator waits for."""

    def __init__(self, readers: Collection[str], since: float) -> None:
        self.readers = frozenset(readers)
        self.since = since
        self.taken = Wakeup()
        self.credential: Credential | None = None
        self.reader = ""


class NextBadge:
    """The badges that are waited for at the readers of one door. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: list[Slot] = []

    @contextmanager
    def awaited(self, readers: Collection[str], since: float) -> Iterator[Slot]:
        """A slot for the next readable badge at one of these readers, read at `since` or later.

        Raises `DoorError` if a badge is awaited at one of them already.
        """
        slot = Slot(readers, since)
        with self._lock:
            if any(slot.readers & other.readers for other in self._slots):
                raise DoorError(
                    "Another operator is waiting for a badge at this reader.", hint="Wait until that has ended."
                )
            self._slots.append(slot)
        try:
            yield slot
        finally:
            with self._lock:
                self._slots.remove(slot)

    def takes(self, badge: BadgeRead) -> bool:
        """Whether an operator waited for this badge; then it must not be served, except at a way out."""
        if badge.credential is None:
            return False
        with self._lock:
            for slot in self._slots:
                if badge.reader in slot.readers and badge.at >= slot.since and not slot.taken.is_set():
                    slot.credential, slot.reader = badge.credential, badge.reader
                    slot.taken.set()
                    return True
        return False
