"""MiniFASNet in Keras: RGB crop 80x80 in, three logits out, attack or live (Minivision, 2020).

MobileFaceNet, its bottlenecks pruned one by one, against presentation attacks: Silent-Face-Anti-Spoofing,
`src/model_lib/MiniFASNet.py`. Layers bear the names of the tensors in the published files.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from convert.keras_backend import load_keras

if TYPE_CHECKING:
    import keras

CROP_PX = 80
LARGE_CROP_PX = 128
"""Of a V2 with squeeze and excitation that others published, whose file holds the network itself."""
CLASSES = 3
STEM_CHANNELS = 32
EMBEDDING_LENGTH = 128
MAP_PX = 5
"""The map that the last depthwise convolution covers."""
REDUCTION = 4
"""Squeeze and excitation (Hu et al. 2018, arXiv:1709.01507) looks at a quarter of the channels."""
EPSILON = 1e-5
"""What batch normalization adds to the variance, as in PyTorch."""


class Variant(StrEnum):
    """Which of the two published networks: for a crop of 2.7 or of 4 times the face's box."""

    V2 = "v2"
    V1SE = "v1se"


@dataclass(frozen=True, slots=True)
class Stage:
    """Bottlenecks of one resolution: `down` has the width of the one that halves the map, `widths` those after it."""

    down_name: str
    down: int
    name: str
    widths: tuple[int, ...]
    channels: int


STAGES: dict[Variant, tuple[Stage, ...]] = {
    Variant.V2: (
        Stage("conv_23", 103, "conv_3", (13, 13, 13, 13), 64),
        Stage("conv_34", 231, "conv_4", (231, 52, 26, 77, 26, 26), 128),
        Stage("conv_45", 308, "conv_5", (26, 26), 128),
    ),
    Variant.V1SE: (
        Stage("conv_23", 103, "conv_3", (13, 26, 13, 52), 64),
        Stage("conv_34", 231, "conv_4", (154, 52, 26, 52, 26, 26), 128),
        Stage("conv_45", 308, "conv_5", (26, 26), 128),
    ),
}
"""What is left of each bottleneck after pruning; in V1SE the last of a stage ends in squeeze and excitation."""
HEAD_CHANNELS = 512


def minifasnet(variant: Variant) -> "keras.Model":
    """The network without its weights: float32 [n, 80, 80, 3] RGB 0..255, as they are, to logits float32 [n, 3].

    The second logit is that of a live face. Minivision's own decision adds up the probabilities of both networks. The
    dropout before the last layer, which only training needs, is left out.
    """
    keras = load_keras()
    from keras import layers

    x = pixels = keras.Input((CROP_PX, CROP_PX, 3), name="pixels")
    x = layers.ZeroPadding2D(1, name="conv1.pad")(x)
    x = layers.Conv2D(STEM_CHANNELS, 3, strides=2, use_bias=False, name="conv1.conv")(x)
    x = _with_slopes(_normalized(x, name="conv1.bn"), name="conv1")
    x = _depthwise(1, x, name="conv2_dw")
    for stage in STAGES[variant]:
        x = _stage(stage, x, excited=variant is Variant.V1SE)
    x = _with_slopes(_pointwise(HEAD_CHANNELS, x, name="conv_6_sep"), name="conv_6_sep")
    x = layers.DepthwiseConv2D(MAP_PX, use_bias=False, name="conv_6_dw.conv")(x)
    x = layers.Flatten(name="conv_6_flatten")(_normalized(x, name="conv_6_dw.bn"))
    x = layers.Dense(EMBEDDING_LENGTH, use_bias=False, name="linear")(x)
    x = layers.Dense(CLASSES, use_bias=False, name="prob")(_normalized(x, name="bn"))
    return keras.Model(pixels, x, name=f"minifasnet_{variant}")


def _stage(stage: Stage, x: "keras.KerasTensor", *, excited: bool) -> "keras.KerasTensor":
    from keras import layers

    x = _bottleneck((stage.down, stage.channels), x, stride=2, name=stage.down_name)
    for number, width in enumerate(stage.widths):
        name = f"{stage.name}.model.{number}"
        y = _bottleneck((width, stage.channels), x, stride=1, name=name)
        if excited and number == len(stage.widths) - 1:
            y = _excited(y, name=f"{name}.se_module")
        x = layers.Add(name=f"{name}.sum")([x, y])
    return x


def _bottleneck(channels: tuple[int, int], x: "keras.KerasTensor", *, stride: int, name: str) -> "keras.KerasTensor":
    """Widened to the first of `channels`, a depthwise 3x3, narrowed to the second."""
    x = _with_slopes(_pointwise(channels[0], x, name=f"{name}.conv"), name=f"{name}.conv")
    x = _depthwise(stride, x, name=f"{name}.conv_dw")
    return _pointwise(channels[1], x, name=f"{name}.project")


def _excited(x: "keras.KerasTensor", *, name: str) -> "keras.KerasTensor":
    """Each channel weighted by what the averages of all of them say."""
    from keras import layers

    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}.avg_pool")(x)
    y = layers.Conv2D(x.shape[-1] // REDUCTION, 1, use_bias=False, name=f"{name}.fc1")(y)
    y = layers.ReLU(name=f"{name}.relu")(_normalized(y, name=f"{name}.bn1"))
    y = layers.Conv2D(x.shape[-1], 1, use_bias=False, name=f"{name}.fc2")(y)
    y = layers.Activation("sigmoid", name=f"{name}.sigmoid")(_normalized(y, name=f"{name}.bn2"))
    return layers.Multiply(name=f"{name}.product")([x, y])


def _pointwise(channels: int, x: "keras.KerasTensor", *, name: str) -> "keras.KerasTensor":
    from keras import layers

    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}.conv")(x)
    return _normalized(x, name=f"{name}.bn")


def _depthwise(stride: int, x: "keras.KerasTensor", *, name: str) -> "keras.KerasTensor":
    """PyTorch pads all four sides at stride 2 as well; Keras's "same" would pad the right and the bottom alone."""
    from keras import layers

    x = layers.ZeroPadding2D(1, name=f"{name}.pad")(x)
    x = layers.DepthwiseConv2D(3, strides=stride, use_bias=False, name=f"{name}.conv")(x)
    return _with_slopes(_normalized(x, name=f"{name}.bn"), name=name)


def _normalized(x: "keras.KerasTensor", *, name: str) -> "keras.KerasTensor":
    from keras import layers

    return layers.BatchNormalization(epsilon=EPSILON, name=name)(x)


def _with_slopes(x: "keras.KerasTensor", *, name: str) -> "keras.KerasTensor":
    """PReLU with one slope a channel, the same all over the map."""
    from keras import layers

    return layers.PReLU(shared_axes=[1, 2], name=f"{name}.prelu")(x)
