"""The triplet loss and its mining are what a few loops in NumPy say, on every backend, however odd the batch."""

import functools
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from convert.keras_backend import load_keras
from convert.triplet import Mining, mined_loss, triplet_loss

ROOT = Path(__file__).parents[2]
MARGIN = 0.25

quarters = st.integers(-4, 4).map(lambda quarter: quarter / 4)
"""Their squares and sums have no rounding, so that equal distances are equal to every backend."""


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sum((a - b) ** 2))


def loss_of(anchor: np.ndarray, positive: np.ndarray, negative: np.ndarray, margin: float) -> float:
    return max(distance(anchor, positive) - distance(anchor, negative) + margin, 0.0)


def mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def positives(labels: np.ndarray, anchor: int) -> list[int]:
    return [i for i in range(len(labels)) if i != anchor and labels[i] == labels[anchor]]


def negatives(labels: np.ndarray, anchor: int) -> list[int]:
    return [i for i in range(len(labels)) if labels[i] != labels[anchor]]


def all_by_hand(x: np.ndarray, labels: np.ndarray, margin: float) -> float:
    losses = [
        loss_of(x[a], x[p], x[n], margin)
        for a in range(len(x))
        for p in positives(labels, a)
        for n in negatives(labels, a)
    ]
    return mean([loss for loss in losses if loss > 0])


def hard_by_hand(x: np.ndarray, labels: np.ndarray, margin: float) -> float:
    return mean(
        [
            max(loss_of(x[a], x[p], x[n], margin) for p in positives(labels, a) for n in negatives(labels, a))
            for a in range(len(x))
            if positives(labels, a) and negatives(labels, a)
        ]
    )


def semi_hard_by_hand(x: np.ndarray, labels: np.ndarray, margin: float) -> float:
    losses = []
    for a in range(len(x)):
        far = sorted(distance(x[a], x[n]) for n in negatives(labels, a))
        for p in positives(labels, a) if far else []:
            farther = [d for d in far if d > distance(x[a], x[p])]
            losses.append(max(distance(x[a], x[p]) - (farther[0] if farther else far[-1]) + margin, 0.0))
    return mean(losses)


BY_HAND = {Mining.BATCH_ALL: all_by_hand, Mining.BATCH_HARD: hard_by_hand, Mining.SEMI_HARD: semi_hard_by_hand}


batches = st.tuples(
    arrays(np.float32, (6, 2), elements=quarters.map(np.float32)), arrays(np.int32, 6, elements=st.integers(0, 3))
)

DEGENERATE = {
    "one picture": (np.ones((1, 4)), [0]),
    "one person": (np.eye(4), [7, 7, 7, 7]),
    "nobody twice": (np.eye(4), [0, 1, 2, 3]),
    "all pictures the same": (np.ones((4, 4)), [0, 0, 1, 1]),
    "the same pictures, one person": (np.zeros((4, 4)), [5, 5, 5, 5]),
    "a positive farther than all negatives": (np.diag([0.0, 4.0, 1.0, 2.0]), [0, 0, 1, 2]),
    "a negative far beyond the margin": (np.diag([0.0, 0.5, 40.0, 0.25]), [0, 0, 1, 0]),
}


def degenerate(name: str) -> tuple[np.ndarray, np.ndarray]:
    x, labels = DEGENERATE[name]
    return np.asarray(x, np.float32), np.asarray(labels, np.int32)


def loss_and_gradient(mining: Mining, x: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    loss, gradient = compiled(mining)(x, labels)
    return float(loss), gradient.numpy()


@functools.cache
def compiled(mining: Mining) -> Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]:
    """As `fit` runs it: traced once for a batch of any size."""
    load_keras()
    import tensorflow as tf

    def run(x: Any, labels: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = mined_loss(mining)(x, labels, margin=MARGIN)
        return loss, tape.gradient(loss, x)

    signature = [tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([None], tf.int32)]
    traced: Callable[[np.ndarray, np.ndarray], tuple[Any, Any]] = tf.function(run, input_signature=signature)
    return traced


@given(arrays(np.float32, (3, 5, 2), elements=quarters.map(np.float32)))
@settings(max_examples=10)
def test_the_triplet_loss_is_the_sum_of_equation_3(triplets: NDArray[Any]) -> None:
    expected = sum(loss_of(a, p, n, MARGIN) for a, p, n in triplets.swapaxes(0, 1))
    assert float(triplet_loss(*triplets, margin=MARGIN)) == expected


def test_the_margin_is_facenet_s_unless_another_is_given() -> None:
    same = np.ones((3, 4), np.float32)
    assert float(triplet_loss(same, same, same)) == pytest.approx(3 * 0.2)


@pytest.mark.parametrize("shapes", [((2, 3), (2, 3), (1, 3)), ((2, 3), (2, 1), (2, 3)), ((3,), (3,), (3,))])
def test_triplets_of_unlike_shapes_are_refused(
    shapes: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]],
) -> None:
    with pytest.raises(ValueError, match="expected three tensors of one shape"):
        triplet_loss(*(np.zeros(shape, np.float32) for shape in shapes))


def test_half_precision_is_not_summed_in_half_precision() -> None:
    anchor = np.full((1, 4096), 8, np.float16)
    assert float(triplet_loss(anchor, -anchor, anchor)) == pytest.approx(4096 * 256 + 0.2)


