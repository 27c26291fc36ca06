"""On which terms a badge is looked at: what must be shown at a reader, how well and until when. Pure."""

from dataclasses import dataclass

from device.records import BADGE, BADGE_AND_FACE, Mode
from device.settings.tables import Settings


@dataclass(frozen=True, slots=True)
class Terms:
    """What one transaction has to reach. At an `exit_reader` no missing part keeps anyone in.

    Raises `ValueError` for a badge alone anywhere else.
    """

    mode: Mode
    probes: int
    """Good frames of one track that are compared first; `looks` says when again."""
    timeout_s: float
    """From the badge to the verdict, seconds."""
    max_age_s: float
    """An older frame isn't evidence, seconds."""
    exit_reader: str = ""

    def __post_init__(self) -> None:
        if (self.mode == BADGE) != bool(self.exit_reader):
            raise ValueError("a badge alone is enough at an exit reader and nowhere else")


def way_in(settings: Settings) -> Terms:
    """At an entry reader: the badge and its holder's face."""
    return Terms(
        BADGE_AND_FACE, settings.access.probes, settings.access.face_timeout_s, settings.access.max_frame_age_s
    )


def way_out(reader: str) -> Terms:
    """At an exit reader: a badge alone."""
    return Terms(BADGE, probes=0, timeout_s=0.0, max_age_s=0.0, exit_reader=reader)
