"""What was seen in one frame, as the page of a simulation shows it."""

from dataclasses import dataclass, field

from device.records import Box, Cues, Frame, Probe, Quality, Reason
from device.vision.landmarks import Landmarks


@dataclass(frozen=True, slots=True)
class Watched:
    """One frame with the face in it. Without exactly one face, `box`, `landmarks` and `quality` are None.

    `found` is what the door gets, `cues` as in `View`. Kept in memory only, like the frame.
    """

    frame: Frame = field(repr=False)
    found: Probe | Reason = field(repr=False)
    box: Box | None = None
    landmarks: Landmarks | None = field(default=None, repr=False)
    quality: Quality | None = None
    cues: Cues | None = field(default=None, repr=False)
