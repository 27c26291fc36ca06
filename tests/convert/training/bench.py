"""What the tests of training share: a network of few weights, a plan of few steps, chips that differ by color."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from convert.keras_backend import load_keras
from convert.networks import table
from convert.tensorflow_backend import quiet
from convert.training.checkpoints import Epoch
from convert.training.plan import TrainingPlan
from device.vision.manifest import Alignment

if TYPE_CHECKING:
    import keras

ROOT = Path(__file__).parents[3]
SIZE_PX = 8
PEOPLE = 40


def small_network(length: int) -> "keras.Model":
    """A network of few weights for chips of 8x8 pixels, with what makes resuming hard: dropout and running means."""
    layers = load_keras().layers
    return load_keras().Sequential(
        [
            layers.Input((SIZE_PX, SIZE_PX, 3)),
            layers.Rescaling(1 / 128, offset=-1, name="normalization"),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(length, name="dense"),
            layers.BatchNormalization(name="embedding"),
        ],
        name="small",
    )


SMALL = replace(table.NETWORKS["tiny"], build=small_network)
"""The same as an entry of the table of networks."""


def write_chips(folder: Path) -> None:
    """Forty people who differ by a color each, three noisy chips of each, and one with a single chip."""
    generator = np.random.default_rng(0)
    for person in range(PEOPLE):
        color = generator.uniform(60, 200, (2, 2, 3)).repeat(4, axis=0).repeat(4, axis=1)
        (folder / f"person{person:02d}").mkdir()
        for number in range(3):
            chip = np.clip(color + generator.normal(0, 12, color.shape), 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / f"person{person:02d}" / f"{number}.png"), chip)
    (folder / "somebody").mkdir()
    cv2.imwrite(str(folder / "somebody" / "0.png"), chip)


@dataclass
class Remembering:
    """A listener that keeps what it is told."""

    steps: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)

    def begin(self, epoch: int, steps: int) -> None:
        pass

    def step(self, loss: float) -> None:
        self.steps.append(loss)

    def end(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)


PLAN = TrainingPlan(
    "tiny", length=8, people=8, per_person=2, epochs=3, steps=4, learning_rate=0.01, patience=9, held_out=0.5, seed=1
)


SHORT = replace(PLAN, epochs=1, steps=1)
ALIGNMENT = Alignment(size_px=SIZE_PX, template=((2.0, 3.0), (6.0, 3.0)), landmarks=(33, 263))


def outputs(path: Path) -> np.ndarray:
    with quiet():
        network = load_keras().models.load_model(path, safe_mode=True)
    chips = np.random.default_rng(0).uniform(0, 255, (4, SIZE_PX, SIZE_PX, 3)).astype(np.float32)
    return np.asarray(network.predict_on_batch(chips))


def command(data: Path, out: Path, *more: str) -> list[str]:
    """The command line of `PLAN`."""
    batches = "--network tiny --length 8 --people 8 --per-person 2 --steps 4"
    course = "--epochs 3 --learning-rate 0.01 --patience 9 --held-out 0.5 --seed 1"
    return ["train", "--data", str(data), "--out", str(out), *batches.split(), *course.split(), *more]
