"""dlib's face recognition ResNet, `dlib_face_recognition_resnet_model_v1.dat`: a file's bytes to its named
tensors, and those into the network.

The file holds one known network, so `parse` walks it along `dlib_layout.layout`: what is missing, left over or
different from what every such file has is a `WeightsError`, and no length in the file is believed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert.errors import WeightsError
from convert.networks.dlib_resnet import MEAN_RGB, SCALE, dlib_resnet
from convert.weights.dlib_layout import Fixed, Stored, layout

if TYPE_CHECKING:
    import keras

Tensor = NDArray[np.float32]
Tensors = dict[tuple[str, str], Tensor]


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution and the affine layer after it: kernel float32 [n, c, height, width], the others float32 [n]."""

    name: str
    kernel: Tensor = field(repr=False)
    bias: Tensor = field(repr=False)
    gamma: Tensor = field(repr=False)
    beta: Tensor = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResnetWeights:
    """All tensors of the network: 29 convolutions from the image on, and the projection, float32 [256, 128]."""

    convolutions: tuple[Convolution, ...]
    projection: Tensor = field(repr=False)


def parse(content: bytes) -> ResnetWeights:
    """The network's tensors. Raises `WeightsError` at the first byte that is not this network's, and for NaN."""
    tensors = dict(_read(memoryview(content)))
    projection = tensors.pop(("projection", "kernel"))
    names = dict.fromkeys(layer for layer, _ in tensors)
    return ResnetWeights(tuple(_convolution(name, tensors) for name in names), projection)


def load(weights: ResnetWeights, *, cap: float | None = None) -> "keras.Model":
    """The network with dlib's weights; affine layers and the pixels' normalization are folded into convolutions."""
    model = dlib_resnet(cap=cap)
    for convolution in weights.convolutions:
        kernel, bias = _folded(convolution)
        if convolution.name == "stem":
            kernel, bias = _on_pixels(kernel, bias)
        model.get_layer(convolution.name).set_weights([kernel, bias])
    model.get_layer("projection").set_weights([weights.projection])
    return model


def _read(content: memoryview) -> Iterator[tuple[tuple[str, str], Tensor]]:
    at = 0
    for piece in layout():
        received = content[at : at + piece.size_bytes]
        match piece:
            case Fixed():
                _expect(piece, bytes(received), at)
            case Stored():
                yield (piece.layer, piece.part), _values(piece, received, at)
        at += piece.size_bytes
    if len(content) > at:
        raise _error(f"expected the end of the file at byte {at}, received {len(content) - at} more bytes")


def _expect(piece: Fixed, received: bytes, at: int) -> None:
    for place, (byte, instead) in enumerate(zip_longest(piece.content, received), start=at):
        if byte != instead:
            what = "the end of the file" if instead is None else f"0x{instead:02x}"
            raise _error(f"layer {piece.layer}, byte {place}: expected 0x{byte:02x}, received {what}")


def _values(piece: Stored, received: memoryview, at: int) -> Tensor:
    where = f"layer {piece.layer}, {piece.part} {list(piece.shape)}, byte {at}"
    if len(received) < piece.size_bytes:
        raise _error(f"{where}: expected {piece.size_bytes} bytes, received {len(received)}, then the file ends")
    values = np.frombuffer(received, "<f4").reshape(piece.shape)
    if not np.isfinite(values).all():
        raise _error(f"{where}: expected finite numbers, received NaN or infinity")
    return values


def _convolution(name: str, tensors: Tensors) -> Convolution:
    kernel, bias, gamma, beta = (tensors[name, part] for part in ("kernel", "bias", "gamma", "beta"))
    return Convolution(name, kernel, bias, gamma, beta)


def _folded(stored: Convolution) -> tuple[Tensor, Tensor]:
    """gamma * (kernel . x + bias) + beta as one convolution: kernel [height, width, c, n] and bias [n]."""
    kernel = stored.kernel.transpose(2, 3, 1, 0) * stored.gamma
    return kernel, stored.gamma * stored.bias + stored.beta


def _on_pixels(kernel: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The same convolution for pixels 0..255 instead of (pixel - mean) * scale; exact, for it pads nothing."""
    scaled = kernel * np.float32(SCALE)
    mean = np.tensordot(np.asarray(MEAN_RGB), scaled.astype(np.float64), axes=([0], [2]))
    return scaled, np.asarray(bias - mean.sum(axis=(0, 1)), np.float32)


def _error(what: str) -> WeightsError:
    return WeightsError(
        f"Not dlib's face recognition ResNet: {what}.",
        hint="The file is damaged or of another network. Run `lintel-convert build --fetch-only`.",
    )
