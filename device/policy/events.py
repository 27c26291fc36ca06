"""What a showing hears: values with the time at which each happened, in seconds on the monotonic clock."""

from dataclasses import dataclass, field

from device.policy.turn import Direction
from device.records import BadgeRead, BadgeRemoved, Claim, Cues, DoorState, Evidence, KeyPress, Probe, Reason, Track


@dataclass(frozen=True, slots=True)
class BadgeClaimed:
    """The store was asked whose badge it is: `claim`, or None if nobody holds it.

    `has_to_wait`: after presentation attacks with this badge. `is_first_use`: it was never granted at this door.
    """

    at: float
    claim: Claim | None
    has_to_wait: bool = False
    is_first_use: bool = True


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
    be answered: `follows`, whether the face may be that of its track so far, and `identity`, how similar this frame
    alone is to the claim's references, with the network's threshold for a false match rate of 1e-3; None if that was
    not asked for, or if the picture is not good enough.
    """

    at: float
    captured_at: float
    read_at: float
    found: Probe | Reason = field(repr=False)
    follows: bool = False
    cues: Cues | None = None
    identity: Evidence | None = None


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
class TurnAsked:
    """The reader asks for a turn of the head to that side, drawn at random, from then on."""

    at: float
    direction: Direction


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
    | TurnAsked
)
"""All that a showing hears."""
