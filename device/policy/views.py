"""What was wrong with the frames of one transaction, and how many were good: for the reason in the end. Pure."""

from dataclasses import dataclass, replace

from device.policy.events import FrameSeen
from device.records import Probe, Reason


@dataclass(frozen=True, slots=True)
class Views:
    """The frames so far."""

    frames: int = 0
    """How many fresh frames were analyzed."""
    good: int = 0
    """How many of them had a good face."""
    bad: int = 0
    """In how many since the last comparison something was wrong with a face."""
    away_since: float | None = None
    """When the first of the last frames without a face was captured; None while there is one."""
    complaint: Reason | None = None
    """What was wrong with the view."""

    def saw(self, event: FrameSeen) -> "Views":
        """After a fresh frame."""
        is_good, is_empty = isinstance(event.found, Probe), event.found is Reason.NO_FACE
        since = event.captured_at if self.away_since is None else self.away_since
        return Views(
            self.frames + 1,
            self.good + is_good,
            self.bad + (not is_good and not is_empty),
            since if is_empty else None,
            _worse(self.complaint, event.found),
        )

    def held(self, wrong: Reason | None) -> "Views":
        """After a fresh frame of a face that has matched, and what was wrong with it."""
        return replace(self, frames=self.frames + 1, complaint=wrong or self.complaint)

    def compared(self) -> "Views":
        """After a comparison."""
        return replace(self, bad=0)

    def away_s(self, at: float) -> float:
        """For how long there is no face, in a frame captured `at`."""
        return 0.0 if self.away_since is None else at - self.away_since

    @property
    def most_are_bad(self) -> bool:
        """Whether most frames since the last comparison were bad."""
        return self.bad > self.good


def _worse(before: Reason | None, found: Probe | Reason) -> Reason:
    """The reason to show in the end: the latest thing that the person can fix, rather than an empty view."""
    if isinstance(found, Probe):
        return Reason.FACE_TOO_BRIEF if before in (None, Reason.NO_FACE) else before
    return before if found is Reason.NO_FACE and before else found
