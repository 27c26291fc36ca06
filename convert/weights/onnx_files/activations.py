"""Operations on each number by itself: normalizations by channel, activations, dropout."""

import math

import numpy as np

from convert.keras_backend import load_keras
from convert.weights.onnx_files.graph import Constant, Node, unfit
from convert.weights.onnx_files.values import IMAGE_RANK, Scope, Value

EPSILON = 1e-5
"""That of a normalization which only scales and shifts: its variance is 1 less this."""


def batch_normalization(node: Node, scope: Scope) -> Value:
    """BatchNormalization with its statistics."""
    value = scope.channels_last(scope.value(node))
    gamma, beta, mean, variance = (scope.constant(node, index) for index in (1, 2, 3, 4))
    channels = value.shape[1] if len(value.shape) > 1 else 0
    if any(one.shape != (channels,) for one in (gamma, beta, mean, variance)) or variance.min(initial=0.0) < 0:
        raise unfit(f"{node}: expected {channels} numbers each, and no negative variance")
    if node.integer("training_mode", 0):
        raise unfit(f"{node} is in training mode; export the network for inference")
    layer = load_keras().layers.BatchNormalization(
        axis=-1 if value.last else 1, epsilon=node.number("epsilon", EPSILON), name=scope.name("norm")
    )
    layer.trainable = False
    return scope.layered(layer, value, [gamma, beta, mean, variance])


def affine(scope: Scope, value: Value, gamma: Constant, beta: Constant) -> Value:
    """The value times `gamma` plus `beta`, each one number or one for each channel."""
    value = scope.channels_last(value)
    layers = load_keras().layers
    if gamma.size == beta.size == 1:
        return scaled(scope, value, float(gamma.reshape(())), float(beta.reshape(())))
    channels = value.shape[1]
    one = np.ones(channels, np.float32)
    layer = layers.BatchNormalization(axis=-1 if value.last else 1, epsilon=EPSILON, name=scope.name("affine"))
    layer.trainable = False
    weights = [np.broadcast_to(part.reshape(-1), one.shape) for part in (gamma, beta)]
    return scope.layered(layer, value, [*weights, 0 * one, one - np.float32(EPSILON)])


def scaled(scope: Scope, value: Value, scale: float, offset: float) -> Value:
    """The value times one number plus another."""
    return scope.layered(load_keras().layers.Rescaling(scale, offset, name=scope.name("scale")), value)


def relu(node: Node, scope: Scope) -> Value:
    """Relu."""
    return scope.layered(load_keras().layers.ReLU(name=scope.name("relu")), scope.value(node))


def prelu(node: Node, scope: Scope) -> Value:
    """PRelu: one slope, one for each channel, or one for each number."""
    value, slopes = scope.channels_last(scope.value(node)), scope.constant(node, 1)
    layers = load_keras().layers
    wanted = value.shape[1:]
    shared = [1, 2] if value.last else []
    if slopes.size == 1:
        slopes = np.broadcast_to(slopes.reshape(()), wanted[:1])
    elif slopes.size != wanted[0]:
        shared = []
    try:
        per_number = np.broadcast_to(slopes.reshape(-1, *(1,) * (len(wanted) - 1)) if shared else slopes, wanted)
    except ValueError:
        raise unfit(f"{node}: slopes of {list(slopes.shape)} for {list(wanted)}") from None
    if value.last:
        per_number = per_number.transpose(1, 2, 0)
        per_number = per_number[:1, :1] if shared else per_number
    layer = layers.PReLU(shared_axes=shared or None, name=scope.name("prelu"))
    return scope.layered(layer, value, [np.ascontiguousarray(per_number)])


def leaky_relu(node: Node, scope: Scope) -> Value:
    """LeakyRelu."""
    slope = node.number("alpha", 0.01)
    return scope.layered(
        load_keras().layers.LeakyReLU(negative_slope=slope, name=scope.name("leaky")), scope.value(node)
    )


def clip(node: Node, scope: Scope) -> Value:
    """Clip between two numbers, or above or below one."""
    low = _bound(node, scope, 1, "min", -math.inf)
    high = _bound(node, scope, 2, "max", math.inf)
    return clipped(scope, scope.value(node), low, high)


def clipped(scope: Scope, value: Value, low: float, high: float) -> Value:
    """The value between `low` and `high`: what ReLU does, shifted by `low`."""
    layers = load_keras().layers
    if math.isinf(low) and math.isinf(high):
        return value
    if math.isinf(low):
        turned = clipped(scope, scaled(scope, value, -1.0, 0.0), -high, math.inf)
        return scaled(scope, turned, -1.0, 0.0)
    shifted = value if low == 0 else scaled(scope, value, 1.0, -low)
    highest = None if math.isinf(high) else high - low
    result = scope.layered(layers.ReLU(max_value=highest, name=scope.name("clip")), shifted)
    return result if low == 0 else scaled(scope, result, 1.0, low)


def sigmoid(node: Node, scope: Scope) -> Value:
    """Sigmoid."""
    return scope.layered(load_keras().layers.Activation("sigmoid", name=scope.name("sigmoid")), scope.value(node))


def hard_sigmoid(node: Node, scope: Scope) -> Value:
    """HardSigmoid: a line, between 0 and 1."""
    line = scaled(scope, scope.value(node), node.number("alpha", 0.2), node.number("beta", 0.5))
    return clipped(scope, line, 0.0, 1.0)


def hard_swish(node: Node, scope: Scope) -> Value:
    """HardSwish: a number times its hard sigmoid."""
    return scope.layered(load_keras().layers.Activation("hard_silu", name=scope.name("swish")), scope.value(node))


def same(node: Node, scope: Scope) -> Value:
    """Identity, and Dropout, which does nothing after training."""
    return scope.value(node)


def unit_length(node: Node, scope: Scope) -> Value:
    """LpNormalization of a vector by its length."""
    value = scope.value(node)
    axis = node.integer("axis", -1) % len(value.shape)
    if node.integer("p", 2) != 2 or len(value.shape) == IMAGE_RANK or axis != len(value.shape) - 1:
        raise unfit(f"{node}: expected the length of a vector (p = 2), received {list(value.shape)}")
    return scope.layered(load_keras().layers.UnitNormalization(axis=-1, name=scope.name("unit")), value)


def _bound(node: Node, scope: Scope, index: int, name: str, default: float) -> float:
    """A bound of Clip: an input, an attribute before opset 11, or none."""
    given = scope.optional(node, index)
    if given is not None and given.size != 1:
        raise unfit(f"{node}: expected one number as {name}")
    value = float(given.reshape(())) if given is not None else node.attributes.get(name, default)
    if not isinstance(value, int | float) or math.isnan(value):
        raise unfit(f"{node}: expected one number as {name}")
    return default if abs(value) > 1e37 else float(value)
