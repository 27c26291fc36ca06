"""What a camera sees and vision makes of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # `lintel door secure` reads the settings and waits for no NumPy, which may be what is broken
    import numpy as np
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    """RGB pixels, uint8 [height, width, 3]."""

    Embedding = NDArray[np.float32]
    """A face as the network sees it: float32 [128], unit length. Never printed, logged or put into an audit row."""
else:
    Image = Embedding = Any


Area = tuple[int, int, int, int]
"""Part of a picture as (left, top, right, bottom), in pixels."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture from a file, which may be a large one.

    `image`: all of it, its sides divided by `shrunk`, 1 or 2. `area`: gives a part of it in pixels of the file; raises
    `ImageError`.
    """

    image: Image = field(repr=False)
    shrunk: int
    area: Callable[[Area], Image] = field(repr=False)


def photo_of(image: Image) -> Photo:
    """A picture that is held whole."""
    return Photo(image, 1, lambda area: image[area[1] : area[3], area[0] : area[2]])


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture and when it was captured, in seconds on the monotonic clock."""

    image: Image = field(repr=False)
    captured_at: float


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in pixels, origin at the picture's top left; it may reach beyond the picture."""

    left: float
    top: float
    width: float
    height: float

    @property
    def center(self) -> tuple[float, float]:
        """(x, y) in pixels."""
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Quality:
    """What a face's picture is worth. The defaults are those of a good picture.

    `face_px`: the longer side of the face, forehead to chin. `brightness`: mean luma of the face, 0..255. `blur`: 0
    (sharp) to 1. `turn`: how far the nose is off the middle between the eyes, as a share of the eyes' distance; 0 is
    frontal. What each of the others means is said where it is measured, in `device.vision.quality`.
    """

    face_px: float
    brightness: float
    blur: float
    turn: float
    eyes_px: float = 60.0
    in_view: float = 1.0
    surroundings: float = 120.0
    white: float = 0.0
    black: float = 0.0
    side_light: float = 0.0
    contrast: float = 120.0
    noise: float = 0.5
    blocks: float = 1.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    mouth: float = 0.07
    forehead: float = 1.15
    eyes_bright: float = 0.9
    eyes_open: float = 0.3
    presence: float = 1.0
    score: float = 0.93
    margin: float = 0.5
    motion: float = 0.0


@dataclass(frozen=True, slots=True)
class Probe:
    """A face ready for comparison, with the picture's quality."""

    embedding: Embedding = field(repr=False)
    quality: Quality
    box: Box


Track = tuple[Probe, ...]
"""Probes of one face in a row, the first one first."""
