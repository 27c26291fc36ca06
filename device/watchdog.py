"""Feeds the service manager's watchdog, and says of each thread of the service what happens when it hangs."""

import math
from collections.abc import Callable, Sequence
from enum import StrEnum

from device.at_work import late_threads
from device.notifier import Notifier
from device.ports import Clock
from device.redaction import redacted


class Cover(StrEnum):
    """What notices a thread that hangs."""

    WATCHDOG = "watchdog"
    """Asked to act: the process ends and begins again, doors secured."""
    TROUBLE = "trouble"
    """Reported and retried: the thread waits for a disk, a driver or a person, which a new process would do as well."""
    SHORT = "short"
    """Begun again when it is needed, and not waited for."""


AGAIN_S = 1.0
"""A part that hangs hangs for so much longer, before the service manager is asked to act."""
COVERED: dict[str, tuple[Cover, str]] = {
    "MainThread": (Cover.WATCHDOG, "feeds it"),
    "loop": (Cover.WATCHDOG, "a door's way in or out: not round for 70 s"),
    "look": (Cover.WATCHDOG, "a camera's picture on its way through the networks: the same"),
    "door times": (Cover.TROUBLE, "schedules: `threads` after 15 s; releases end by themselves"),
    "door": (Cover.WATCHDOG, "a door's time: not round for 10 s"),
    "Inputs": (Cover.WATCHDOG, "a door's wires: the same"),
    "RelayGuard": (Cover.WATCHDOG, "secures a strike that no one attends to: the same"),
    "lgpio": (Cover.TROUBLE, "the same as `Thread-`"),
    "Thread-": (Cover.TROUBLE, "lgpio's own: waits for the kernel's edges"),
    "control": (Cover.WATCHDOG, "operators' socket: not round for 10 s"),
    "releases": (Cover.TROUBLE, "`threads` after 30 s: a release waits for its row"),
    "commands from the network": (Cover.TROUBLE, "the same"),
    "bulk requests": (Cover.TROUBLE, "`threads` after an hour: people take their time"),
    "commands": (Cover.TROUBLE, "the same"),
    "events-store": (Cover.TROUBLE, "`threads` after 30 s; subscribers hear of it after 2 s"),
    "events": (Cover.TROUBLE, "`threads` after 15 s"),
    "roster": (Cover.TROUBLE, "`threads` after 15 s: a name service"),
    "log": (Cover.TROUBLE, "`threads` after 30 s: a disk"),
    "mode": (Cover.TROUBLE, "the door's own trouble after 1 s, `threads` after 15 s"),
    "pins": (Cover.TROUBLE, "`threads` after 15 s; PINs are denied"),
    "exit-lookup": (Cover.TROUBLE, "not waited for: any badge releases at the way out after 0.4 s"),
    "clock": (Cover.TROUBLE, "`threads` after 15 s"),
    "idle": (Cover.TROUBLE, "`threads` after 60 s"),
    "forgetting": (Cover.TROUBLE, "`threads` after 15 s"),
    "duress output": (Cover.TROUBLE, "the same"),
    "alarms": (Cover.TROUBLE, "the same"),
    "facts": (Cover.TROUBLE, "the same; `lintel status` says how old its figures are"),
    "camera": (Cover.TROUBLE, "its camera's within 2 s"),
    "stream": (Cover.TROUBLE, "the same"),
    "reader-": (Cover.TROUBLE, "its reader's"),
    "osdp": (Cover.TROUBLE, "its reader's"),
    "json": (Cover.TROUBLE, "only the journal waits for it"),
    "relay": (Cover.TROUBLE, "only a program of `lintel keys exec` waits for it"),
    "models": (Cover.SHORT, "`models` is a trouble until it has ended"),
    "settings": (Cover.SHORT, "the settings before are in force until it has ended"),
    "probing": (Cover.SHORT, "prints what is there at the start"),
    "works": (Cover.SHORT, "forgets the starts after a minute"),
    "store-watch": (Cover.SHORT, "`store` is a trouble while it lasts"),
    "store-checkup": (Cover.SHORT, "the daily check; its age is in `lintel doctor`"),
}
"""What covers each thread, by the beginning of its name."""


def cover_of(thread: str) -> tuple[Cover, str] | None:
    """What notices that a thread of that name hangs; None for an unknown one."""
    known = max((name for name in COVERED if thread.startswith(name)), key=len, default=None)
    return None if known is None else COVERED[known]


class Watchdog:
    """Feeds the service manager's watchdog as long as every part of the process is alive."""

    def __init__(self, notifier: Notifier, clock: Clock) -> None:
        self.notifier = notifier
        self._clock = clock
        self._parts: list[tuple[Callable[[], float], float]] = []
        self._said = ""
        self._late_since = math.inf
        self.is_ready = False
        """Whether the doors are in operation, and each other part was tried once."""

    def ready(self) -> None:
        """The service manager is told that it is so."""
        self.is_ready = True
        self.notifier.ready()

    def tell(self, troubles: Sequence[str]) -> None:
        """Has `systemctl status` show what is wrong, when that has changed; passwords of addresses are hidden."""
        begins = "The doors are in operation" if self.is_ready else "The doors are in operation; trying their parts"
        said = redacted(f"{begins}. {' '.join(troubles)}" if troubles else f"{begins}.")
        if said != self._said:
            self._said = said
            self.notifier.status(said)

    def add(self, last_beat: Callable[[], float], allowance_s: float) -> None:
        """A part that is alive if its last beat, on the monotonic clock, is not older than `allowance_s`."""
        self._parts.append((last_beat, allowance_s))

    def feed(self) -> None:
        """Once a part or a vital thread hangs, nothing; for a second, and the process is ended and started again.

        That second is for the process that was stopped as a whole and goes on: each part then comes round.
        """
        now = self._clock.monotonic()
        if self._is_whole(now):
            self._late_since = math.inf
            self.notifier.alive()
        elif now - self._late_since >= AGAIN_S:
            self.notifier.hung()
        else:
            self._late_since = min(self._late_since, now)

    def _is_whole(self, now: float) -> bool:
        if any(late.is_vital for late in late_threads()):
            return False
        return all(now - last_beat() <= allowance_s for last_beat, allowance_s in self._parts)
