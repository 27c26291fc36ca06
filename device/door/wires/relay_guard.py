"""The relay's own watchdog: a strike is released only while it is attended to.

A released strike has to be driven again at least every PET_S. If it isn't, because the main loop and the door's
thread hang, the guard secures the strike from a thread of its own. That needs the interpreter: C code that holds
its lock keeps all Python threads from running. Against that, `LastResort` ends the whole process from a thread of
faulthandler's, which needs no lock, and the unit's ExecStopPost secures the strike.

lgpio could end a pulse from its own C thread too, and was not taken: `tx_pulse` begins with a high level, so that a
relay that is active at a low one would be secured late; `tx_wave` can do both levels, but a second wave waits for the
first to end, and nothing but giving the pin back takes one away.
"""

import faulthandler
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar

from device.errors import DoorError
from device.ports import Clock

PET_S = 2.0
"""After this time without attention a released strike is secured."""
LAST_RESORT_S = 10.0
"""After this time without any Python running, a process with a released strike is ended."""


class RelayGuard:
    """Secures a strike that is not attended to. The door's thread pets it, another one ticks it."""

    def __init__(self, secure: Callable[[], None], clock: Clock, *, pet_s: float = PET_S) -> None:
        """`secure` may raise `DoorError`, and is then tried again after another `pet_s`."""
        self._secure = secure
        self._clock = clock
        self._pet_s = pet_s
        self._lock = threading.Lock()
        self._due: float | None = None
        self._has_secured = False

    def pet(self) -> bool:
        """The strike is to be released or to stay so; call it before the pin is driven. Whether that is news."""
        with self._lock:
            was_armed, self._due = self._due is not None, self._clock.monotonic() + self._pet_s
        return not was_armed

    def stand_down(self) -> None:
        """The strike is secured, and needs no attention."""
        with self._lock:
            self._due = None

    def has_secured(self) -> bool:
        """Whether the guard has secured the strike since it was asked last."""
        with self._lock:
            has_secured, self._has_secured = self._has_secured, False
        return has_secured

    def deadline(self) -> float | None:
        """When the strike is secured unless it is attended to; None if it is secure."""
        with self._lock:
            return self._due

    def tick(self) -> None:
        """Secures the strike if it is time to. It stays armed: a thread that hung may wake up and release it."""
        with self._lock:
            now = self._clock.monotonic()
            if self._due is None or now < self._due:
                return
            self._due, self._has_secured = now + self._pet_s, True
        with suppress(DoorError):
            self._secure()


class LastResort:
    """Ends this process, without any clean-up, if no Python runs in it for a while and a strike is released."""

    _armed: ClassVar[set[int]] = set()  # the timer is the process's own, as faulthandler has only one
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, guard: RelayGuard, *, after_s: float) -> None:
        self._guard = guard
        self._after_s = after_s

    def __call__(self) -> None:
        """Puts the end off, which proves that Python runs; call it every second or so."""
        with self._lock:
            if self._guard.deadline() is not None:
                self._armed.add(id(self))
            else:
                self._armed.discard(id(self))
            if self._armed:
                faulthandler.dump_traceback_later(self._after_s, exit=True, file=_standard_error())
            else:
                faulthandler.cancel_dump_traceback_later()

    def close(self) -> None:
        """No strike is released any more."""
        with self._lock:
            self._armed.discard(id(self))
            if not self._armed:
                faulthandler.cancel_dump_traceback_later()


def _standard_error() -> int:
    return sys.__stderr__.fileno() if sys.__stderr__ else 2
