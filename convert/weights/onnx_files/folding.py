"""Operations on constants alone, computed at once: exporters spell a fixed shape as a small program."""

from collections.abc import Callable

import numpy as np

from convert.weights.onnx_files.graph import Constant, Node, unfit
from convert.weights.onnx_files.values import Scope

MAX_DIMENSIONS = 64
"""What is folded is a shape, never a tensor of weights."""


def fold(node: Node, scope: Scope) -> Constant | None:
    """The constant that the node gives, or None if it has to be computed for each face. Raises `WeightsError`."""
    if node.operator == "Constant":
        return _constant(node)
    if node.operator == "Shape" and node.inputs and node.inputs[0] in scope.values:
        return np.array(scope.values[node.inputs[0]].shape, np.int64)
    if node.operator not in FOLDED or any(name not in scope.constants for name in node.inputs if name):
        return None
    taken = [scope.constants[name] for name in node.inputs if name]
    if not taken or max(one.size for one in taken) > MAX_DIMENSIONS:
        return None
    try:
        return np.asarray(FOLDED[node.operator](node, taken))
    except (ValueError, IndexError, TypeError) as error:
        raise unfit(f"{node}: {error}") from None


def _constant(node: Node) -> Constant:
    value = node.attributes.get("value", node.attributes.get("value_float", node.attributes.get("value_int")))
    if value is None:
        value = node.attributes.get("value_ints", node.attributes.get("value_floats"))
    if value is None or isinstance(value, str):
        raise unfit(f"{node} holds no numbers")
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _gather(node: Node, taken: list[Constant]) -> Constant:
    return np.asarray(np.take(taken[0], taken[1].astype(np.int64), axis=node.integer("axis", 0)))


def _unsqueeze(node: Node, taken: list[Constant]) -> Constant:
    axes = taken[1].tolist() if len(taken) > 1 else node.integers("axes", ())
    return np.expand_dims(taken[0], tuple(int(axis) for axis in axes))


def _concat(node: Node, taken: list[Constant]) -> Constant:
    return np.concatenate(taken, axis=node.integer("axis", 0))


def _cast(node: Node, taken: list[Constant]) -> Constant:
    return taken[0].astype(np.float32) if node.integer("to", 1) == 1 else taken[0].astype(np.int64)


def _sliced(_node: Node, taken: list[Constant]) -> Constant:
    starts, ends = taken[1].tolist(), taken[2].tolist()
    if taken[0].ndim != 1 or len(starts) != 1:
        raise ValueError("expected one dimension")
    step = int(taken[4].tolist()[0]) if len(taken) > 4 else 1
    return np.asarray(taken[0][int(starts[0]) : int(ends[0]) : step])


FOLDED: dict[str, Callable[[Node, list[Constant]], Constant]] = {
    "Gather": _gather,
    "Unsqueeze": _unsqueeze,
    "Concat": _concat,
    "Cast": _cast,
    "Slice": _sliced,
    "Add": lambda _node, taken: np.add(taken[0], taken[1]),
    "Sub": lambda _node, taken: np.subtract(taken[0], taken[1]),
    "Mul": lambda _node, taken: np.multiply(taken[0], taken[1]),
    "Identity": lambda _node, taken: taken[0],
}
"""What is computed of constants; nothing else of it is for tensors, but what stands in the table of operators too."""
