"""Convolutions, pools and pads: ONNX's geometry in Keras's layers, exactly."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convert.keras_backend import load_keras
from convert.weights.onnx_files.graph import Constant, Node, unfit
from convert.weights.onnx_files.values import IMAGE_RANK, Scope, Value

if TYPE_CHECKING:
    import keras

Pads = tuple[tuple[int, int], tuple[int, int]]
"""Rows above and below, columns left and right."""
NO_PADS: Pads = ((0, 0), (0, 0))


@dataclass(frozen=True, slots=True)
class Window:
    """A window that moves over an image: its size, steps and gaps, and the rim around the image."""

    size: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: Pads

    def is_same(self, image: Value) -> bool:
        """Whether the rim is what TensorFlow's "same" makes."""
        return self.pads == _same_pads(self, image.shape[2:], upper=True)


def convolution(node: Node, scope: Scope) -> Value:
    """Conv: plain, depthwise or in groups, with or without a bias."""
    image, kernel, bias = scope.image(node), scope.constant(node, 1), scope.optional(node, 2)
    groups, channels = node.integer("group", 1), image.shape[1]
    if kernel.ndim != IMAGE_RANK or kernel.shape[1] * groups != channels or kernel.shape[0] % max(groups, 1):
        raise unfit(f"{node}: a kernel of {list(kernel.shape)} in {groups} groups for {channels} channels")
    window = window_of(node, image, (kernel.shape[2], kernel.shape[3]))
    same = window.is_same(image)
    image = image if same else padded(scope, image, window.pads)
    padding, weights = "same" if same else "valid", [] if bias is None else [bias]
    if groups == channels > 1 and window.strides[0] == window.strides[1]:
        by_channel = kernel.reshape(groups, -1, *window.size)
        layer, first = _depthwise(scope, window, by_channel, padding=padding, bias=bias is not None)
    else:
        layer = load_keras().layers.Conv2D(
            kernel.shape[0],
            window.size,
            strides=window.strides,
            padding=padding,
            dilation_rate=window.dilations,
            groups=groups,
            use_bias=bias is not None,
            name=scope.name("conv"),
        )
        first = kernel.transpose(2, 3, 1, 0)
    if max(window.strides) > 1 and max(window.dilations) > 1:
        raise unfit(f"{node}: strides and dilations at once, which Keras does not have")
    return scope.layered(layer, image, [first, *weights])


def _depthwise(
    scope: Scope, window: Window, kernel: Constant, *, padding: str, bias: bool
) -> "tuple[keras.Layer, Constant]":
    """The layer of a kernel [channels, multiplier, height, width], and the kernel as the layer has it."""
    layer = load_keras().layers.DepthwiseConv2D(
        window.size,
        strides=window.strides,
        padding=padding,
        depth_multiplier=kernel.shape[1],
        dilation_rate=window.dilations,
        use_bias=bias,
        name=scope.name("depthwise"),
    )
    return layer, kernel.transpose(2, 3, 0, 1)


def max_pool(node: Node, scope: Scope) -> Value:
    """MaxPool. A rim repeats the image's edge: it adds no number that a window does not see anyway."""
    image = scope.image(node)
    window = _pool_window(node, image)
    if len(node.outputs) > 1 and node.outputs[1]:
        raise unfit(f"{node} gives indices, which Keras's does not")
    same = window.is_same(image)
    image = image if same else _edged(scope, image, window.pads)
    layer = load_keras().layers.MaxPooling2D(
        window.size, strides=window.strides, padding="same" if same else "valid", name=scope.name("max_pool")
    )
    return scope.layered(layer, image)


def average_pool(node: Node, scope: Scope) -> Value:
    """AveragePool, its rim counted or not, as far as Keras can."""
    image = scope.image(node)
    window = _pool_window(node, image)
    counted = bool(node.integer("count_include_pad", 0))
    same = not counted and window.is_same(image)
    if not same and not counted and window.pads != NO_PADS:
        raise unfit(f"{node}: a rim of {window.pads} that does not count, which Keras does not have")
    image = image if same else padded(scope, image, window.pads)
    layer = load_keras().layers.AveragePooling2D(
        window.size, strides=window.strides, padding="same" if same else "valid", name=scope.name("average_pool")
    )
    return scope.layered(layer, image)


def global_average_pool(node: Node, scope: Scope) -> Value:
    """GlobalAveragePool: [n, channels, 1, 1]."""
    layer = load_keras().layers.GlobalAveragePooling2D(keepdims=True, name=scope.name("global_pool"))
    return scope.layered(layer, scope.image(node))


