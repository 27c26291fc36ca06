"""Trains a network on aligned chips by person, with softmax or triplets, and goes on after an interruption."""

import contextlib
import functools
import math
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np

from convert.errors import WeightsError
from convert.tensorflow import quiet
from convert.training.backend import load_keras
from convert.training.held_out import Pairs, Verification, pairs_of, verify
from convert.training.people import ChipReader, Sampler, digest, read_people, split_by_name
from convert.training.training_log import TrainingLog
from convert.triplet import MARGIN, Mining
from device.errors import ImageError, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

SOFTMAX_SCALE = 16.0
"""Logits are so many times the cosine of embedding and class (Wang et al. 2017, NormFace, arXiv:1704.06369)."""
WEIGHT_DECAY = 5e-4
LEAST_TRAINING_PEOPLE = 2


def _mobilefacenet(length: int) -> "keras.Model":
    from convert.networks.mobilefacenet import mobilefacenet

    return mobilefacenet(length=length)


def _nn4_small2(_length: int) -> "keras.Model":
    from convert.networks.nn4_small2 import nn4_small2

    return nn4_small2()


def _inception_resnet_v1(length: int) -> "keras.Model":
    from convert.networks.inception_resnet_v1 import inception_resnet_v1

    return inception_resnet_v1(length=length)


def _tiny(length: int) -> "keras.Model":
    from convert.networks.tiny import tiny

    return tiny(length=length)


NETWORKS: "dict[str, Callable[[int], keras.Model]]" = {
    "mobilefacenet": _mobilefacenet,
    "nn4_small2": _nn4_small2,
    "inception_resnet_v1": _inception_resnet_v1,
    "tiny": _tiny,
}
"""What can be trained, by name: from the embedding's length to the network without its weights."""


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
    """Batches of an epoch; None: so many that it has as many chips as there are."""
    learning_rate: float = 1e-3
    """At the start; along half a cosine it falls to 0."""
    patience: int = 10
    """So many epochs without a better AUC on the validation people end the training."""
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


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training; `after` is the best epoch's network on the test people."""

    out: Path
    training_people: int
    training_chips: int
    epochs: tuple[Epoch, ...]
    best_epoch: int
    before: Verification
    after: Verification


class Listener(Protocol):
    """Who is told how a training goes on."""

    def begin(self, epoch: int, steps: int) -> None:
        """An epoch begins, counted from 1."""

    def step(self, loss: float) -> None:
        """A batch is done; `loss` is the mean of the epoch so far."""

    def end(self, epoch: Epoch) -> None:
        """An epoch has ended and is on the disk."""


@dataclass(frozen=True, slots=True)
class _Job:
    """What does not change while a training goes on."""

    plan: TrainingPlan
    files: TrainingFiles
    sampler: Sampler
    steps: int
    validation: Pairs
    test: Pairs
    data_sha256: str


def train(plan: TrainingPlan, files: TrainingFiles, listener: Listener, *, resume: bool = False) -> Trained:
    """Trains, and writes the network of the best epoch, float32, to `files.out`.

    With `resume` it goes on after the last whole epoch, if there is one. Raises `DependencyMissing`, `ImageError` for
    data that cannot be trained on, `WeightsError` for weights or a checkpoint of another training, `ModelError`.
    """
    if files.out.suffix != ".keras":
        raise ModelError(f"Cannot write a network to {files.out}: expected a name in .keras.", hint="Change --out.")
    load_keras()
    job = _job(plan, files)
    with _precision(plan.precision):
        model, state = _resumed(job) if resume and _last(files.checkpoints) else _fresh(job, resume=resume)
        with TrainingLog(files.logs) as log:
            while not state.over:
                epoch = _train_epoch(model, job, len(state.epochs) + 1, listener)
                state = replace(state, epochs=(*state.epochs, epoch))
                _save(model, state, files.checkpoints)
                log.write(epoch.number, _scalars(epoch))
                listener.end(epoch)
    return _finished(job, state)


def build_network(plan: TrainingPlan) -> "keras.Model":
    """The network of the plan without its weights. Raises `ModelError` if nobody knows it or it cannot be so long."""
    if plan.network not in NETWORKS:
        raise ModelError(
            f"There is no network {plan.network!r} to train.", hint=f"Name one of {', '.join(sorted(NETWORKS))}."
        )
    network = NETWORKS[plan.network](plan.length)
    length = network.output_shape[-1]
    if length != plan.length:
        raise ModelError(
            f"The embeddings of {plan.network} have {length} numbers, received a length of {plan.length}.",
            hint=f"Give --length {length}.",
        )
    return network


