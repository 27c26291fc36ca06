"""A network of one's own from an ONNX file: built of Keras's layers, then compared with what the file says."""

from pathlib import Path
from typing import TYPE_CHECKING

from convert.errors import WeightsError, cause
from convert.keras_backend import load_keras
from convert.weights.onnx_files.check import check_against_reference
from convert.weights.onnx_files.folding import fold
from convert.weights.onnx_files.graph import Graph, Node, read_graph, unfit
from convert.weights.onnx_files.operators import KNOWN, OPERATORS
from convert.weights.onnx_files.values import IMAGE_RANK, Scope, Value, check_size

if TYPE_CHECKING:
    import keras

CHANNELS = 3


def read_onnx_network(path: Path, size_px: int, *, scale: float = 1.0, offset: float = 0.0) -> "keras.Model":
    """The network in the ONNX file at `path`, for an image of `size_px` pixels: channels last, one vector.

    The file's own input may have its channels first or last. It takes `pixel * scale + offset` of 0..255, and gives
    for such an image what ONNX's reference gives. Raises `WeightsError`, naming all operators that are not known, or
    the one that cannot be built; `DependencyMissing` without `onnx` or Keras.
    """
    keras = load_keras()
    graph = read_graph(path, KNOWN)
    scope = Scope(constants=dict(graph.constants))
    pixels = keras.Input((size_px, size_px, CHANNELS), name="image")
    scope.values[graph.input] = _image(graph, Value(pixels, last=True))
    for node in graph.nodes:
        _compute(node, scope)
    if graph.output not in scope.values:
        raise unfit("its output is not computed from its input")
    given = scope.as_in_onnx(scope.values[graph.output])
    if len(given.shape) == IMAGE_RANK and given.shape[2:] == (1, 1):
        given = scope.layered(keras.layers.Flatten(name=scope.name("flatten")), given)
    model = keras.Model(pixels, given.tensor, name="onnx")
    check_against_reference(graph, model, scale=scale, offset=offset)
    return model


def _image(graph: Graph, pixels: Value) -> Value:
    """The input in the order of dimensions that the file gives it."""
    value = Value(pixels.tensor, last=False) if graph.channels_last else pixels
    sizes = zip(graph.shape, value.shape, strict=False)
    if len(graph.shape) == IMAGE_RANK and all(size in (None, wanted) for size, wanted in sizes):
        return value
    raise unfit(f"its input is {[size or '?' for size in graph.shape]}, expected one image, {list(value.shape)}")


def _compute(node: Node, scope: Scope) -> None:
    """Puts what the node gives into the scope. Raises `WeightsError`, whatever goes wrong with it in a library."""
    try:
        constant = fold(node, scope)
        if constant is not None:
            scope.constants[node.outputs[0]] = constant
            return
        if node.operator not in OPERATORS:
            raise unfit(f"{node}: {node.operator} is taken of constants alone")
        scope.values[node.outputs[0]] = check_size(node, OPERATORS[node.operator](node, scope))
    except WeightsError:
        raise
    except Exception as error:
        raise unfit(f"{node}: {cause(error)}") from error
