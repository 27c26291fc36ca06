"""On which terms a badge is looked at: what must be shown at a reader, how well and until when. Pure."""

from dataclasses import dataclass, field

from device.records import BADGE, BADGE_AND_FACE, Mode, PadMode
from device.settings.tables import Settings


@dataclass(frozen=True, slots=True)
class Pad:
    """What a door does against presentation attacks, and with what.

    `live_threshold` is the least mean probability of a live face, 0..1, None without a passive network;
    `is_calibrated`, whether it was set at this door. Raises `ValueError` for a turn that no one can be asked for, and
    for one in doubt alone without a calibrated network.
    """

    mode: PadMode = PadMode.OFF
    can_prompt: bool = False
    """Whether a reader can show a person which way to turn the head."""
    live_threshold: float | None = None
    is_calibrated: bool = False
    is_shown: bool = False
    """Whether this door's own evaluation has shown that of each kind of attack fewer than 7 % are accepted."""

    def __post_init__(self) -> None:
        if self.mode in (PadMode.TURN, PadMode.TURN_IN_DOUBT) and not self.can_prompt:
            raise ValueError("a turn of the head needs a reader that shows which way")
        if self.mode is PadMode.TURN_IN_DOUBT and not (self.is_calibrated and self.live_threshold is not None):
            raise ValueError("a turn in doubt alone needs a passive network that was calibrated at this door")


@dataclass(frozen=True, slots=True)
class Terms:
    """What one transaction has to reach. At an `exit_reader` no missing part keeps anyone in.

    Raises `ValueError` for a badge alone anywhere else, and for presentation attacks looked for there.
    """

    mode: Mode
    probes: int
    """Good frames of one track that are compared first; `looks` says when again."""
    timeout_s: float
    """From the badge to the verdict, seconds."""
    max_age_s: float
    """An older frame isn't evidence, seconds."""
    exit_reader: str = ""
    pad: Pad = field(default_factory=Pad)
    lockdown_pass: bool = False
    """In a lockdown the rules are asked whether this person may pass."""

    def __post_init__(self) -> None:
        if (self.mode == BADGE) != bool(self.exit_reader):
            raise ValueError("a badge alone is enough at an exit reader and nowhere else")
        if self.exit_reader and self.pad.mode is not PadMode.OFF:
            raise ValueError("no face is looked at at an exit reader")


def way_in(settings: Settings, pad: Pad | None = None) -> Terms:
    """At an entry reader: the badge and its holder's face, and that it is no picture of it."""
    access = settings.access
    return Terms(
        BADGE_AND_FACE,
        access.probes,
        access.face_timeout_s,
        access.max_frame_age_s,
        pad=pad if pad is not None else Pad(),
    )


def way_out(reader: str) -> Terms:
    """At an exit reader: a badge alone."""
    return Terms(BADGE, probes=0, timeout_s=0.0, max_age_s=0.0, exit_reader=reader)