def _job(plan: TrainingPlan, files: TrainingFiles) -> _Job:
    people = read_people(files.data)
    split = split_by_name(people, plan.held_out)
    if len(split.training) < LEAST_TRAINING_PEOPLE:
        raise ImageError(
            f"{len(split.training)} people are left to train on, expected at least {LEAST_TRAINING_PEOPLE}.",
            hint="Give more people, or hold out a smaller share.",
        )
    reader = ChipReader(build_network(plan).input_shape[1])
    for person in people:
        reader.check(person)
    sampler = Sampler(split.training, reader, plan.people, plan.per_person, plan.seed)
    chips = sum(len(person.chips) for person in split.training)
    steps = plan.steps or math.ceil(chips / (min(plan.people, len(split.training)) * plan.per_person))
    return _Job(plan, files, sampler, steps, pairs_of(split.validation), pairs_of(split.test), digest(people))


def _fresh(job: _Job, *, resume: bool) -> "tuple[keras.Model, State]":
    """A model at its first weights. Without `resume`, what an unfinished training left is not thrown away."""
    last = _last(job.files.checkpoints)
    if last is not None and not resume and not _read_state(last).over:
        raise WeightsError(
            f"{job.files.checkpoints} holds a training that has not ended.",
            hint="Go on with --resume, or delete that folder.",
        )
    keras = load_keras()
    keras.utils.set_random_seed(job.plan.seed)
    network = build_network(job.plan)
    if job.files.initial is not None:
        _take_weights(network, job.files.initial)
    before = verify(network, job.test, job.sampler.reader)
    shutil.rmtree(job.files.checkpoints, ignore_errors=True)
    return _trainer(network, job), State(job.plan, job.data_sha256, before)


def _resumed(job: _Job) -> "tuple[keras.Model, State]":
    folder = _last(job.files.checkpoints)
    assert folder is not None
    state = _read_state(folder)
    if (state.plan, state.data_sha256) != (job.plan, job.data_sha256):
        other = "other chips" if state.plan == job.plan else "another plan"
        raise WeightsError(
            f"{folder} belongs to a training with {other}: {_differences(state.plan, job.plan)}.",
            hint="Give the options and the data it was started with, or start anew without --resume.",
        )
    return _load(folder / MODEL, compiled=True), state


def _trainer(network: "keras.Model", job: _Job) -> "keras.Model":
    """The network with what its loss asks for: unit vectors, or the cosine with each of the training people."""
    keras = load_keras()
    layers = keras.layers
    pixels = keras.Input(network.input_shape[1:], name="pixels")
    output = layers.UnitNormalization(dtype="float32", name="unit")(network(pixels))
    if job.plan.objective is Objective.SOFTMAX:
        unit = keras.constraints.UnitNorm(axis=0)
        classes = len(job.sampler.people)
        head = layers.Dense(classes, use_bias=False, kernel_constraint=unit, dtype="float32", name="people")
        output = layers.Rescaling(SOFTMAX_SCALE, dtype="float32", name="scale")(head(output))
    rate = keras.optimizers.schedules.CosineDecay(job.plan.learning_rate, job.plan.epochs * job.steps)
    model = keras.Model(pixels, output, name="trainer")
    model.compile(keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY), _loss(job.plan))
    return model


def _loss(plan: TrainingPlan) -> "keras.losses.Loss":
    if plan.objective is Objective.SOFTMAX:
        return load_keras().losses.SparseCategoricalCrossentropy(from_logits=True)
    from convert.training.keras_classes import TripletLoss

    return TripletLoss(plan.mining, plan.margin)


def _network_of(model: "keras.Model") -> "keras.Model":
    """The network inside the model that is trained."""
    keras = load_keras()
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))


def _train_epoch(model: "keras.Model", job: _Job, number: int, listener: Listener) -> Epoch:
    keras = load_keras()
    from convert.training.keras_classes import EpochBatches

    listener.begin(number, job.steps)
    told = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda _epoch, _logs: _reseed(model, [job.plan.seed, number]),
        on_train_batch_end=lambda _step, logs: listener.step(float(logs["loss"])),
    )
    batches = EpochBatches(functools.partial(job.sampler.draw, number), job.steps)
    history = model.fit(batches, shuffle=False, verbose=0, callbacks=[told])
    loss = float(history.history["loss"][-1])
    if not math.isfinite(loss):
        raise ModelError(
            f"The loss of epoch {number} is {loss}.",
            hint="Start anew with a lower --learning-rate, or without --mixed-precision.",
        )
    return Epoch(number, loss, verify(_network_of(model), job.validation, job.sampler.reader))


def _reseed(model: "keras.Model", seed: list[int]) -> None:
    """Sets what dropout draws from, which Keras does not save: a resumed training must draw the same.

    On torch that is the backend's own generator, elsewhere a variable of the layer. It is done once `fit` has begun:
    building a model that was just loaded draws as well.
    """
    states = [variable for variable in model.variables if variable.path.endswith("seed_generator_state")]
    of_backend, *of_layers = np.random.SeedSequence(seed).generate_state(1 + len(states)).tolist()
    load_keras().utils.set_random_seed(of_backend)
    for state, drawn in zip(states, of_layers, strict=True):
        state.assign(np.array([drawn, 0], np.uint32))


