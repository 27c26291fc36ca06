"""Operations that only arrange numbers: flatten, reshape, transpose, squeeze, in ONNX's order of dimensions."""

import math

from convert.keras_backend import load_keras
from convert.weights.onnx_files.graph import Node, unfit
from convert.weights.onnx_files.values import TO_FIRST, Scope, Value


def flatten(node: Node, scope: Scope) -> Value:
    """Flatten to a vector."""
    value = scope.value(node)
    if node.integer("axis", 1) % (len(value.shape) + 1) != 1:
        raise unfit(f"{node}: expected axis 1, a vector for each image")
    return reshaped(scope, value, (math.prod(value.shape),))


def reshape(node: Node, scope: Scope) -> Value:
    """Reshape to a constant shape that keeps the batch."""
    value, wanted = scope.value(node), [int(size) for size in scope.constant(node, 1).reshape(-1)]
    if not node.integer("allowzero", 0):
        wanted = [value.shape[at] if size == 0 and at < len(value.shape) else size for at, size in enumerate(wanted)]
    numbers, known = math.prod(value.shape), math.prod(size for size in wanted if size != -1)
    if wanted.count(-1) == 1 and known > 0:
        wanted = [numbers // known if size == -1 else size for size in wanted]
    if len(wanted) < 2 or wanted[0] != 1 or min(wanted) < 1 or math.prod(wanted) != numbers:
        raise unfit(f"{node}: cannot make {wanted[:8]} of {list(value.shape)}, one image")
    return reshaped(scope, value, tuple(wanted[1:]))


def transpose(node: Node, scope: Scope) -> Value:
    """Transpose all dimensions but the batch."""
    value = scope.value(node)
    rank = len(value.shape)
    order = node.integers("perm", tuple(range(rank))[::-1])
    if sorted(order) != list(range(rank)) or order[0] != 0:
        raise unfit(f"{node}: expected the batch to stay first, received {list(order)[:8]}")
    if not value.last and order[1:] == TO_FIRST:
        return Value(value.tensor, last=True)
    value = scope.as_in_onnx(value)
    layer = load_keras().layers.Permute(order[1:], name=scope.name("transpose"))
    return scope.layered(layer, value)


def squeeze(node: Node, scope: Scope) -> Value:
    """Squeeze dimensions of one, but the batch."""
    value, listed = scope.value(node), scope.optional(node, 1)
    rank = len(value.shape)
    axes = [int(axis) for axis in listed.reshape(-1)] if listed is not None else list(node.integers("axes", ()))
    gone = {axis % rank for axis in axes}
    if not gone or 0 in gone or any(value.shape[axis] != 1 for axis in gone):
        raise unfit(f"{node}: expected dimensions of one after the batch, received {axes[:8]} of {list(value.shape)}")
    return reshaped(scope, value, tuple(size for at, size in enumerate(value.shape) if at and at not in gone))


def unsqueeze(node: Node, scope: Scope) -> Value:
    """Unsqueeze: new dimensions of one after the batch."""
    value, listed = scope.value(node), scope.optional(node, 1)
    axes = [int(axis) for axis in listed.reshape(-1)] if listed is not None else list(node.integers("axes", ()))
    rank = len(value.shape) + len(axes)
    new = {axis % rank for axis in axes}
    if not new or 0 in new or len(new) != len(axes):
        raise unfit(f"{node}: expected new dimensions after the batch, received {axes[:8]}")
    left = list(value.shape[1:])
    return reshaped(scope, value, tuple(1 if at in new else left.pop(0) for at in range(1, rank)))


def reshaped(scope: Scope, value: Value, shape: tuple[int, ...]) -> Value:
    """The numbers in ONNX's order in another shape, without the batch."""
    value = scope.as_in_onnx(value)
    if value.shape[1:] == shape:
        return value
    return scope.layered(load_keras().layers.Reshape(shape, name=scope.name("reshape")), value)
