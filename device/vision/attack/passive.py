"""How probable a live face is, by a presentation-attack network that the owner imported with `lintel-convert import`.

Beside the scene (`device.vision.attack.scene`): from a frame and a face's box to a value for the verdict on a
presentation. The network and its manifest are a pair in a folder of the owner's choice; Lintel comes with none.
"""

import math
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from device.errors import ModelError
from device.records import Box, Image
from device.vision.manifest import LEAST_CROP_SCALE, AttackSpec, Manifest
from device.vision.models import Model, load_model
from device.vision.runtime import Interpreter

TASK: Final = "presentation-attack"
DOUBTFUL_SCALE = 1.5
"""Face boxes across a crop below which a network's answer is in doubt: the person is asked to step back."""

_HINT = (
    "Install the network again: `lintel-convert install NAME --from FILE`, and copy its pair to where the door looks."
)


class Room(Enum):
    """What a picture shows around a face."""

    TOO_LITTLE = "too little"
    """Less than 1.2 face boxes across: the network is not asked."""
    LITTLE = "little"
    """Less than 1.5: its answer is in doubt."""
    ENOUGH = "enough"


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a picture in whole pixels, all inside it; `scale` is its width in face boxes."""

    left: int
    top: int
    width: int
    height: int
    scale: float

    @property
    def room(self) -> Room:
        """Whether it shows enough to judge by."""
        if self.scale < LEAST_CROP_SCALE:
            return Room.TOO_LITTLE
        return Room.LITTLE if self.scale < DOUBTFUL_SCALE else Room.ENOUGH

    def of(self, image: Image) -> Image:
        """The pixels, uint8 [height, width, 3]."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]


def crop_around(box: Box, picture: tuple[int, int], scale: float) -> Crop:
    """The crop of `scale` face boxes around the box's middle in a picture of (height, width) pixels.

    Where the picture ends, the crop is shifted into it, and made smaller only if the picture is smaller: padding
    would show edges that the network takes for a screen's. Minivision crops likewise (Silent-Face-Anti-Spoofing,
    `CropImage._get_new_box`). Raises `ValueError` for a box or a picture without an area.
    """
    rows, columns = picture
    if not (box.width > 0 and box.height > 0 and rows > 0 and columns > 0 and math.isfinite(sum(box.center))):
        raise ValueError(f"expected a box and a picture with an area, received {box} in {columns}x{rows} pixels")
    possible = min(scale, columns / box.width, rows / box.height)
    width, height = _whole(box.width * possible, columns), _whole(box.height * possible, rows)
    x, y = box.center
    return Crop(_shifted(x, width, columns), _shifted(y, height, rows), width, height, possible)


class PassiveNetwork:
    """A presentation-attack network, opened once and asked frame by frame. Not thread-safe."""

    def __init__(self, model: Model, *, threads: int = 1) -> None:
        """Raises `ModelError` for another network, or a manifest that contradicts itself or its file."""
        self._manifest = model.manifest
        self.spec = _spec_of(model.manifest)
        self._interpreter = Interpreter(model, threads=threads)
        self._size_px = model.manifest.inputs[0].shape[1]

    @property
    def model_sha256(self) -> str:
        """Which network it is: a door's own threshold holds for this file alone."""
        return self._manifest.sha256

    @property
    def threshold(self) -> float:
        """The least probability of a live face, 0..1, that counts as one, unless the door has its own."""
        return self.spec.threshold

    def crop(self, image: Image, box: Box) -> Crop:
        """What the network would be shown of a face. Raises `ValueError` for a box without an area."""
        return crop_around(box, image.shape[:2], self.spec.crop_scale)

    def live(self, image: Image, box: Box) -> float | None:
        """How probable a live face is, 0..1, of an RGB picture, uint8 [h, w, 3], and the box of a face in it.

        None if the picture shows too little around the face: then there is no verdict. Raises `ModelError` if the
        network fails or gives what is not a number, `ValueError` for a box without an area.
        """
        crop = self.crop(image, box)
        return None if crop.room is Room.TOO_LITTLE else self.live_crop(self.resized(crop.of(image)))

    def resized(self, pixels: Image) -> Image:
        """A crop in the network's size: bilinear without averaging, as such networks are trained."""
        size = (self._size_px, self._size_px)
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)

    def live_crop(self, crop: Image) -> float:
        """The same of a crop in the network's size, RGB, uint8 [size, size, 3]. Raises `ModelError`."""
        wanted = self._manifest.preprocessing
        ordered = crop if wanted.color == "RGB" else crop[..., ::-1]
        tensor = ordered * np.float32(wanted.scale) + np.float32(wanted.offset)
        return live_probability(self._interpreter.run(tensor[np.newaxis])[0][0], self.spec.live_index)


def load_passive(name: str, folder: Path, *, threads: int = 1) -> PassiveNetwork:
    """Opens the pair NAME.tflite and NAME.json in `folder`. Raises `ModelError`."""
    try:
        return PassiveNetwork(load_model(name, folder, task=TASK), threads=threads)
    except ModelError as error:
        raise ModelError(error.message, hint=_HINT) from error


def live_probability(logits: NDArray[np.float32], live_index: int) -> float:
    """The softmax of logits [n] at an index, 0..1. Raises `ModelError` for what is not a number."""
    if not np.all(np.isfinite(logits)):
        raise ModelError("The presentation-attack network gave no usable numbers.", hint=_HINT)
    weights = np.exp(logits.astype(np.float64) - float(logits.max()))
    return float(weights[live_index] / weights.sum())


def _spec_of(manifest: Manifest) -> AttackSpec:
    if manifest.task != TASK:
        raise ModelError(f"{manifest.name} is for the task {manifest.task!r}, expected {TASK!r}.", hint=_HINT)
    if manifest.attack is None:
        raise ModelError(f"The manifest of {manifest.name} does not say how its network is asked.", hint=_HINT)
    ins, outs = (tuple(spec.shape for spec in specs) for specs in (manifest.inputs, manifest.outputs))
    size = ins[0][1] if ins and len(ins[0]) == 4 else 0
    square = ins == ((1, size, size, 3),)
    classes = outs[0][1] if len(outs) == 1 and len(outs[0]) == 2 else 0
    if not square or classes < 2 or manifest.attack.live_index >= classes:
        raise ModelError(
            f"The manifest of {manifest.name} contradicts itself: expected [1, s, s, 3] in, [1, n] out and a live "
            f"index below n, received {list(ins)}, {list(outs)} and {manifest.attack.live_index}.",
            hint=_HINT,
        )
    return manifest.attack


def _whole(length: float, most: int) -> int:
    return min(max(round(length), 1), most)


def _shifted(middle: float, length: int, most: int) -> int:
    """Where a stretch around `middle` begins so that all of it lies in 0..most."""
    return min(max(round(middle - length / 2), 0), most - length)