MODEL, WEIGHTS, STATE = "model.keras", "best.weights.h5", "state.json"
"""What a checkpoint holds: the model with its optimizer, the best epoch's network, and the `State`."""


def _save(model: "keras.Model", state: State, folder: Path) -> None:
    """Adds the epoch's checkpoint as one whole, by a rename, then drops what was there before."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = _last(folder)
        unfinished = Path(tempfile.mkdtemp(dir=folder, prefix="unfinished-"))
        with quiet():
            model.save(unfinished / MODEL)
        if state.best is state.epochs[-1] or before is None:
            with quiet():
                _network_of(model).save_weights(unfinished / WEIGHTS)
        else:
            shutil.copyfile(before / WEIGHTS, unfinished / WEIGHTS)
        (unfinished / STATE).write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=2))
        last = unfinished.rename(folder / f"epoch-{len(state.epochs):05d}")
        for other in set(folder.iterdir()) - {last}:
            shutil.rmtree(other, ignore_errors=True)
    except OSError as error:
        raise ModelError(
            f"Cannot write the checkpoint into {folder}: {error.strerror or error}.", hint="Make room, then --resume."
        ) from error


def _last(folder: Path) -> Path | None:
    """The last whole epoch's checkpoint."""
    return max(folder.glob("epoch-*"), default=None)


def _read_state(folder: Path) -> State:
    try:
        return msgspec.json.decode((folder / STATE).read_bytes(), type=State)
    except (OSError, msgspec.DecodeError) as error:
        raise WeightsError(
            f"{folder} is no checkpoint of a training: {error}.", hint="Delete the folder and start anew."
        ) from None


def _load(path: Path, *, compiled: bool) -> "keras.Model":
    keras = load_keras()
    from convert.training.keras_classes import TripletLoss

    try:
        with quiet():
            return keras.models.load_model(
                path, safe_mode=True, compile=compiled, custom_objects={"TripletLoss": TripletLoss}
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"Cannot read the network {path}: {reason}", hint="Give a .keras file that `lintel-convert train` wrote."
        ) from None


def _take_weights(network: "keras.Model", path: Path) -> None:
    """Gives `network` the weights of the one in the file. Raises `WeightsError` if that is another network."""
    weights = _load(path, compiled=False).get_weights()
    expected, received = [w.shape for w in network.get_weights()], [w.shape for w in weights]
    if expected != received:
        raise WeightsError(
            f"{path} is another network: {len(received)} tensors do not fit {network.name} with {len(expected)}.",
            hint="Name the --network and the --length it was trained with.",
        )
    network.set_weights(weights)


def _finished(job: _Job, state: State) -> Trained:
    """The best epoch's network in float32, whatever it was trained in, written whole."""
    checkpoint = _last(job.files.checkpoints)
    assert checkpoint is not None
    assert state.best is not None
    network = build_network(job.plan)
    with quiet():
        network.load_weights(checkpoint / WEIGHTS)
    _write(network, job.files.out)
    people = job.sampler.people
    return Trained(
        out=job.files.out,
        training_people=len(people),
        training_chips=sum(len(person.chips) for person in people),
        epochs=state.epochs,
        best_epoch=state.best.number,
        before=state.before,
        after=verify(network, job.test, job.sampler.reader),
    )


def _write(network: "keras.Model", out: Path) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            with quiet():
                network.save(Path(folder) / out.name)
            (Path(folder) / out.name).replace(out)
    except OSError as error:
        raise ModelError(
            f"Cannot write {out}: {error.strerror or error}.", hint="Name another file with --out."
        ) from error


@contextlib.contextmanager
def _precision(precision: Precision) -> Iterator[None]:
    config = load_keras().config
    before = config.dtype_policy()
    config.set_dtype_policy(precision.value)
    try:
        yield
    finally:
        config.set_dtype_policy(before)


def _scalars(epoch: Epoch) -> dict[str, float]:
    validation = epoch.validation
    return {
        "loss": epoch.loss,
        "validation/accuracy": validation.accuracy.mean,
        "validation/auc": validation.auc.mean,
        "validation/tar_at_fmr_1e-2": validation.tar_at_1e2,
    }


def _differences(one: TrainingPlan, other: TrainingPlan) -> str:
    fields = [name for name in TrainingPlan.__dataclass_fields__ if getattr(one, name) != getattr(other, name)]
    return "; ".join(f"{name} is {getattr(one, name)}, not {getattr(other, name)}" for name in fields) or "see --data"
