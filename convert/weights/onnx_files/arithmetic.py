"""Sums, products and joins of tensors with tensors, and of tensors with constants by channel; dense layers."""

import numpy as np

from convert.keras_backend import load_keras
from convert.weights.onnx_files.activations import affine
from convert.weights.onnx_files.graph import Constant, Node, unfit
from convert.weights.onnx_files.values import IMAGE_RANK, Scope, Value

ONE, ZERO = np.ones(1, np.float32), np.zeros(1, np.float32)


def add(node: Node, scope: Scope) -> Value:
    """Add."""
    return _with_constant(node, scope) or _joined(node, scope, "Add")


def subtract(node: Node, scope: Scope) -> Value:
    """Sub."""
    return _with_constant(node, scope) or _joined(node, scope, "Subtract")


def multiply(node: Node, scope: Scope) -> Value:
    """Mul."""
    return _with_constant(node, scope) or _joined(node, scope, "Multiply")


def divide(node: Node, scope: Scope) -> Value:
    """Div."""
    if (found := _with_constant(node, scope)) is not None:
        return found
    one, other = _alike(node, scope)
    return Value(load_keras().ops.divide(one.tensor, other.tensor), one.last)


def concatenate(node: Node, scope: Scope) -> Value:
    """Concat along any dimension but the batch's."""
    values = [scope.channels_last(scope.value(node, index)) for index in range(len(node.inputs))]
    rank = len(values[0].shape)
    axis = node.integer("axis", 1) % rank
    kept = {tuple(size for at, size in enumerate(value.shape) if at != axis) for value in values}
    if axis == 0 or len(kept) > 1 or len(values) < 2:
        raise unfit(f"{node}: cannot join {[list(value.shape) for value in values[:8]]} along dimension {axis}")
    if rank == IMAGE_RANK:
        axis = {1: 3, 2: 1, 3: 2}[axis]
    layer = load_keras().layers.Concatenate(axis=axis, name=scope.name("concat"))
    return Value(layer([value.tensor for value in values]), values[0].last)


def gemm(node: Node, scope: Scope) -> Value:
    """Gemm of a vector with constant weights: a dense layer."""
    kernel, bias = scope.constant(node, 1), scope.optional(node, 2)
    if node.integer("transA", 0) or kernel.ndim != 2:
        raise unfit(f"{node}: expected a vector times a constant matrix")
    kernel = kernel.T if node.integer("transB", 0) else kernel
    kernel = kernel * np.float32(node.number("alpha", 1.0))
    if bias is not None:
        bias = np.broadcast_to(bias.reshape(-1) * np.float32(node.number("beta", 1.0)), kernel.shape[1:])
    return _dense(node, scope, kernel, bias)


def matrix_product(node: Node, scope: Scope) -> Value:
    """MatMul of a vector with a constant matrix: a dense layer."""
    kernel = scope.constant(node, 1)
    if kernel.ndim != 2:
        raise unfit(f"{node}: expected a vector times a constant matrix")
    return _dense(node, scope, kernel, None)


def _dense(node: Node, scope: Scope, kernel: Constant, bias: Constant | None) -> Value:
    value = scope.as_in_onnx(scope.value(node))
    if value.shape != (1, kernel.shape[0]):
        raise unfit(f"{node}: a matrix of {list(kernel.shape)} for {list(value.shape)}")
    layer = load_keras().layers.Dense(kernel.shape[1], use_bias=bias is not None, name=scope.name("dense"))
    return scope.layered(layer, value, [np.ascontiguousarray(kernel), *([] if bias is None else [bias])])


def _with_constant(node: Node, scope: Scope) -> Value | None:
    """The operation of a tensor with a constant, one number or one a channel; None if both are tensors."""
    if len(node.inputs) != 2:
        raise unfit(f"{node}: expected two inputs, received {len(node.inputs)}")
    constants = [scope.constants.get(name) for name in node.inputs]
    if constants[0] is None and constants[1] is None:
        return None
    first = constants[0] is not None
    value = scope.value(node, 1 if first else 0)
    by_channel = _by_channel(node, value, constants[0 if first else 1])
    if node.operator == "Div" and not by_channel.all():
        raise unfit(f"{node} divides by zero")
    match node.operator, first:
        case "Add", _:
            return affine(scope, value, ONE, by_channel)
        case "Sub", False:
            return affine(scope, value, ONE, -by_channel)
        case "Sub", True:
            return affine(scope, value, -ONE, by_channel)
        case "Mul", _:
            return affine(scope, value, by_channel, ZERO)
        case "Div", False:
            return affine(scope, value, 1 / by_channel, ZERO)
        case _:
            raise unfit(f"{node} divides a constant by a tensor, which no layer here does")


def _by_channel(node: Node, value: Value, constant: Constant | None) -> Constant:
    """The constant as one number or one for each channel."""
    assert constant is not None
    rank = len(value.shape)
    if constant.size == 1:
        return constant.reshape(1).astype(np.float32)
    padded = constant.reshape((1,) * (rank - constant.ndim) + constant.shape) if constant.ndim <= rank else constant
    expected = (1, value.shape[1]) + (1,) * (rank - 2)
    if padded.shape != expected:
        raise unfit(f"{node}: a constant of {list(constant.shape)[:8]}, expected one number or one for each channel")
    return padded.reshape(-1).astype(np.float32)


def _joined(node: Node, scope: Scope, kind: str) -> Value:
    one, other = _alike(node, scope)
    layer = getattr(load_keras().layers, kind)(name=scope.name(kind.lower()))
    return Value(layer([one.tensor, other.tensor]), one.last)


def _alike(node: Node, scope: Scope) -> tuple[Value, Value]:
    """Both tensors with their dimensions in one order. Raises `WeightsError` for shapes that do not go together."""
    one, other = (scope.channels_last(scope.value(node, index)) for index in (0, 1))
    fits = all(1 in pair or pair[0] == pair[1] for pair in zip(one.shape, other.shape, strict=False))
    if len(one.shape) != len(other.shape) or not fits:
        raise unfit(f"{node}: {list(one.shape)} and {list(other.shape)} do not go together")
    return one, other
