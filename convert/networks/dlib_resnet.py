"""dlib's face recognition ResNet in Keras: 29 convolutions, RGB chip 150x150 in, 128 numbers out (Davis King, 2017).

The residual network of He et al. 2015 (arXiv:1512.03385) with half the filters of ResNet-34 and fewer blocks. Shortcuts
have no weights: where a block halves the map, a 2x2 average stands in, and missing channels are zeros.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convert.tensorflow_backend import load_tensorflow

if TYPE_CHECKING:
    import keras

CHIP_PX = 150
MEAN_RGB = (122.782, 117.001, 104.298)
STEM_CHANNELS = 32
EMBEDDING_LENGTH = 128
SCALE = 1 / 256
"""The network was trained on (pixel - MEAN_RGB) * SCALE."""
LAST_STAGE = 256
"""The channels of the blocks that a cap bounds."""
CAP = 6.0
"""The bound of the shipped model.

In dlib's own network a few channels of the last stage spike up to 20 for about 4 % of LFW's images, by eye mostly of
people of African or East Asian descent, and make them alike: at the threshold for FMR 1e-4, the FMR among them is
1.7e-2. Bounded to 6 it is 2.0e-3, and the TAR of all at FMR 1e-4 rises from 81.2 to 85.5 % (all pairs of LFW, float32;
any bound from 4 to 8 does about the same).
"""


@dataclass(frozen=True, slots=True)
class Block:
    """A residual block of two 3x3 convolutions; `down` halves the map and pads the shortcut's channels with zeros."""

    name: str
    inputs: int
    channels: int
    down: bool = False


BLOCKS = (
    Block("block1", 32, 32),
    Block("block2", 32, 32),
    Block("block3", 32, 32),
    Block("block4", 32, 64, down=True),
    Block("block5", 64, 64),
    Block("block6", 64, 64),
    Block("block7", 64, 64),
    Block("block8", 64, 128, down=True),
    Block("block9", 128, 128),
    Block("block10", 128, 128),
    Block("block11", 128, 256, down=True),
    Block("block12", 256, 256),
    Block("block13", 256, 256),
    Block("block14", 256, 256, down=True),
)
"""From the stem to the global average."""


def dlib_resnet(*, cap: float | None = None) -> "keras.Model":
    """The network without its weights: float32 [n, 150, 150, 3] RGB 0..255 to float32 [n, 128].

    `cap` bounds what the blocks of the last stage give; see `CAP`. Without it the network is dlib's own.
    """
    load_tensorflow()
    import keras
    from keras import layers

    x = pixels = keras.Input((CHIP_PX, CHIP_PX, 3), name="pixels")
    x = layers.Conv2D(STEM_CHANNELS, 7, strides=2, activation="relu", name="stem")(x)
    x = layers.MaxPooling2D(3, strides=2, name="stem_pool")(x)
    for block in BLOCKS:
        x = _down(block, x) if block.down else _residual(block, x)
        x = layers.ReLU(cap if block.channels == LAST_STAGE else None, name=f"{block.name}.relu")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(EMBEDDING_LENGTH, use_bias=False, name="projection")(x)
    return keras.Model(pixels, x, name="dlib_resnet")


def _residual(block: Block, x: "keras.KerasTensor") -> "keras.KerasTensor":
    from keras import layers

    y = layers.Conv2D(block.channels, 3, padding="same", activation="relu", name=f"{block.name}.first")(x)
    y = layers.Conv2D(block.channels, 3, padding="same", name=f"{block.name}.second")(y)
    return layers.Add(name=f"{block.name}.sum")([x, y])


def _down(block: Block, x: "keras.KerasTensor") -> "keras.KerasTensor":
    from keras import layers

    y = layers.Conv2D(block.channels, 3, strides=2, activation="relu", name=f"{block.name}.first")(x)
    y = layers.Conv2D(block.channels, 3, padding="same", name=f"{block.name}.second")(y)
    x = layers.AveragePooling2D(2, name=f"{block.name}.average")(x)
    y = layers.ZeroPadding2D(((0, x.shape[1] - y.shape[1]), (0, x.shape[2] - y.shape[2])), name=f"{block.name}.pad")(y)
    x = _with_channels(block.channels - block.inputs, f"{block.name}.channels")(x)
    return layers.Add(name=f"{block.name}.sum")([x, y])


def _with_channels(count: int, name: str) -> "keras.Layer":
    """Adds `count` channels of zeros: of [n, height, width, c] the last two axes are padded, the width by nothing."""
    from keras import layers

    return layers.ZeroPadding2D(((0, 0), (0, count)), data_format="channels_first", name=name)
