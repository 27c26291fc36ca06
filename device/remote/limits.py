"""How many commands count in a time, and how often a refusal is written down: values of a monotonic time."""

from collections import Counter
from dataclasses import dataclass, replace

from device.records.remote import RemoteRefusal

BURST = 5
PER_S = 1 / 10
"""Of one client: five at once, then one in ten seconds."""
BURST_OF_ALL = 20
PER_S_OF_ALL = 1 / 3
QUIET_S = 60.0
"""How long refusals are counted before they are the next row: a flood costs one row a minute."""
MOST_NAMED = 5
"""Clients that such a row names."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Room for so many at once, which fills again at a rate. `at` is in seconds on the monotonic clock."""

    burst: float
    per_s: float
    level: float
    at: float

    @classmethod
    def full(cls, burst: float, per_s: float, now: float) -> "Bucket":
        """With room for all of the burst."""
        return cls(burst, per_s, burst, now)

    def later(self, now: float) -> "Bucket":
        """What it holds at that time."""
        level = min(self.burst, self.level + max(0.0, now - self.at) * self.per_s)
        return replace(self, level=level, at=max(now, self.at))

    def taken(self) -> "Bucket | None":
        """With one less, None without room for one."""
        return None if self.level < 1 else replace(self, level=self.level - 1)


class Rates:
    """Of all clients. Only what is signed, fresh and new takes room, so no stranger can use it up."""

    def __init__(self, now: float) -> None:
        self._all = Bucket.full(BURST_OF_ALL, PER_S_OF_ALL, now)
        self._each: dict[str, Bucket] = {}

    def take(self, uid: str, now: float) -> bool:
        """Whether one more counts."""
        mine = self._each.get(uid, Bucket.full(BURST, PER_S, now)).later(now).taken()
        everyone = self._all.later(now).taken()
        if mine is None or everyone is None:
            return False
        self._all, self._each[uid] = everyone, mine
        return True


class Refusals:
    """Counts refusals, and says when a row is due, with what."""

    def __init__(self) -> None:
        self._counts: Counter[RemoteRefusal] = Counter()
        self._who: dict[str, None] = {}
        self._written_at: float | None = None

    def add(self, why: RemoteRefusal, who: str, now: float) -> str:
        """Counts one; the words of the row if one is due now, "" if it waits."""
        self._counts[why] += 1
        if who and len(self._who) < MOST_NAMED:
            self._who[who] = None
        return self.due(now)

    def due(self, now: float, *, at_once: bool = False) -> str:
        """The words of the row that is due by now, or `at_once`; "" without any."""
        waits = self._written_at is not None and now - self._written_at < QUIET_S and not at_once
        if not self._counts or waits:
            return ""
        said = ", ".join(f"{why}: {count}" for why, count in sorted(self._counts.items()))
        words = f"{said}; {', '.join(self._who)}" if self._who else said
        self._counts.clear()
        self._who.clear()
        self._written_at = now
        return words

    def left_s(self, now: float) -> float:
        """How long until a row may be due, seconds."""
        return 0.0 if self._written_at is None else max(0.0, self._written_at + QUIET_S - now)

    @property
    def is_pending(self) -> bool:
        """Whether some are counted that no row has yet."""
        return bool(self._counts)
