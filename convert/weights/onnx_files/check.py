"""Compares a network that was built with what ONNX's own reference implementation makes of the file."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import cause
from convert.tensorflow_backend import quiet
from convert.weights.onnx_files.graph import Graph, unfit

if TYPE_CHECKING:
    import keras

Array = NDArray[Any]

LEAST_COSINE = 0.9999
SEED = 0


def check_against_reference(graph: Graph, model: "keras.Model", *, scale: float, offset: float) -> None:
    """Raises `WeightsError` unless both give the same direction for an image of noise, `pixel * scale + offset`."""
    pixels = np.random.default_rng(SEED).uniform(0, 255, (1, *model.input_shape[1:]))
    image = (pixels * scale + offset).astype(np.float32)
    expected = _reference(graph, image if graph.channels_last else image.transpose(0, 3, 1, 2))
    with quiet():
        received = np.asarray(model(image), np.float64).reshape(-1)
    if expected.shape != received.shape:
        raise unfit(f"its reference gives {len(expected)} numbers, the network built of it {len(received)}")
    lengths = float(np.linalg.norm(expected) * np.linalg.norm(received))
    found = float(expected @ received) / lengths if lengths > 0 else float("nan")
    if not found >= LEAST_COSINE:
        raise unfit(f"built of Keras's layers it gives another vector than its reference, cosine {found:.6f}")


def _reference(graph: Graph, image: NDArray[np.float32]) -> NDArray[np.float64]:
    from onnx.reference import ReferenceEvaluator

    try:
        with warnings.catch_warnings(action="ignore"):
            (given,) = ReferenceEvaluator(graph.message, new_ops=[_normalization()]).run(None, {graph.input: image})
    except Exception as error:  # whatever it raises over a file is the file's fault
        raise unfit(f"ONNX's reference implementation cannot run it: {cause(error)}") from error
    return np.asarray(given, np.float64).reshape(-1)


def _normalization() -> Any:  # noqa: ANN401 - a class of onnx, which is untyped
    """BatchNormalization after training: before opset 14, onnx's reference (1.23) takes the image's own statistics."""
    from onnx.reference.op_run import OpRun

    class BatchNormalization(OpRun):
        op_domain = ""

        def _run(self, x: Array, *parts: Array, epsilon: float = 1e-5, **_training: object) -> tuple[Array]:
            gamma, beta, mean, variance = (part.reshape(-1, *(1,) * (x.ndim - 2)) for part in parts)
            return (np.asarray(gamma * (x - mean) / np.sqrt(variance + np.float32(epsilon)) + beta, x.dtype),)

    return BatchNormalization
