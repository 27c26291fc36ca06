"""FaceNet's Inception-ResNet v1 in Keras: RGB chip 160x160 in, 128 or 512 numbers out (Szegedy et al., 2016).

The network of arXiv:1602.07261, figures 10 to 14, as davidsandberg/facenet has it: for smaller chips, and with a
bottleneck instead of classes. Layers with weights have the names of keras-facenet, by which its weights are found.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convert.keras_backend import load_keras

if TYPE_CHECKING:
    import keras

CHIP_PX = 160
EPSILON = 1e-3
MOMENTUM = 0.995
DROPPED = 0.2
"""The share of the last map that a step of training leaves out."""


@dataclass(frozen=True, slots=True)
class Step:
    """A convolution of a branch: the end of its name, its channels, and its size [height, width] in pixels.

    With a stride nothing is padded; without, the map keeps its size.
    """

    name: str
    channels: int
    size: tuple[int, int]
    stride: int = 1


Branches = tuple[tuple[Step, ...], ...]
"""Side by side, each from the same map on."""

BLOCK35: Branches = (
    (Step("Conv2d_1x1", 32, (1, 1)),),
    (Step("Conv2d_0a_1x1", 32, (1, 1)), Step("Conv2d_0b_3x3", 32, (3, 3))),
    (Step("Conv2d_0a_1x1", 32, (1, 1)), Step("Conv2d_0b_3x3", 32, (3, 3)), Step("Conv2d_0c_3x3", 32, (3, 3))),
)
MIXED_6A: Branches = (
    (Step("Conv2d_1a_3x3", 384, (3, 3), stride=2),),
    (
        *(Step("Conv2d_0a_1x1", 192, (1, 1)), Step("Conv2d_0b_3x3", 192, (3, 3))),
        Step("Conv2d_1a_3x3", 256, (3, 3), stride=2),
    ),
)
BLOCK17: Branches = (
    (Step("Conv2d_1x1", 128, (1, 1)),),
    (Step("Conv2d_0a_1x1", 128, (1, 1)), Step("Conv2d_0b_1x7", 128, (1, 7)), Step("Conv2d_0c_7x1", 128, (7, 1))),
)
MIXED_7A: Branches = (
    (Step("Conv2d_0a_1x1", 256, (1, 1)), Step("Conv2d_1a_3x3", 384, (3, 3), stride=2)),
    (Step("Conv2d_0a_1x1", 256, (1, 1)), Step("Conv2d_1a_3x3", 256, (3, 3), stride=2)),
    (
        *(Step("Conv2d_0a_1x1", 256, (1, 1)), Step("Conv2d_0b_3x3", 256, (3, 3))),
        Step("Conv2d_1a_3x3", 256, (3, 3), stride=2),
    ),
)
BLOCK8: Branches = (
    (Step("Conv2d_1x1", 192, (1, 1)),),
    (Step("Conv2d_0a_1x1", 192, (1, 1)), Step("Conv2d_0b_1x3", 192, (1, 3)), Step("Conv2d_0c_3x1", 192, (3, 1))),
)


def inception_resnet_v1(*, length: int = 128) -> "keras.Model":
    """The network without its weights: float32 [n, 160, 160, 3] RGB 0..255 to float32 [n, length].

    facenet's published weights are for a `length` of 128, since 2018 of 512. It gives vectors unit length outside of
    the network, and so does the device.
    """
    load_keras()
    import keras
    from keras import layers

    pixels = keras.Input((CHIP_PX, CHIP_PX, 3), name="pixels")
    x = layers.Rescaling(1 / 128, offset=-127.5 / 128, name="normalization")(pixels)
    x = _stem(x)
    for number in range(1, 6):
        x = _residual(x, BLOCK35, f"Block35_{number}", scale=0.17)
    x = _reduction(x, MIXED_6A, "Mixed_6a")
    for number in range(1, 11):
        x = _residual(x, BLOCK17, f"Block17_{number}", scale=0.10)
    x = _reduction(x, MIXED_7A, "Mixed_7a")
    for number in range(1, 6):
        x = _residual(x, BLOCK8, f"Block8_{number}", scale=0.20)
    x = _sum(x, BLOCK8, "Block8_6", scale=1.0)
    x = layers.GlobalAveragePooling2D(name="AvgPool")(x)
    x = layers.Dropout(DROPPED, name="Dropout")(x)
    x = layers.Dense(length, use_bias=False, name="Bottleneck")(x)
    x = _normalized(x, "Bottleneck")
    return keras.Model(pixels, x, name="inception_resnet_v1")


def _stem(x: "keras.KerasTensor") -> "keras.KerasTensor":
    from keras import layers

    x = _convolution(x, Step("Conv2d_1a_3x3", 32, (3, 3), stride=2))
    x = _convolution(x, Step("Conv2d_2a_3x3", 32, (3, 3)), padding="valid")
    x = _convolution(x, Step("Conv2d_2b_3x3", 64, (3, 3)))
    x = layers.MaxPooling2D(3, strides=2, name="MaxPool_3a_3x3")(x)
    x = _convolution(x, Step("Conv2d_3b_1x1", 80, (1, 1)))
    x = _convolution(x, Step("Conv2d_4a_3x3", 192, (3, 3)), padding="valid")
    return _convolution(x, Step("Conv2d_4b_3x3", 256, (3, 3), stride=2))


def _residual(x: "keras.KerasTensor", branches: Branches, name: str, *, scale: float) -> "keras.KerasTensor":
    from keras import layers

    return layers.ReLU(name=f"{name}_Activation")(_sum(x, branches, name, scale=scale))


def _sum(x: "keras.KerasTensor", branches: Branches, name: str, *, scale: float) -> "keras.KerasTensor":
    """The map and what the branches see in it, brought back to its channels and scaled down (section 3.3)."""
    from keras import layers

    y = layers.Concatenate(name=f"{name}_Concatenate")(_branches(x, branches, name))
    y = layers.Conv2D(x.shape[-1], 1, name=f"{name}_Conv2d_1x1")(y)
    y = layers.Rescaling(scale, name=f"{name}_Scale")(y)
    return layers.Add(name=name)([x, y])


def _reduction(x: "keras.KerasTensor", branches: Branches, name: str) -> "keras.KerasTensor":
    """Half the map's height and width, the channels of its branches and its own."""
    from keras import layers

    pooled = layers.MaxPooling2D(3, strides=2, name=f"{name}_Branch_{len(branches)}_MaxPool_1a_3x3")(x)
    return layers.Concatenate(name=name)([*_branches(x, branches, name), pooled])


def _branches(x: "keras.KerasTensor", branches: Branches, name: str) -> list["keras.KerasTensor"]:
    ends = []
    for number, steps in enumerate(branches):
        y = x
        for step in steps:
            y = _convolution(y, step, prefix=f"{name}_Branch_{number}_")
        ends.append(y)
    return ends


def _convolution(
    x: "keras.KerasTensor", step: Step, *, prefix: str = "", padding: str | None = None
) -> "keras.KerasTensor":
    from keras import layers

    name = f"{prefix}{step.name}"
    padding = padding or ("same" if step.stride == 1 else "valid")
    x = layers.Conv2D(step.channels, step.size, step.stride, padding, use_bias=False, name=name)(x)
    return layers.ReLU(name=f"{name}_Activation")(_normalized(x, name))


def _normalized(x: "keras.KerasTensor", name: str) -> "keras.KerasTensor":
    from keras import layers

    return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, scale=False, name=f"{name}_BatchNorm")(x)
