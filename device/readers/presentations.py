"""One presentation is one transaction: which of a reader's sightings of a badge begins a new one. Pure.

Readers report a card for as long as it lies there: once, fifteen times a second, or with gaps where a frame was
damaged. Every kind of reader passes here (`ReaderGroup`), so none needs a rule of its own. A phone that draws a new
number each time is one badge as long as it lies there.
"""

import math

from device.credentials import is_random
from device.records import BadgeRead, Credential

MOST_HELD = 1024
"""Credentials remembered at a time. A flood of others is refused: forgetting one would let a held card in again."""

_RANDOM = Credential("csn4", 0, 0x08 << 24)


class Presentations:
    """One reader's presentations. A badge is new after `hold_time_s` without a sighting of it, or once taken away."""

    def __init__(self, hold_time_s: float) -> None:
        """With 0 every sighting is a presentation."""
        self._hold_time_s = hold_time_s
        self._seen: dict[Credential, float] = {}
        """When each was seen last, the latest last."""
        self._unreadable_at = -math.inf

    def begins(self, read: BadgeRead) -> bool:
        """Whether this sighting begins a presentation. It counts as a sighting either way."""
        return self._hold_time_s <= 0 or self._is_new(read)

    def removed(self) -> None:
        """The reader reports that no card is there any more: each is new when it is seen again."""
        self._seen.clear()
        self._unreadable_at = -math.inf

    def unserved(self, credential: Credential | None) -> None:
        """What began was dropped on its way, so the card that still lies there begins again."""
        if credential is not None:
            self._seen.pop(_held(credential), None)

    def _is_new(self, read: BadgeRead) -> bool:
        if read.credential is None:
            return self._is_new_noise(read.at)
        held = _held(read.credential)
        seen_at = self._seen.pop(held, None)
        if seen_at is None and not self._has_room(read.at):
            return False
        self._seen[held] = read.at
        return seen_at is None or read.at - seen_at >= self._hold_time_s

    def _is_new_noise(self, at: float) -> bool:
        """An unreadable badge beside one that was just read is a damaged frame of that one. Others come once a hold
        time, also if they never stop: noise that lasts has to be seen.
        """
        read_at = next(reversed(self._seen.values()), -math.inf)
        if 0 <= at - read_at < self._hold_time_s or 0 <= at - self._unreadable_at < self._hold_time_s:
            return False
        self._unreadable_at = at
        return True

    def _has_room(self, at: float) -> bool:
        """Makes room where a hold time has passed, or where the clock has gone back by more than one."""
        while self._seen and abs(at - next(iter(self._seen.values()))) >= self._hold_time_s:
            self._seen.pop(next(iter(self._seen)))
        return len(self._seen) < MOST_HELD


def _held(credential: Credential) -> Credential:
    """All random numbers are one."""
    return _RANDOM if is_random(credential) else credential