@pytest.mark.parametrize("mining", Mining)
@given(batches)
def test_mining_is_what_loops_say_and_has_a_finite_gradient(
    mining: Mining, batch: tuple[NDArray[Any], NDArray[Any]]
) -> None:
    loss, gradient = loss_and_gradient(mining, *batch)
    assert loss == pytest.approx(BY_HAND[mining](*batch, MARGIN), abs=1e-6)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("mining", Mining)
def test_an_odd_batch_is_what_loops_say_and_has_a_finite_gradient(mining: Mining, name: str) -> None:
    batch = degenerate(name)
    loss, gradient = loss_and_gradient(mining, *batch)
    assert loss == pytest.approx(BY_HAND[mining](*batch, MARGIN), abs=1e-6)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("mining", Mining)
def test_labels_change_nothing_but_who_is_whom(mining: Mining) -> None:
    x = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    labels = np.array([0, 0, 1, 1, 2, 2], np.int32)
    order = np.array([3, 0, 5, 1, 4, 2])
    shuffled, _ = loss_and_gradient(mining, x[order], 9 - labels[order])
    assert shuffled == pytest.approx(loss_and_gradient(mining, x, labels)[0], rel=1e-5)


@pytest.mark.parametrize("mining", Mining)
def test_the_gradient_is_the_slope(mining: Mining) -> None:
    x = np.random.default_rng(1).normal(size=(6, 3)).astype(np.float32)
    labels = np.array([0, 0, 1, 1, 2, 2], np.int32)
    _, gradient = loss_and_gradient(mining, x, labels)
    slopes = np.zeros((6, 3))
    for place in np.ndindex(6, 3):
        up, down = x.astype(np.float64), x.astype(np.float64)
        up[place] += 1e-5
        down[place] -= 1e-5
        slopes[place] = (BY_HAND[mining](up, labels, MARGIN) - BY_HAND[mining](down, labels, MARGIN)) / 2e-5
    assert gradient == pytest.approx(slopes, abs=1e-3)


@pytest.mark.parametrize("mining", Mining)
def test_the_loss_of_keras_is_the_function(mining: Mining) -> None:
    from convert.triplet import TripletLoss

    x, labels = degenerate("a positive farther than all negatives")
    loss = TripletLoss(mining, MARGIN)(labels[:, np.newaxis], x)
    assert float(loss) == pytest.approx(BY_HAND[mining](x, labels, MARGIN))


def test_the_loss_of_keras_is_read_back_as_it_was() -> None:
    keras = load_keras()
    from convert.triplet import TripletLoss

    written = keras.losses.serialize(TripletLoss("batch-hard", 0.3))
    again = keras.losses.deserialize(written)
    assert (type(again), again.mining, again.margin) == (TripletLoss, Mining.BATCH_HARD, 0.3)


def test_a_mining_nobody_knows_is_refused() -> None:
    from convert.triplet import TripletLoss

    with pytest.raises(ValueError, match="expected one of semi-hard, batch-hard, batch-all as mining, received 'easy'"):
        TripletLoss("easy")


def test_a_margin_below_zero_is_refused() -> None:
    from convert.triplet import TripletLoss

    with pytest.raises(ValueError, match=r"expected a margin of at least 0, received -0\.1"):
        TripletLoss(margin=-0.1)


def test_another_name_is_not_in_the_module() -> None:
    import convert.triplet

    with pytest.raises(AttributeError, match="has no attribute 'QuadrupletLoss'"):
        _ = convert.triplet.QuadrupletLoss


ON_ANOTHER_BACKEND = """
import json, sys
import numpy as np
from convert.triplet import Mining, TripletLoss, triplet_loss
import keras

def with_gradient(loss):
    if keras.backend.backend() == "jax":
        import jax
        return jax.jit(jax.value_and_grad(loss))
    def run(x: Any, labels: Any) -> tuple[Any, Any]:  # noqa: ANN401 - TensorFlow is untyped
        x = keras.ops.convert_to_tensor(x).requires_grad_()
        value = loss(x, labels)
        value.backward()
        return value.detach(), x.grad
    traced: Callable[[np.ndarray, np.ndarray], tuple[Any, Any]] = run
    return traced

losses = {mining: with_gradient(lambda x, y, of=TripletLoss(mining, 0.25): of(y, x)) for mining in Mining}
found = []
for name, x, labels in json.load(sys.stdin):
    for mining in Mining:
        loss, gradient = losses[mining](np.array(x, np.float32), np.array(labels, np.int32))
        found.append([name, mining, float(loss), bool(np.isfinite(np.asarray(gradient)).all())])
print(json.dumps([float(triplet_loss(np.ones((2, 3)), np.zeros((2, 3)), np.ones((2, 3)))), found]))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_says_the_same(backend: str) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    batches = {name: degenerate(name) for name, (x, _) in DEGENERATE.items() if len(x) == 4}
    finished = subprocess.run(
        [sys.executable, "-c", ON_ANOTHER_BACKEND],
        input=json.dumps([[name, x.tolist(), labels.tolist()] for name, (x, labels) in batches.items()]),
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = [
        [name, mining.value, pytest.approx(BY_HAND[mining](*batch, MARGIN), abs=1e-6), True]
        for name, batch in batches.items()
        for mining in Mining
    ]
    assert json.loads(finished.stdout) == [pytest.approx(6.4), expected]
