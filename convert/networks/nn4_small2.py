"""OpenFace's nn4.small2 in Keras: an Inception network, RGB chip 96x96 in, 128 numbers out (Amos et al., CMU, 2016).

FaceNet's NN4 (arXiv:1503.03832) without its blocks 4b to 4d and with smaller blocks 5a and 5b, as in OpenFace's
`nn4.small2.def.lua`. Layers with weights have Keras-OpenFace's names, by which its files are found.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from convert.keras_backend import load_keras

if TYPE_CHECKING:
    import keras

CHIP_PX = 96
EMBEDDING_LENGTH = 128
EPSILON = 1e-5
"""What Torch adds to a variance."""
MOMENTUM = 0.9
"""Torch's 0.1 the other way round. Keras's own 0.99 lags behind a training of a few hundred steps."""
LRN_CHANNELS, LRN_ALPHA, LRN_BETA = 5, 1e-4, 0.75
"""Torch divides alpha by the number of channels. Keras-OpenFace leaves `tf.nn.lrn` at 11 channels and does not."""
LEAST_SQUARE = 1e-12
"""What keeps the slope of a root finite where all pixels of a window are 0."""


class Pool(Enum):
    """How a block's pooling branch sees the map."""

    MAX = "maximum of 3x3 pixels, every 2 pixels"
    L2 = "root of the sum of the squares of 3x3 pixels, every 3 pixels"


@dataclass(frozen=True, slots=True)
class Inception:
    """A block of branches side by side. Pairs are channels: of the 1x1 convolution before, of the convolution itself.

    `pooled` is what the pooled map is brought to, `one` the channels of the 1x1 branch; None leaves that step out.
    """

    name: str
    three: tuple[int, int]
    five: tuple[int, int] | None
    pool: Pool
    pooled: int | None
    one: int | None
    stride: int = 1


BLOCKS = (
    Inception("inception_3a", three=(96, 128), five=(16, 32), pool=Pool.MAX, pooled=32, one=64),
    Inception("inception_3b", three=(96, 128), five=(32, 64), pool=Pool.L2, pooled=64, one=64),
    Inception("inception_3c", three=(128, 256), five=(32, 64), pool=Pool.MAX, pooled=None, one=None, stride=2),
    Inception("inception_4a", three=(96, 192), five=(32, 64), pool=Pool.L2, pooled=128, one=256),
    Inception("inception_4e", three=(160, 256), five=(64, 128), pool=Pool.MAX, pooled=None, one=None, stride=2),
    Inception("inception_5a", three=(96, 384), five=None, pool=Pool.L2, pooled=96, one=256),
    Inception("inception_5b", three=(96, 384), five=None, pool=Pool.MAX, pooled=96, one=256),
)
"""From the stem to the average."""


def nn4_small2() -> "keras.Model":
    """The network without its weights: float32 [n, 96, 96, 3] RGB 0..255 to float32 [n, 128].

    OpenFace gives its vector unit length as a last step; here that is left to the device, which does it after the
    mean of chip and mirror.
    """
    load_keras()
    import keras
    from keras import layers

    pixels = keras.Input((CHIP_PX, CHIP_PX, 3), name="pixels")
    x = layers.Rescaling(1 / 255, name="normalization")(pixels)
    x = _convolution(x, 64, 7, name=("conv1", "bn1"), stride=2)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    x = _local_response(x, "lrn_1")
    x = _convolution(x, 64, 1, name=("conv2", "bn2"))
    x = _convolution(x, 192, 3, name=("conv3", "bn3"))
    x = _local_response(x, "lrn_2")
    x = layers.ZeroPadding2D(1, name="pool2_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool2")(x)
    for block in BLOCKS:
        x = _inception(x, block)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(EMBEDDING_LENGTH, name="dense_layer")(x)
    return keras.Model(pixels, x, name="nn4_small2")


