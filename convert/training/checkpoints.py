"""The last whole epoch of a training on the disk: what `--resume` goes on from."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from convert.errors import WeightsError
from convert.tensorflow_backend import quiet
from convert.training.held_out import Verification
from convert.training.plan import TrainingPlan
from convert.training.trainer_model import network_of
from device.errors import ModelError
from device.failures import in_words

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch came to: the mean loss, and the verification on the validation people."""

    number: int
    loss: float
    validation: Verification


@dataclass(frozen=True, slots=True)
class State:
    """Where a training is, beside its weights: what a checkpoint keeps as JSON."""

    plan: TrainingPlan
    data_sha256: str
    before: Verification
    """On the test people, before the first step."""
    epochs: tuple[Epoch, ...] = ()

    @property
    def best(self) -> Epoch | None:
        """The epoch with the highest AUC on the validation people, the first of equals."""
        return max(self.epochs, key=lambda epoch: epoch.validation.auc.mean, default=None)

    @property
    def over(self) -> bool:
        """Whether no further epoch is due."""
        since_best = len(self.epochs) - self.best.number if self.best else 0
        return len(self.epochs) >= self.plan.epochs or since_best >= self.plan.patience


MODEL, WEIGHTS, STATE = "model.keras", "best.weights.h5", "state.json"
"""What a checkpoint holds: the model with its optimizer, the best epoch's network, and the `State`."""


def save(model: "keras.Model", state: State, folder: Path) -> None:
    """Adds the epoch's checkpoint as one whole, by a rename, then drops what was there before."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = last(folder)
        unfinished = Path(tempfile.mkdtemp(dir=folder, prefix="unfinished-"))
        with quiet():
            model.save(unfinished / MODEL)
        if state.best is state.epochs[-1] or before is None:
            with quiet():
                network_of(model).save_weights(unfinished / WEIGHTS)
        else:
            shutil.copyfile(before / WEIGHTS, unfinished / WEIGHTS)
        (unfinished / STATE).write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=2))
        written = unfinished.rename(folder / f"epoch-{len(state.epochs):05d}")
        for other in set(folder.iterdir()) - {written}:
            shutil.rmtree(other, ignore_errors=True)
    except OSError as error:
        raise ModelError(
            f"Cannot write the checkpoint into {folder}: {in_words(error, quoted=True)}.",
            hint="Make room, then --resume.",
        ) from error


def last(folder: Path) -> Path | None:
    """The last whole epoch's checkpoint."""
    return max(folder.glob("epoch-*"), default=None)


def read_state(folder: Path) -> State:
    """What `save` wrote into `folder`. Raises `WeightsError` if it is not a checkpoint."""
    try:
        return msgspec.json.decode((folder / STATE).read_bytes(), type=State)
    except (OSError, msgspec.DecodeError) as error:
        raise WeightsError(
            f"Not a checkpoint of a training: {folder}: {error}.", hint="Delete the folder and start again."
        ) from None
