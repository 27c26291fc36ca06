"""When a face is compared while its person is looked at, and how strict each comparison is. Pure.

A comparison is of all good frames of a track, so that one lucky moment decides nothing. Each further comparison is one
more chance for a stranger, and has to be stricter for it: what is set is the false accept rate of a transaction.
"""

from dataclasses import dataclass

MOST_COMPARISONS = 5
"""Of one transaction, however often its track breaks."""
GROWTH = 2
"""A track is compared again when it has this many times as many frames."""
SAME_TRACK_SHARE = 0.5
"""Of the target rate, for comparisons after the first of a track that grows: they nearly repeat it."""
OTHER_TRACK_SHARE = 0.05
"""Of the target rate, for comparisons of a later track: another face, or another view of it. The four that are possible
add a fifth to the rate of the first, whatever they show.
"""
MOST_TIMES_TARGET = 1.2
"""How many times the target rate the false accept rate of a transaction is at most, all its comparisons together."""
TRIES = 50
"""Transactions with a stolen badge whose chance is given: after as many failures an access system stops for good."""


def chance_within(rate: float) -> float:
    """The chance that a stolen badge opens within `TRIES` transactions of that rate, each of a new stranger."""
    return float(1 - (1 - rate) ** TRIES)


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Those of one transaction so far."""

    made: int = 0
    tracks: int = 0
    """How many tracks were compared."""
    frames: int = 0
    """How many frames of the track in view were compared last; 0, none of it."""

    @property
    def are_over(self) -> bool:
        """Whether no further one is made."""
        return self.made >= MOST_COMPARISONS

    def due_at(self, first: int) -> int:
        """At how many frames of the track in view the next one is made; a track's first takes `first`."""
        return self.frames * GROWTH if self.frames else first

    @property
    def share(self) -> float:
        """At which share of the target false match rate the next one matches."""
        others = self.tracks - 1 if self.frames else self.tracks
        if not self.made:
            return 1.0
        return OTHER_TRACK_SHARE if others else SAME_TRACK_SHARE

    def compared(self, frames: int) -> "Comparisons":
        """After one of this many frames of the track in view."""
        return Comparisons(self.made + 1, self.tracks + (not self.frames), frames)

    def with_new_track(self) -> "Comparisons":
        """After the track broke: what comes next is another."""
        return Comparisons(self.made, self.tracks)
