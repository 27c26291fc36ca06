"""What a showing hears: values with the time at which each happened, in seconds on the monotonic clock."""

from dataclasses import dataclass, field
from datetime import datetime

from device.policy.pin_entry import PinEntry
from device.policy.turn import Direction
from device.records import (
    BadgeRead,
    BadgeRemoved,
    Claim,
    Cues,
    DoorState,
    Evidence,
    KeyPress,
    PinAnswer,
    Probe,
    Reason,
    Ruling,
    Track,
)


@dataclass(frozen=True, slots=True)
class Bars:
    """Why a face, or a PIN, does not count with a badge at the moment: a missing part, or what was tried before.

    `fault` says why, in words without personal data, where a part is missing.
    """

    face: Reason | None = None
    pin: Reason | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class BadgeClaimed:
    """The store was asked whose badge it is: `claim`, or None without a holder.

    `has_to_wait`: after presentation attacks with this badge. `is_first_use`: it was never granted at this door.
    `ruling` is what the rules say, None where they were not asked and the terms' mode counts. `came_at` are the
    readings of the time of day when the badge came, UTC: several of a clock that is not trusted, none without a clock.
    """

    at: float
    claim: Claim | None
    has_to_wait: bool = False
    is_first_use: bool = True
    ruling: Ruling | None = None
    came_at: tuple[datetime, ...] = ()
    bars: Bars = field(default_factory=Bars)
    is_invited: bool = False
    """Whether the holder may give new references here: who types a PIN then is asked for face and PIN."""


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
class PinChecked:
    """A typed PIN was compared with those of the badge's holder.

    `entry` is the very object that the showing asked about, so that no answer counts for another showing.
    """

    at: float
    entry: PinEntry = field(repr=False)
    answer: PinAnswer = field(repr=False)


@dataclass(frozen=True, slots=True)
class PinFailed:
    """It could not be compared: STORE_FAULT or KEY_MISSING."""

    at: float
    entry: PinEntry = field(repr=False)
    reason: Reason
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
    | PinChecked
    | PinFailed
    | StopRequested
    | TimePassed
    | TurnAsked
)
"""All that a showing hears."""
