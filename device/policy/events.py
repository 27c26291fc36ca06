"""What a showing hears: values with the time at which each happened, in seconds on the monotonic clock."""

from dataclasses import dataclass, field

from device.records import BadgeRead, BadgeRemoved, Claim, Cues, DoorState, Evidence, KeyPress, Probe, Reason, Track


@dataclass(frozen=True, slots=True)
class BadgeClaimed:
    """The store was asked whose badge it is: `claim`, or None if nobody holds it."""

    at: float
    claim: Claim | None


@dataclass(frozen=True, slots=True)
class ClaimFailed:
    """It could not say, or no model says which references count: STORE_FAULT or VISION_FAULT."""

    at: float
    reason: Reason
    fault: str


@dataclass(frozen=True, slots=True)
class FrameSeen:
    """A frame was analyzed: its one good face, or why there is none.

    `at` is when the analysis ended, `read_at` when it began, right after the camera gave the frame. `cues` are those of
    a face that was found, turned or not; None where no one looks for presentation attacks. Two are for each showing to
    be answered: `follows`, whether the face may be that of its track so far, and `similarity`, that of this frame alone
    with the claim's references, None if it was not asked for.
    """

    at: float
    captured_at: float
    read_at: float
    found: Probe | Reason = field(repr=False)
    follows: bool = False
    cues: Cues | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class LookFailed:
    """A look gave no analyzed frame: CAMERA_FAULT or VISION_FAULT. The next one may."""

    at: float
    reason: Reason
    fault: str


@dataclass(frozen=True, slots=True)
class Compared:
    """The probes of a track were compared with the references of a claim.

    Both are the very objects that the showing asked about, so that no answer counts for another showing or question.
    """

    at: float
    track: Track = field(repr=False)
    claim: Claim
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ComparisonFailed:
    """No comparison is possible, as with a model that isn't calibrated."""

    at: float
    fault: str


@dataclass(frozen=True, slots=True)
class DoorChanged:
    """The door is in this state now."""

    at: float
    state: DoorState


@dataclass(frozen=True, slots=True)
class StopRequested:
    """The process was asked to stop: nothing is released any more."""

    at: float


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing else happened until then."""

    at: float


ShowingEvent = (
    BadgeClaimed
    | BadgeRead
    | BadgeRemoved
    | ClaimFailed
    | Compared
    | ComparisonFailed
    | DoorChanged
    | FrameSeen
    | KeyPress
    | LookFailed
    | StopRequested
    | TimePassed
)
"""All that a showing hears."""
