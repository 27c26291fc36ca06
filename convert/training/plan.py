"""What decides what a training comes to, and where it reads and writes."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from convert.training.mining import MARGIN, Mining


class Objective(StrEnum):
    """What the network is trained to do.

    `softmax` tells the training people apart by a layer that is thrown away, which is where FaceNet's followers begin;
    `triplet` brings a person's chips together.
    """

    TRIPLET = "triplet"
    SOFTMAX = "softmax"


class Precision(StrEnum):
    """In which numbers layers compute; weights are always float32. The values are Keras's names."""

    FLOAT32 = "float32"
    FLOAT16 = "mixed_float16"
    BFLOAT16 = "mixed_bfloat16"


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """All that decides what a training comes to, but the data."""

    network: str
    length: int = 128
    objective: Objective = Objective.TRIPLET
    mining: Mining = Mining.SEMI_HARD
    margin: float = MARGIN
    people: int = 32
    per_person: int = 4
    epochs: int = 30
    steps: int | None = None
    """Batches per epoch; None: enough to see every chip."""
    learning_rate: float = 1e-3
    """At the start; along half a cosine it falls to 0."""
    patience: int = 10
    """Epochs without a better AUC on the validation people after which training ends."""
    held_out: float = 0.2
    precision: Precision = Precision.FLOAT32
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TrainingFiles:
    """Where chips are read from and the network is written to; beside it, in `OUT.training`, what `resume` needs."""

    data: Path
    out: Path
    initial: Path | None = None
    """A network to start from, as an earlier training wrote it."""
    logs: Path | None = None

    @property
    def checkpoints(self) -> Path:
        """The folder of the last whole epoch."""
        return self.out.with_name(f"{self.out.name}.training")


def differences(one: TrainingPlan, other: TrainingPlan) -> str:
    """What `one` has otherwise than `other`, in words."""
    fields = [name for name in TrainingPlan.__dataclass_fields__ if getattr(one, name) != getattr(other, name)]
    return "; ".join(f"{name} is {getattr(one, name)}, not {getattr(other, name)}" for name in fields) or "see --data"
