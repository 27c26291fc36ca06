"""Trains a network on aligned chips by person, with softmax or triplets, and goes on after an interruption."""

import contextlib
import functools
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from convert.errors import WeightsError
from convert.keras_backend import load_keras
from convert.spec import write_network
from convert.tensorflow_backend import quiet
from convert.training import checkpoints
from convert.training.checkpoints import Epoch, State
from convert.training.chips import recorded_alignment
from convert.training.held_out import Pairs, Verification, pairs_of, verify
from convert.training.network_files import load_checkpoint, take_weights
from convert.training.people import ChipReader, Sampler, digest, read_people, split_by_name
from convert.training.plan import Precision, TrainingFiles, TrainingPlan, differences
from convert.training.trainable import build_network
from convert.training.trained_spec import expect_held_out, expect_size, knows_whom_it_saw, trained_spec
from convert.training.trainer_model import network_of, trainer
from convert.training.training_log import TrainingLog
from device.errors import ImageError, ModelError
from device.vision.manifest import Alignment

if TYPE_CHECKING:
    import keras

LEAST_TRAINING_PEOPLE = 2


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
    alignment: Alignment | None
    """That of the chips, where it is noted beside them: then the sidecar is written too."""
    knows_whom_it_saw: bool
    """False if the network it began with does not say whom it was trained on: the test people may be among them."""


class Listener(Protocol):
    """Receives the progress of a training."""

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
    alignment: Alignment | None


def train(plan: TrainingPlan, files: TrainingFiles, listener: Listener, *, resume: bool = False) -> Trained:
    """Trains, and writes the network of the best epoch, float32, to `files.out`, and its sidecar beside it.

    With `resume` it goes on after the last whole epoch, if there is one. Raises `DependencyMissing`, `ImageError` for
    data that cannot be trained on, `WeightsError` for weights or a checkpoint of another training, `ModelError`.
    """
    if files.out.suffix != ".keras":
        raise ModelError(f"Cannot write a network to {files.out}: expected a name in .keras.", hint="Change --out.")
    load_keras()
    expect_held_out(plan, files.initial)
    job = _job(plan, files)
    with _precision(plan.precision):
        model, state = _resumed(job) if resume and checkpoints.last(files.checkpoints) else _fresh(job, resume=resume)
        with TrainingLog(files.logs) as log:
            while not state.over:
                epoch = _train_epoch(model, job, len(state.epochs) + 1, listener)
                state = replace(state, epochs=(*state.epochs, epoch))
                checkpoints.save(model, state, files.checkpoints)
                log.write(epoch.number, _scalars(epoch))
                listener.end(epoch)
    return _finished(job, state)


def _job(plan: TrainingPlan, files: TrainingFiles) -> _Job:
    people = read_people(files.data)
    split = split_by_name(people, plan.held_out)
    if len(split.training) < LEAST_TRAINING_PEOPLE:
        raise ImageError(
            f"{len(split.training)} people are left to train on, expected at least {LEAST_TRAINING_PEOPLE}.",
            hint="Give more people, or hold out a smaller share.",
        )
    size_px, alignment = build_network(plan).input_shape[1], recorded_alignment(files.data)
    expect_size(alignment, size_px, files.data)
    reader = ChipReader(size_px)
    for person in people:
        reader.check(person)
    sampler = Sampler(split.training, reader, plan.people, plan.per_person, plan.seed)
    chips = sum(len(person.chips) for person in split.training)
    steps = plan.steps or math.ceil(chips / (min(plan.people, len(split.training)) * plan.per_person))
    validation, test = pairs_of(split.validation), pairs_of(split.test)
    return _Job(plan, files, sampler, steps, validation, test, digest(people), alignment)


def _fresh(job: _Job, *, resume: bool) -> "tuple[keras.Model, State]":
    """A model at its first weights. Without `resume`, what an unfinished training left is not thrown away."""
    last = checkpoints.last(job.files.checkpoints)
    if last is not None and not resume and not checkpoints.read_state(last).over:
        raise WeightsError(
            f"{job.files.checkpoints} holds a training that has not finished.",
            hint="Continue with --resume, or delete that folder.",
        )
    keras = load_keras()
    keras.utils.set_random_seed(job.plan.seed)
    network = build_network(job.plan)
    if job.files.initial is not None:
        take_weights(network, job.files.initial)
    before = verify(network, job.test, job.sampler.reader)
    shutil.rmtree(job.files.checkpoints, ignore_errors=True)
    return trainer(network, job.plan, len(job.sampler.people), job.steps), State(job.plan, job.data_sha256, before)


def _resumed(job: _Job) -> "tuple[keras.Model, State]":
    folder = checkpoints.last(job.files.checkpoints)
    assert folder is not None
    state = checkpoints.read_state(folder)
    if (state.plan, state.data_sha256) != (job.plan, job.data_sha256):
        other = "other chips" if state.plan == job.plan else "another plan"
        raise WeightsError(
            f"{folder} belongs to a training with {other}: {differences(state.plan, job.plan)}.",
            hint="Give the options and the data it was started with, or start again without --resume.",
        )
    return load_checkpoint(folder / checkpoints.MODEL), state


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
            hint="Start again with a lower --learning-rate, or without --mixed-precision.",
        )
    return Epoch(number, loss, verify(network_of(model), job.validation, job.sampler.reader))


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


def _finished(job: _Job, state: State) -> Trained:
    """The best epoch's network in float32, whatever it was trained in, written whole."""
    checkpoint = checkpoints.last(job.files.checkpoints)
    assert checkpoint is not None
    assert state.best is not None
    network = build_network(job.plan)
    with quiet():
        network.load_weights(checkpoint / checkpoints.WEIGHTS)
    spec = trained_spec(job.plan, job.files, job.alignment, job.data_sha256) if job.alignment else None
    write_network(network, spec, job.files.out)
    people = job.sampler.people
    return Trained(
        out=job.files.out,
        training_people=len(people),
        training_chips=sum(len(person.chips) for person in people),
        epochs=state.epochs,
        best_epoch=state.best.number,
        before=state.before,
        after=verify(network, job.test, job.sampler.reader),
        alignment=job.alignment,
        knows_whom_it_saw=knows_whom_it_saw(job.files.initial),
    )


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
