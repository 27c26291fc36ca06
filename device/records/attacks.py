"""What speaks for a live person before the camera, or for a picture of one: presentation attack detection (PAD)."""

from dataclasses import dataclass, field
from enum import StrEnum

from device.records.faces import Box, Embedding


class PadMode(StrEnum):
    """What a door does against presentation attacks, least first."""

    OFF = "off"
    PASSIVE = "passive"
    """Looks for signs of a picture; a good print isn't stopped."""
    TURN_IN_DOUBT = "turn-in-doubt"
    """Asks for a turn of the head too, unless those signs leave no doubt."""
    TURN = "turn"
    """Asks for a turn of the head each time."""


@dataclass(frozen=True, slots=True)
class Cues:
    """What one frame says about whether its one face is a live person's. For turned faces too.

    `yaw` and `pitch`, degrees: how the mesh's points lie against a mean face; yaw is positive to the person's own left,
    neither is relative to the person's view straight ahead. `crop_scale`: the widest square around the face that the
    frame holds, in face boxes. `presence`: the mesh's probability of a face. `box_share`: the longer side of the face's
    box, of the frame's longer side. `scene`: the share of the known blocks beside the head that look as without a
    person, None if it's unknown. `live`: the passive network's probability of a live face, None without a network or
    with too little room around the face. `embedding`: the face as the network sees it, only while a turn is asked for,
    and never part of what is compared for a match.
    """

    yaw: float
    pitch: float
    crop_scale: float
    presence: float
    box_share: float
    box: Box
    scene: float | None = None
    live: float | None = None
    embedding: Embedding | None = field(default=None, repr=False)
