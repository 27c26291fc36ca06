"""Online mining: which triplets of a labelled batch are trained on, in `keras.ops` for TensorFlow, JAX and torch.

All distances are squared Euclidean, as in FaceNet (Schroff et al. 2015, arXiv:1503.03832); with unit vectors they lie
in 0..4. Squared, they have a finite gradient everywhere, also where two embeddings are the same. Half precision is
taken to float32 first. Importing this module imports nothing heavy: Keras comes with the first call.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from convert.keras_backend import load_keras

Tensor = Any
"""A tensor of the backend, or a NumPy array."""

MARGIN = 0.2
"""FaceNet's alpha."""


class Mining(StrEnum):
    """Which triplets of a labelled batch are trained on."""

    SEMI_HARD = "semi-hard"
    BATCH_HARD = "batch-hard"
    BATCH_ALL = "batch-all"


def batch_all(embeddings: Tensor, labels: Tensor, *, margin: float = MARGIN) -> Tensor:
    """The mean over all triplets of a batch that are not yet solved; 0 if there is none.

    `embeddings` [n, length], `labels` [n], equal for one person. The zeros are left out of the mean, lest the solved
    triplets drown the others (Hermans et al. 2017, arXiv:1703.07737). Takes memory for n^3 numbers.
    """
    ops = load_keras().ops
    distances = squared_distances(embeddings)
    mated, non_mated = pairs(labels)
    triplets = ops.logical_and(mated[:, :, None], non_mated[:, None, :])
    losses = ops.relu(distances[:, :, None] - distances[:, None, :] + margin)
    return _mean(losses, ops.logical_and(triplets, losses > 0))


def batch_hard(embeddings: Tensor, labels: Tensor, *, margin: float = MARGIN) -> Tensor:
    """The mean over anchors of the loss with their farthest positive and their nearest negative (Hermans et al. 2017).

    `embeddings` [n, length], `labels` [n]. Anchors that lack either are left out; 0 if all are.
    """
    ops = load_keras().ops
    distances = squared_distances(embeddings)
    mated, non_mated = pairs(labels)
    farthest = ops.max(ops.where(mated, distances, 0.0), axis=1)
    nearest = ops.min(ops.where(non_mated, distances, float("inf")), axis=1)
    usable = ops.logical_and(ops.any(mated, axis=1), ops.any(non_mated, axis=1))
    return _mean(ops.relu(farthest - nearest + margin), usable)


def semi_hard(embeddings: Tensor, labels: Tensor, *, margin: float = MARGIN) -> Tensor:
    """The mean over pairs of anchor and positive of the loss with the nearest negative farther than the positive.

    `embeddings` [n, length], `labels` [n]. If that negative is beyond the margin, the pair's loss is 0. If no negative
    is farther than the positive, the farthest of all stands in, the mildest there is: left out, the worst pairs would
    never be trained. FaceNet leaves this open. Pairs without any negative are left out; 0 if all are. Takes memory for
    n^3 numbers.
    """
    ops = load_keras().ops
    distances = squared_distances(embeddings)
    mated, non_mated = pairs(labels)
    farther = ops.logical_and(non_mated[:, None, :], distances[:, None, :] > distances[:, :, None])
    nearest_farther = ops.min(ops.where(farther, distances[:, None, :], float("inf")), axis=2)
    farthest = ops.max(ops.where(non_mated, distances, 0.0), axis=1, keepdims=True)
    negative = ops.where(ops.any(farther, axis=2), nearest_farther, farthest)
    usable = ops.logical_and(mated, ops.any(non_mated, axis=1, keepdims=True))
    return _mean(ops.relu(distances - negative + margin), usable)


def mined_loss(mining: Mining) -> Callable[..., Tensor]:
    """The loss over labelled batches of that mining: (embeddings, labels, *, margin) to a scalar."""
    return {Mining.SEMI_HARD: semi_hard, Mining.BATCH_HARD: batch_hard, Mining.BATCH_ALL: batch_all}[mining]


def squared_distances(embeddings: Tensor) -> Tensor:
    """The squared Euclidean distances [n, n] of all pairs of [n, length], never below 0."""
    ops = load_keras().ops
    x = as_float(embeddings)
    squares = ops.sum(ops.square(x), axis=1)
    return ops.relu(squares[:, None] + squares[None, :] - 2 * ops.matmul(x, ops.transpose(x)))


def pairs(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Which pairs of a batch are mated and which non-mated, both bool [n, n]; no chip is a pair with itself."""
    ops = load_keras().ops
    labels = ops.reshape(ops.convert_to_tensor(labels), (-1,))
    same = ops.equal(labels[:, None], labels[None, :])
    itself = ops.cumsum(ops.ones_like(labels, dtype="int32"))
    other = ops.not_equal(itself[:, None], itself[None, :])
    return ops.logical_and(same, other), ops.logical_not(same)


def _mean(values: Tensor, where: Tensor) -> Tensor:
    ops = load_keras().ops
    count = ops.sum(ops.cast(where, values.dtype))
    return ops.sum(ops.where(where, values, 0.0)) / ops.maximum(count, 1.0)


def as_float(values: Tensor) -> Tensor:
    """The values as a tensor of float32, or of float64 if that is what they are."""
    keras = load_keras()
    tensor = keras.ops.convert_to_tensor(values)
    single = keras.backend.standardize_dtype(tensor.dtype) != "float64"
    return keras.ops.cast(tensor, "float32") if single else tensor
