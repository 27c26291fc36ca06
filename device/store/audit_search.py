"""Which rows of the audit are wanted: the condition of a search."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from device.records import Event, Reason


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that is given has to hold. Times are UTC, from `since` to before `until`; `badge` is in its written form."""

    person_id: int | None = None
    badge: str | None = None
    door: str | None = None
    reason: Reason | None = None
    event: Event | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> Iterator[tuple[str, object]]:
        """Conditions on columns of the audit, and the value of each."""
        equal = {
            "person_id": self.person_id,
            "badge": self.badge,
            "door": self.door,
            "reason": self.reason.code if self.reason else None,
            "event": self.event.value if self.event else None,
        }
        yield from ((f"audit.{name} = ?", value) for name, value in equal.items() if value is not None)
        if self.since is not None:
            yield "audit.at >= ?", self.since.isoformat()
        if self.until is not None:
            yield "audit.at < ?", self.until.isoformat()


ALL = Wanted()
