"""Which thread is at a piece of work, and how long that may take: one that doesn't come round is found out.

The interpreter's own list of threads is the register: a thread says so of itself, and needs no watchdog handed down.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

LATE_S = 15.0
"""How long most pieces of work may take; what takes longer hangs in a disk, a driver or a name service."""


@dataclass(frozen=True, slots=True)
class Late:
    """A thread that has been at one piece of work for longer than that may take."""

    name: str
    for_s: float
    is_vital: bool
    """Whether nothing but a new process helps: it waits for no disk and no driver."""


@dataclass(frozen=True, slots=True)
class _Work:
    since: float
    within_s: float
    is_vital: bool


_WORK: WeakKeyDictionary[threading.Thread, _Work | None] = WeakKeyDictionary()


@contextmanager
def at_work(within_s: float, *, vital: bool = False) -> Iterator[None]:
    """Promises that this thread comes round within `within_s`, seconds; waiting for work is not work.

    `vital` is as `Late.is_vital`.
    """
    thread = threading.current_thread()
    before = _WORK.get(thread)
    _WORK[thread] = _Work(time.monotonic(), within_s, vital)
    try:
        yield
    finally:
        _WORK[thread] = before


def late_threads() -> tuple[Late, ...]:
    """Those that should have come round by now."""
    now, late = time.monotonic(), list[Late]()
    for thread in threading.enumerate():
        work = _WORK.get(thread)
        if work is not None and now - work.since > work.within_s:
            late.append(Late(thread.name, now - work.since, work.is_vital))
    return tuple(late)


def late_words() -> str:
    """Those that wait for a disk or a driver, a sentence; "" if all come round."""
    said = [one.name for one in late_threads() if not one.is_vital]
    return f"Threads that do not come round: {', '.join(said)}; a disk or a driver may hang." if said else ""