def _inception(x: "keras.KerasTensor", block: Inception) -> "keras.KerasTensor":
    from keras import layers

    branches = [_reduced(x, block.three, 3, name=f"{block.name}_3x3", stride=block.stride)]
    if block.five is not None:
        branches.append(_reduced(x, block.five, 5, name=f"{block.name}_5x5", stride=block.stride))
    branches.append(_pooled(x, block, size=branches[0].shape[1]))
    if block.one is not None:
        branches.append(_convolution(x, block.one, 1, name=(f"{block.name}_1x1_conv", f"{block.name}_1x1_bn")))
    return layers.Concatenate(name=block.name)(branches)


def _reduced(
    x: "keras.KerasTensor", channels: tuple[int, int], size: int, *, name: str, stride: int
) -> "keras.KerasTensor":
    """A 1x1 convolution to fewer channels, then the convolution over `size` x `size` pixels."""
    x = _convolution(x, channels[0], 1, name=(f"{name}_conv1", f"{name}_bn1"))
    return _convolution(x, channels[1], size, name=(f"{name}_conv2", f"{name}_bn2"), stride=stride)


def _pooled(x: "keras.KerasTensor", block: Inception, *, size: int) -> "keras.KerasTensor":
    """The pooling branch, zeros around it to `size` x `size` pixels; at the bottom right one more if they are odd."""
    from keras import layers

    name = f"{block.name}_pool"
    match block.pool:
        case Pool.MAX:
            x = layers.MaxPooling2D(3, strides=2, name=name)(x)
        case Pool.L2:
            x = _l2_pooling(x, name)
        case _:
            assert_never(block.pool)
    if block.pooled is not None:
        x = _convolution(x, block.pooled, 1, name=(f"{name}_conv", f"{name}_bn"))
    before, odd = divmod(size - x.shape[1], 2)
    return layers.ZeroPadding2D(((before, before + odd), (before, before + odd)), name=f"{name}_pad")(x)


def _convolution(
    x: "keras.KerasTensor", channels: int, size: int, *, name: tuple[str, str], stride: int = 1
) -> "keras.KerasTensor":
    """A convolution with half its size of zeros around the map, as Torch pads, batch normalization and ReLU."""
    from keras import layers

    convolution, normalization = name
    if size > 1:
        x = layers.ZeroPadding2D(size // 2, name=f"{convolution}_pad")(x)
    x = layers.Conv2D(channels, size, strides=stride, name=convolution)(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=normalization)(x)
    return layers.ReLU(name=f"{convolution}_relu")(x)


def _local_response(x: "keras.KerasTensor", name: str) -> "keras.KerasTensor":
    """x / (1 + alpha * mean of the squares of 5 neighboring channels) ** beta, zeros beyond the first and the last.

    Krizhevsky et al. 2012, section 3.3, with Torch's alpha. For the layers that pad and average over channels, the
    axes of [n, height, width, c] are those of an image `height` channels deep.
    """
    from keras import layers, ops

    y = layers.Multiply(name=f"{name}_square")([x, x])
    beyond = LRN_CHANNELS // 2
    y = layers.ZeroPadding2D(((0, 0), (beyond, beyond)), data_format="channels_first", name=f"{name}_pad")(y)
    y = layers.AveragePooling2D((1, LRN_CHANNELS), strides=1, data_format="channels_first", name=f"{name}_mean")(y)
    y = layers.Rescaling(LRN_ALPHA, offset=1.0, name=f"{name}_sum")(y)
    return layers.Multiply(name=name)([x, ops.power(y, -LRN_BETA)])


def _l2_pooling(x: "keras.KerasTensor", name: str) -> "keras.KerasTensor":
    """sqrt(sum of the squares of 3x3 pixels), every 3 pixels: Torch's `SpatialLPPooling` with p = 2.

    A sum and no average pooling, which in int8 would keep the range of the squares and lose most of their sums.
    """
    from keras import layers, ops

    height, width, channels = x.shape[1:]
    x = layers.Multiply(name=f"{name}_square")([x, x])
    x = layers.Reshape((height // 3, 3, width // 3, 3, channels), name=f"{name}_windows")(x)
    x = layers.Rescaling(1.0, offset=LEAST_SQUARE, name=f"{name}_sum")(ops.sum(x, axis=(2, 4)))
    return ops.sqrt(x)
