"""MobileFaceNet in Keras: RGB chip 112x112 in, 128 numbers out, less than a million weights (Chen et al. 2018).

The table of arXiv:1804.07573, whose bottlenecks are MobileNetV2's; a depthwise convolution over the whole 7x7 map takes
the place of an average, for the middle of a face says more than its edges.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from convert.keras_backend import load_keras

if TYPE_CHECKING:
    import keras

CHIP_PX = 112
EMBEDDING_LENGTH = 128
STEM_CHANNELS = 64
HEAD_CHANNELS = 512
MAP_PX = 7
"""The map that the global depthwise convolution covers."""
EPSILON = 1e-5
"""What batch normalization adds to the variance, as in PyTorch."""
SLOPE = 0.25
"""What PReLU starts from (He et al. 2015, arXiv:1502.01852)."""


class Variant(StrEnum):
    """Which MobileFaceNet.

    The paper's own has PReLU. The one that foamliu trained and published bounds what it gives to 0..6 (ReLU6), and
    after the first depthwise convolution it has another, pointwise one; both of these end in ReLU.
    """

    PAPER = "paper"
    FOAMLIU = "foamliu"


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """Widened to `expanded` channels, a depthwise 3x3, narrowed to `channels`; added to its input if `residual`."""

    name: str
    expanded: int
    channels: int
    stride: int
    residual: bool


def _bottlenecks() -> Iterator[Bottleneck]:
    """The paper's table: factor of expansion, channels, how often, stride of the first."""
    inputs, number = STEM_CHANNELS, 0
    for factor, channels, count, first_stride in (
        (2, 64, 5, 2),
        (4, 128, 1, 2),
        (2, 128, 6, 1),
        (4, 128, 1, 2),
        (2, 128, 2, 1),
    ):
        for stride in (first_stride, *(1,) * (count - 1)):
            number += 1
            residual = stride == 1 and inputs == channels
            yield Bottleneck(f"bottleneck{number}", factor * inputs, channels, stride, residual)
            inputs = channels


BOTTLENECKS = tuple(_bottlenecks())
"""From the stem to the head."""


def convolutions(variant: Variant) -> tuple[str, ...]:
    """The names of the convolutions from the image on; each has layers `NAME.conv` and `NAME.norm`."""
    pointwise = ("stem.pointwise",) if variant is Variant.FOAMLIU else ()
    within = (f"{block.name}.{part}" for block in BOTTLENECKS for part in ("expand", "depthwise", "project"))
    return ("stem", "stem.depthwise", *pointwise, *within, "head", "global", "projection")


def mobilefacenet(*, length: int = EMBEDDING_LENGTH, variant: Variant = Variant.PAPER) -> "keras.Model":
    """The network, untrained: float32 [n, 112, 112, 3] RGB 0..255 to float32 [n, `length`].

    Convolutions have no bias, for a batch normalization follows each. Where the stride is 2, zeros are padded on all
    four sides, as PyTorch does it; Keras's "same" pads the right and the bottom alone.
    """
    keras = load_keras()
    from keras import layers

    x = pixels = keras.Input((CHIP_PX, CHIP_PX, 3), name="pixels")
    x = layers.Rescaling(1 / 128, -127.5 / 128, name="normalization")(x)
    x = _stem(x, variant)
    for block in BOTTLENECKS:
        x = _bottleneck(block, x, variant)
    x = _bounded(_pointwise(HEAD_CHANNELS, x, name="head"), variant, name="head")
    x = layers.DepthwiseConv2D(MAP_PX, use_bias=False, name="global.conv")(x)
    x = _normalized(x, name="global")
    x = _pointwise(length, x, name="projection")
    x = layers.Flatten(name="embedding")(x)
    return keras.Model(pixels, x, name="mobilefacenet")


def _stem(x: "keras.KerasTensor", variant: Variant) -> "keras.KerasTensor":
    from keras import layers

    x = layers.ZeroPadding2D(1, name="stem.pad")(x)
    x = layers.Conv2D(STEM_CHANNELS, 3, strides=2, use_bias=False, name="stem.conv")(x)
    x = _bounded(_normalized(x, name="stem"), variant, name="stem")
    x = _depthwise(1, x, name="stem.depthwise")
    if variant is Variant.PAPER:
        return _bounded(x, variant, name="stem.depthwise")
    x = layers.ReLU(name="stem.depthwise.relu")(x)
    return layers.ReLU(name="stem.pointwise.relu")(_pointwise(STEM_CHANNELS, x, name="stem.pointwise"))


def _bottleneck(block: Bottleneck, x: "keras.KerasTensor", variant: Variant) -> "keras.KerasTensor":
    from keras import layers

    expand, depthwise = f"{block.name}.expand", f"{block.name}.depthwise"
    y = _bounded(_pointwise(block.expanded, x, name=expand), variant, name=expand)
    y = _bounded(_depthwise(block.stride, y, name=depthwise), variant, name=depthwise)
    y = _pointwise(block.channels, y, name=f"{block.name}.project")
    return layers.Add(name=f"{block.name}.sum")([x, y]) if block.residual else y


def _pointwise(channels: int, x: "keras.KerasTensor", *, name: str) -> "keras.KerasTensor":
    from keras import layers

    return _normalized(layers.Conv2D(channels, 1, use_bias=False, name=f"{name}.conv")(x), name=name)


def _depthwise(stride: int, x: "keras.KerasTensor", *, name: str) -> "keras.KerasTensor":
    from keras import layers

    padding = "same"
    if stride == 2:
        x, padding = layers.ZeroPadding2D(1, name=f"{name}.pad")(x), "valid"
    x = layers.DepthwiseConv2D(3, strides=stride, padding=padding, use_bias=False, name=f"{name}.conv")(x)
    return _normalized(x, name=name)


def _normalized(x: "keras.KerasTensor", *, name: str) -> "keras.KerasTensor":
    from keras import layers

    return layers.BatchNormalization(momentum=0.9, epsilon=EPSILON, name=f"{name}.norm")(x)


def _bounded(x: "keras.KerasTensor", variant: Variant, *, name: str) -> "keras.KerasTensor":
    """The variant's nonlinearity; PReLU has one slope a channel, the same all over the map."""
    import keras
    from keras import layers

    match variant:
        case Variant.PAPER:
            slope = keras.initializers.Constant(SLOPE)
            return layers.PReLU(shared_axes=[1, 2], alpha_initializer=slope, name=f"{name}.prelu")(x)
        case Variant.FOAMLIU:
            return layers.ReLU(6.0, name=f"{name}.relu6")(x)
        case _:
            assert_never(variant)
