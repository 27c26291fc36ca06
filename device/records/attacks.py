"""What speaks for a live person before the camera, or for a picture of one: presentation attack detection (PAD)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

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


class TurnEnd(StrEnum):
    """How a turn of the head that a door asked for ended."""

    TURNED = "turned"
    TOO_LATE = "too-late"
    TOO_SOON = "too-soon"
    OTHER_WAY = "other-way"
    LOST = "face-lost"
    OTHER_PERSON = "other-person"


LEAST_SCENE = 0.60
"""The least share of the known surroundings that has to be seen beside a head."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a door saw of whether a live person was there; values only, never a picture. Without arguments: nothing.

    `scene`: median share of the known surroundings, None if they are unknown. `live`: mean probability of a live face,
    0..1, None without frames enough; `live_threshold`: what it has to reach, None without a network. `turns`: how each
    turn ended that was asked for, in order; `turned`: how far the last one went the asked way, degrees. `is_turned`:
    whether the last one was made, by the person who was matched. `is_sure`: whether nothing was in doubt.
    """

    scene: float | None = None
    live: float | None = None
    live_threshold: float | None = None
    turns: tuple[TurnEnd, ...] = ()
    turned: float | None = None
    is_turned: bool = False
    is_sure: bool = False

    def meets(self, mode: PadMode) -> bool:
        """Whether it is enough for a grant at a door with that mode."""
        match mode:
            case PadMode.OFF:
                return True
            case PadMode.PASSIVE:
                return self._is_no_picture
            case PadMode.TURN_IN_DOUBT:
                return self._is_no_picture and (self.is_sure or self.is_turned)
            case PadMode.TURN:
                return self._is_no_picture and self.is_turned
        assert_never(mode)

    @property
    def _is_no_picture(self) -> bool:
        if self.scene is not None and not self.scene >= LEAST_SCENE:
            return False
        return self.live_threshold is None or (self.live is not None and self.live >= self.live_threshold)
