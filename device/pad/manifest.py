"""A folder of recorded presentations: its manifest and the cue values of each, from the recorder to the evaluation.

`pad.json` names the presentations; what it doesn't name was not finished and counts for nothing. Of each there is a
file of what every frame said, as numbers: no picture, and nothing that a face could be made of again. Written as a
whole or not at all, and read as if a stranger had sent it.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

FILE = "pad.json"
VERSION = 1
MOST_BYTES = 16 << 20
"""Of a file that is read: a clip of an hour has less."""

Label = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What the owner calls a person or a device."""
Sha256 = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$")]
"""Hexadecimal; empty where there is no such file."""
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z-]{0,31}-[0-9]{4}$")]
"""Of a presentation, and of its files before their ending."""
Seconds = Annotated[float, Meta(ge=0, le=3600)]
Share = Annotated[float, Meta(ge=0, le=1)]
Degrees = Annotated[float, Meta(ge=-360, le=360)]
Pixels = Annotated[float, Meta(ge=-1e5, le=1e5)]
SpeciesName = Annotated[str, Meta(pattern=r"^[a-z][a-z-]{0,31}$")]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Prompt(_Record, frozen=True, kw_only=True):
    """What the person, or the hand of an attack, was asked for, and when: seconds from the clip's begin."""

    at: Seconds
    ask: Literal["turn-left", "turn-right"]


class Recorded(_Record, frozen=True, kw_only=True):
    """One presentation."""

    name: Name
    species: SpeciesName
    person: Label
    """Whose face it shows: a label of the owner's choice."""
    hand: Label
    """Who presented it."""
    device: Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    """On what the face was shown: which phone, which printer; empty of a live person."""
    recorded_at: Annotated[str, Meta(max_length=40)]
    """ISO 8601, UTC."""
    references: Annotated[int, Meta(ge=0, le=1000)] = 0
    """With how many pictures of the person the frames were compared; 0, they were not."""
    prompts: Annotated[tuple[Prompt, ...], Meta(max_length=20)] = ()
    frames_sha256: Sha256
    clip_sha256: Sha256 = ""
    """Of the encrypted clip, if one was kept."""


class PadFolder(_Record, frozen=True, kw_only=True):
    """The manifest of a folder."""

    pad_version: Literal[1] = 1
    camera: Annotated[str, Meta(max_length=200)] = ""
    network_sha256: Sha256 = ""
    """The passive network that gave the values of `live`; empty, none did."""
    embedding_sha256: Sha256 = ""
    """The network that gave the similarities."""
    presentations: Annotated[tuple[Recorded, ...], Meta(max_length=10_000)] = ()


class FrameRecord(_Record, frozen=True, kw_only=True, omit_defaults=True):
    """What one frame said. `reason` is why it had no face to compare, empty for a good one."""

    at: Seconds
    reason: Annotated[str, Meta(max_length=64)] = ""
    box: tuple[Pixels, Pixels, Pixels, Pixels] | None = None
    """Left, top, width, height of the face's box, pixels."""
    yaw: Degrees | None = None
    """With `pitch` and the others up to `live` a frame's cues, or none of them."""
    pitch: Degrees = 0.0
    crop_scale: Annotated[float, Meta(ge=0, le=1e6)] = 0.0
    presence: Share = 0.0
    box_share: Annotated[float, Meta(ge=0, le=10)] = 0.0
    scene: Share | None = None
    live: Share | None = None
    similarity: Annotated[float, Meta(ge=-1.001, le=1.001)] | None = None
    """With the person's references; None where no comparison was possible."""


class Frames(_Record, frozen=True, kw_only=True):
    """The file of one presentation."""

    frames_version: Literal[1] = 1
    frames: Annotated[tuple[FrameRecord, ...], Meta(min_length=1, max_length=100_000)]
