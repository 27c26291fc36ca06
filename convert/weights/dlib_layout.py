"""What lies where in dlib's face recognition ResNet file: every tensor, and every other byte.

The format is that of dlib/dnn/core.h and dlib/dnn/layers.h when the network was published in 2017. Layers are stored
input first, after the versions of all layer templates, output first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from convert.networks.dlib_resnet import BLOCKS, CHIP_PX, EMBEDDING_LENGTH, MEAN_RGB, STEM_CHANNELS, Block
from convert.weights.dlib_format import booleans, floating, integer, integers, string, tensor_header


@dataclass(frozen=True, slots=True)
class Fixed:
    """Bytes of a layer's record that are the same in every file of this network."""

    layer: str
    content: bytes

    @property
    def size_bytes(self) -> int:
        """How many bytes of the file these are."""
        return len(self.content)


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor's values: little-endian float32, row-major."""

    layer: str
    part: str
    shape: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        """How many bytes of the file these are."""
        return 4 * prod(self.shape)


Pieces = Iterator[Fixed | Stored]

# What add_layer keeps of a pass: the input's gradient, the output, the parameters' gradient; empty once published.
_EMPTY = tensor_header(0, 0, 0, 0) * 3
_COMPUTED = booleans(1, 1, 0) + _EMPTY
_COMPUTED_IN_PLACE = booleans(1, 1, 1) + _EMPTY
_LEARNING_RATES = floating(1, digits=53) * 3 + floating(0, digits=53)


def layout() -> Pieces:
    """The file's pieces from the first byte to the last."""
    yield Fixed("loss", integer(1) + string("loss_metric_2") + _floats(0.04, 0.6))
    yield Fixed("versions", integers(*_versions()))
    yield Fixed("input", string("input_rgb_image_sized") + _floats(*MEAN_RGB) + integers(CHIP_PX, CHIP_PX))
    yield from _stem()
    for block in BLOCKS:
        yield from _block(block)
    yield Fixed("average", string("avg_pool_2") + integers(0, 0, 1, 1, 0, 0) + _COMPUTED)
    yield from _projection()


def _versions() -> Iterator[int]:
    yield from (2, 2)
    for block in reversed(BLOCKS):
        shortcut = (2, 1, 1) if block.down else ()
        yield from (2, 2, *shortcut, 2, 2, 2, 2, 2, 1)
    yield from (2, 2, 2, 3)


def _stem() -> Pieces:
    yield from _convolution("stem", (STEM_CHANNELS, 3, 7, 7), stride=2, padding=0)
    yield Fixed("stem", integer(1))
    yield from _affine("stem", STEM_CHANNELS, _COMPUTED_IN_PLACE)
    yield Fixed("stem", string("relu_") + _COMPUTED)
    yield Fixed("stem", string("max_pool_2") + integers(3, 3, 2, 2, 0, 0) + _COMPUTED)


def _block(block: Block) -> Pieces:
    first, second = f"{block.name}.first", f"{block.name}.second"
    stride, padding = (2, 0) if block.down else (1, 1)
    yield from _convolution(first, (block.channels, block.inputs, 3, 3), stride=stride, padding=padding)
    yield from _affine(first, block.channels, _COMPUTED_IN_PLACE)
    yield Fixed(first, string("relu_") + _COMPUTED)
    yield from _convolution(second, (block.channels, block.channels, 3, 3), stride=1, padding=1)
    yield from _affine(second, block.channels, _COMPUTED)
    if block.down:
        yield Fixed(block.name, string("avg_pool_2") + integers(2, 2, 2, 2, 0, 0) + _COMPUTED)
    yield Fixed(block.name, string("add_prev_") + _COMPUTED_IN_PLACE)
    yield Fixed(block.name, string("relu_") + _COMPUTED)


def _convolution(layer: str, shape: tuple[int, int, int, int], *, stride: int, padding: int) -> Pieces:
    channels, _, height, width = shape
    geometry = integers(channels, height, width, stride, stride, padding, padding)
    yield Fixed(layer, string("con_4") + tensor_header(prod(shape) + channels, 1, 1, 1))
    yield Stored(layer, "kernel", shape)
    yield Stored(layer, "bias", (channels,))
    yield Fixed(layer, geometry + _alias(*shape) + _alias(1, channels, 1, 1) + _LEARNING_RATES + _COMPUTED)


def _affine(layer: str, channels: int, state: bytes) -> Pieces:
    yield Fixed(layer, string("affine_") + tensor_header(2 * channels, 1, 1, 1))
    yield Stored(layer, "gamma", (channels,))
    yield Stored(layer, "beta", (channels,))
    yield Fixed(layer, _alias(1, channels, 1, 1) * 2 + integer(0) + state)


def _projection() -> Pieces:
    inputs, outputs = BLOCKS[-1].channels, EMBEDDING_LENGTH
    yield Fixed("projection", string("fc_2") + integers(outputs, inputs) + tensor_header(inputs, outputs, 1, 1))
    yield Stored("projection", "kernel", (inputs, outputs))
    aliases = _alias(inputs, outputs, 1, 1) + _alias(0, 0, 0, 0)
    yield Fixed("projection", aliases + integer(1) + _LEARNING_RATES + _COMPUTED)


def _alias(*dimensions: int) -> bytes:
    return integers(1, *dimensions)


def _floats(*values: float) -> bytes:
    return b"".join(floating(value, digits=24) for value in values)
