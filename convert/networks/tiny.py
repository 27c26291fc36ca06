"""A small residual network that a processor can train: RGB chip of any size in, 128 numbers out, 0.7 million weights.

From no paper: the blocks of He et al. 2015 (arXiv:1512.03385), PReLU, and for the head what face networks have, all of
the last map flattened, for where a feature lies says as much as that it is there.
"""

from typing import TYPE_CHECKING

from convert.keras_backend import load_keras

if TYPE_CHECKING:
    import keras

CHIP_PX = 112
EMBEDDING_LENGTH = 128
STAGES = (("stage1", 16, 0), ("stage2", 32, 1), ("stage3", 64, 1), ("stage4", 128, 1))
"""Name, channels, residual blocks; each stage halves the map."""
DROPPED = 0.4
"""The share of the last map that training leaves out."""


def tiny(*, length: int = EMBEDDING_LENGTH, size_px: int = CHIP_PX) -> "keras.Model":
    """The network without its weights: float32 [n, size_px, size_px, 3] RGB 0..255 to float32 [n, length]."""
    keras = load_keras()
    layers = keras.layers
    x = pixels = keras.Input((size_px, size_px, 3), name="pixels")
    x = layers.Rescaling(1 / 128, offset=-127.5 / 128, name="normalization")(x)
    x = layers.AveragePooling2D(2, name="shrink")(x)
    for name, channels, blocks in STAGES:
        x = _activated(_convolution(channels, x, name=name, strides=2), name=name)
        for block in range(1, blocks + 1):
            x = _residual(channels, x, name=f"{name}.block{block}")
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(DROPPED, name="drop")(x)
    x = layers.Dense(length, use_bias=False, name="projection")(x)
    x = layers.BatchNormalization(name="embedding")(x)
    return keras.Model(pixels, x, name="tiny")


def _residual(channels: int, x: "keras.KerasTensor", *, name: str) -> "keras.KerasTensor":
    y = _activated(_convolution(channels, x, name=f"{name}.first"), name=f"{name}.first")
    y = _convolution(channels, y, name=f"{name}.second")
    return load_keras().layers.Add(name=f"{name}.sum")([x, y])


def _convolution(channels: int, x: "keras.KerasTensor", *, name: str, strides: int = 1) -> "keras.KerasTensor":
    layers = load_keras().layers
    x = layers.Conv2D(channels, 3, strides=strides, padding="same", use_bias=False, name=f"{name}.conv")(x)
    return layers.BatchNormalization(name=f"{name}.norm")(x)


def _activated(x: "keras.KerasTensor", *, name: str) -> "keras.KerasTensor":
    return load_keras().layers.PReLU(shared_axes=[1, 2], name=f"{name}.prelu")(x)
