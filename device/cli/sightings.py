"""What the door would make of each sighting of a badge, for `lintel readers monitor`."""

from collections.abc import Mapping
from dataclasses import dataclass

from device.readers.presentations import Presentations
from device.records import BadgeRead, BadgeRemoved, Credential, ReaderEvent

LINE_EVERY_S = 1.0
"""A card that stays is one line a second."""
MOST_KINDS = 64


@dataclass(slots=True)
class _Counted:
    """Sightings that are held back, since the last line about them."""

    shown_at: float
    count: int = 0


class Sightings:
    """Separates presentations, which the door serves, from further sightings of the same card, which it holds back."""

    def __init__(self, hold_times_s: Mapping[str, float]) -> None:
        """The hold time of each reader, by its name."""
        self._presentations = {name: Presentations(seconds) for name, seconds in hold_times_s.items()}
        self._counted: dict[tuple[str, Credential | None, str], _Counted] = {}

    def is_held_back(self, event: ReaderEvent) -> bool:
        """Whether the door would not serve this sighting, because it goes on with a presentation."""
        presentations = self._presentations.get(event.reader)
        if presentations is None:
            return False
        if isinstance(event, BadgeRemoved):
            presentations.removed()
        return isinstance(event, BadgeRead) and not presentations.begins(event)

    def due(self, read: ReaderEvent) -> int:
        """How many sightings like this one, which is held back, a line is to report now; 0 if it is not yet due."""
        if not isinstance(read, BadgeRead):
            return 0
        kind = read.reader, read.credential, read.fault
        if len(self._counted) == MOST_KINDS and kind not in self._counted:
            self._counted.clear()
        counted = self._counted.setdefault(kind, _Counted(read.at - LINE_EVERY_S))
        counted.count += 1
        if 0 <= read.at - counted.shown_at < LINE_EVERY_S:
            return 0
        count, counted.count, counted.shown_at = counted.count, 0, read.at
        return count