def pad(node: Node, scope: Scope) -> Value:
    """Pad with zeros around an image."""
    listed = scope.optional(node, 1)
    amounts = tuple(int(one) for one in listed) if listed is not None else node.integers("pads", ())
    filled = scope.optional(node, 2)
    with_zeros = filled is None or not filled.any()
    if len(amounts) != 2 * IMAGE_RANK or node.text("mode", "constant") != "constant" or not with_zeros:
        raise unfit(f"{node}: expected zeros around an image")
    if node.number("value", 0.0) or min(amounts) < 0 or any(amounts[at] for at in (0, 1, 4, 5)):
        raise unfit(f"{node}: expected zeros around height and width, received {list(amounts)}")
    return padded(scope, scope.image(node), ((amounts[2], amounts[6]), (amounts[3], amounts[7])))


def padded(scope: Scope, image: Value, pads: Pads) -> Value:
    """The image with a rim of zeros."""
    if pads == NO_PADS:
        return image
    return scope.layered(load_keras().layers.ZeroPadding2D(pads, name=scope.name("pad")), image)


def window_of(node: Node, image: Value, size: tuple[int, int]) -> Window:
    """The window of a convolution or a pool. Raises `WeightsError` for what is not of two dimensions."""
    strides, dilations = node.integers("strides", (1, 1)), node.integers("dilations", (1, 1))
    pads = node.integers("pads", (0, 0, 0, 0))
    given = node.integers("kernel_shape", size)
    if not len(strides) == len(dilations) == len(given) == 2 or len(pads) != 4 or min(pads) < 0:
        raise unfit(f"{node}: expected a window of two dimensions, without negative pads")
    if min(*strides, *dilations, *given) < 1 or given != size:
        raise unfit(f"{node}: expected a window of {list(size)}, received {list(given)}")
    both = (strides[0], strides[1]), (dilations[0], dilations[1])
    window = Window(size, *both, ((pads[0], pads[2]), (pads[1], pads[3])))
    match node.text("auto_pad", "NOTSET"):
        case "NOTSET":
            return window
        case "VALID":
            return Window(size, *both, NO_PADS)
        case "SAME_UPPER" | "SAME_LOWER" as kind:
            return Window(size, *both, _same_pads(window, image.shape[2:], upper=kind == "SAME_UPPER"))
        case other:
            raise unfit(f"{node}: auto_pad {other[:20]!r} is unknown")


def _pool_window(node: Node, image: Value) -> Window:
    size = node.integers("kernel_shape", ())
    if len(size) != 2:
        raise unfit(f"{node}: expected a window of two dimensions")
    window = window_of(node, image, (size[0], size[1]))
    if window.dilations != (1, 1):
        raise unfit(f"{node}: a window with gaps, which Keras's pools do not have")
    if node.integer("ceil_mode", 0) and any(_left_over(window, at, image.shape[2 + at]) for at in (0, 1)):
        raise unfit(f"{node}: ceil_mode with a window that reaches past the image, which Keras does not have")
    return window


def _left_over(window: Window, at: int, length: int) -> int:
    return (length + sum(window.pads[at]) - window.size[at]) % window.strides[at]


def _same_pads(window: Window, lengths: tuple[int, ...], *, upper: bool) -> Pads:
    def along(at: int) -> tuple[int, int]:
        stride, reach = window.strides[at], (window.size[at] - 1) * window.dilations[at] + 1
        total = max((-(-lengths[at] // stride) - 1) * stride + reach - lengths[at], 0)
        small, large = total // 2, total - total // 2
        return (small, large) if upper else (large, small)

    return along(0), along(1)


def _edged(scope: Scope, image: Value, pads: Pads) -> Value:
    """The image with a rim that repeats its edge."""
    layers = load_keras().layers
    for axis, (before, after) in enumerate(pads):
        length = image.shape[2 + axis]
        first = _cropped(scope, image, axis, (0, length - 1))
        last = _cropped(scope, image, axis, (length - 1, 0))
        parts = [*[first] * before, image, *[last] * after]
        if len(parts) > 1:
            joined = layers.Concatenate(axis=1 + axis, name=scope.name("edge"))([part.tensor for part in parts])
            image = Value(joined, last=True)
    return image


def _cropped(scope: Scope, image: Value, axis: int, amounts: tuple[int, int]) -> Value:
    cropping = (amounts, (0, 0)) if axis == 0 else ((0, 0), amounts)
    return scope.layered(load_keras().layers.Cropping2D(cropping, name=scope.name("crop")), image)
