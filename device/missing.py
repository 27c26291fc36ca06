"""Which parts that a face needs have been missing at a door for long enough, with their alarm written down.

Only then does what the owner chose for that time count. Asked twice a second, as all parts of a door.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from device.door_log import DoorLog
from device.ports import Clock
from device.settings.tables import DoorSettings

STALE_S = 10.0
"""What was found longer ago counts no more: the part may be back."""
IN_WORDS = {"badge+pin": "a badge and a PIN are enough", "badge": "a badge alone is enough, which anyone may hold"}


def badge_alone(door: DoorSettings) -> str:
    """What there is to say of a door that a badge alone may open, a sentence; "" of any other."""
    if not door.i_accept_badge_only:
        return ""
    missing = "while a part is missing" if door.when_missing == "badge" else "where a rule says so"
    when = "at all times" if door.mode == "badge" else missing
    return f"a found or copied badge opens this door by itself, {when}."


@dataclass(frozen=True, slots=True)
class Choice:
    """What a door's settings say: what is enough instead, "deny" for nothing, and after how long, seconds."""

    when_missing: str
    after_s: float


class Missing:
    """The parts of one door. `trouble` is asked by one thread, `at` by any."""

    def __init__(self, parts: Mapping[str, Callable[[], str]], choice: Choice, log: DoorLog, clock: Clock) -> None:
        """`parts` say why they are missing, "" while they are there, by their names."""
        self._parts = parts
        self._choice = choice
        self._log = log
        self._clock = clock
        self._since: dict[str, float] = {}
        self._reported: frozenset[str] = frozenset()
        self._in_force: frozenset[str] = frozenset()
        self._asked_at = 0.0

    def trouble(self) -> str:
        """What counts at the door instead of a face and why, a sentence; "" if nothing does. To be reported and written
        down: before that, nothing changes.
        """
        if self._choice.when_missing == "deny":
            return ""
        now = self._clock.monotonic()
        self._asked_at = now
        absent = {name for name, absence in self._parts.items() if absence()}
        self._since = {name: self._since.get(name, now) for name in absent}
        due = frozenset(name for name, since in self._since.items() if now - since >= self._choice.after_s)
        is_written = self._log.waiting == 0
        self._in_force = due & self._reported if is_written else due & self._in_force
        self._reported = due
        if not due:
            return ""
        return f"{', '.join(sorted(due))} missing: {IN_WORDS[self._choice.when_missing]} at the way in meanwhile."

    def at(self, parts: Collection[str]) -> str:
        """The first of these parts that has been missing long enough, with its alarm; "" if none has."""
        if self._clock.monotonic() - self._asked_at > STALE_S:
            return ""
        return next((name for name in parts if name in self._in_force), "")
