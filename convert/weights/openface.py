"""Keras-OpenFace's folder of CSV files, the published weights of nn4.small2, into `convert.networks.nn4_small2`.

A file is one tensor in Torch's order, numbers and commas; the network says which there are and of what shape. Whatever
is missing, left over, of another size or no number is named, all of it in one error.
"""

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert.errors import WeightsError
from convert.networks.nn4_small2 import nn4_small2
from device.failures import in_words

if TYPE_CHECKING:
    import keras

PARTS = {"Conv2D": "wb", "BatchNormalization": "wbmv", "Dense": "wb"}
"""The last letter of a file's name, in the order of a layer's weights: weight, bias, moving mean and variance."""
FILE_NAMES = {"dense_layer": "dense"}
"""What a layer's files are called where that is not the layer's name."""
COPIES = {
    "inception_5a_3x3_conv2_m": "inception_5a_3x3_bn1_m",
    "inception_5a_3x3_conv2_v": "inception_5a_3x3_bn1_v",
}
"""Two of the 226 files belong to no layer: a convolution has no mean. They hold the same numbers as these."""
MAX_NUMBER_BYTES = 32
"""A published number and its comma have up to 21."""
MAX_SHOWN = 226


@dataclass(frozen=True, slots=True)
class Tensor:
    """One file of the folder: its name without .csv, and its shape in Torch's order, [n, c, height, width]."""

    name: str
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder holds: its tensors, float32 in Torch's order by their names, and what is wrong with the others."""

    tensors: dict[str, NDArray[np.float32]] = field(repr=False)
    missing: tuple[str, ...]
    left_over: tuple[str, ...]
    damaged: tuple[str, ...]


def load(folder: Path) -> "keras.Model":
    """The network with all its weights. Raises `WeightsError`, naming every file that is missing or damaged."""
    found = _read(folder)
    if found.missing or found.left_over or found.damaged:
        raise _error(found)
    return _network(found)


def load_partial(folder: Path) -> tuple["keras.Model", tuple[str, ...]]:
    """The network with the weights that are there, zeros for the others, and the names of the missing tensors.

    Raises `WeightsError` for a file that is left over, of another size, or holds anything but numbers.
    """
    found = _read(folder)
    if found.left_over or found.damaged:
        raise _error(found)
    return _network(found), found.missing


@cache
def expected() -> tuple[Tensor, ...]:
    """The files that the network needs, from the image on."""
    return tuple(tensor for tensor, _ in _weights(nn4_small2()))


def _weights(model: "keras.Model") -> Iterator[tuple[Tensor, "keras.Variable"]]:
    """Every weight of the network, and the file it comes from."""
    for layer in model.layers:
        name = FILE_NAMES.get(layer.name, layer.name)
        for part, weight in zip(PARTS.get(type(layer).__name__, ""), layer.weights, strict=True):
            yield Tensor(f"{name}_{part}", _in_torch_order(tuple(weight.shape))), weight


def _network(found: Found) -> "keras.Model":
    model = nn4_small2()
    for tensor, weight in _weights(model):
        values = found.tensors.get(tensor.name)
        weight.assign(np.zeros(weight.shape, np.float32) if values is None else _in_keras_order(values))
    return model


def _in_torch_order(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Of Keras's [height, width, c, n] and [c, n]; vectors are the same in both."""
    return (*reversed(shape[-2:]), *shape[:-2])


def _in_keras_order(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values.transpose(*range(2, values.ndim), 1, 0) if values.ndim > 1 else values


def _read(folder: Path) -> Found:
    names = _names(folder)
    shapes = {tensor.name: tensor for tensor in expected()}
    shapes |= {copy: Tensor(copy, shapes[original].shape) for copy, original in COPIES.items()}
    read: dict[str, NDArray[np.float32]] = {}
    damaged = []
    for name in sorted(names & shapes.keys()):
        try:
            read[name] = _values(folder / f"{name}.csv", shapes[name])
        except ValueError as error:
            damaged.append(f"{name} ({error})")
    for copy, original in COPIES.items():
        if {copy, original} <= read.keys() and not np.array_equal(read[copy], read[original]):
            damaged.append(f"{copy} (expected the numbers of {original})")
    return Found(
        tensors=read,
        missing=tuple(tensor.name for tensor in expected() if tensor.name not in names),
        left_over=tuple(sorted(names - shapes.keys())),
        damaged=tuple(damaged),
    )


def _names(folder: Path) -> set[str]:
    try:
        return {path.stem for path in folder.iterdir() if path.suffix == ".csv"}
    except OSError as error:
        raise WeightsError(
            f"Cannot read the weights in {folder}: {in_words(error, quoted=True)}.",
            hint="Name the folder that holds the CSV files of Keras-OpenFace.",
        ) from error


def _values(path: Path, tensor: Tensor) -> NDArray[np.float32]:
    """The numbers of a file. Raises `ValueError` with what is wrong, and reads no more than they can take."""
    content = _content(path, MAX_NUMBER_BYTES * (tensor.count + 1))
    if not content.endswith(b"\n"):
        raise ValueError("expected the end of a line, received the end of the file")
    received = content.count(b",") + 1
    if received != tensor.count:
        raise ValueError(f"expected {tensor.count} numbers {list(tensor.shape)}, received {received}")
    try:
        values = np.fromiter(map(float, content.split(b",")), np.float64, tensor.count)
    except ValueError:
        raise ValueError("expected numbers, received other text") from None
    if not (np.abs(values) <= np.finfo(np.float32).max).all():
        raise ValueError("expected finite numbers, received NaN or infinity")
    if tensor.name.endswith("_v") and values.min() < 0:
        raise ValueError(f"expected variances, received {values.min():g}")
    return values.astype(np.float32).reshape(tensor.shape)


def _content(path: Path, limit: int) -> bytes:
    """A regular file's bytes: what a pipe or a device would give has no end."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("expected a file")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {in_words(error, quoted=True)}") from error
    if len(content) > limit:
        raise ValueError(f"expected at most {limit} bytes, received {path.stat().st_size}")
    return content


def _error(found: Found) -> WeightsError:
    kinds = {"missing": found.missing, "left over": found.left_over, "damaged": found.damaged}
    what = "; ".join(f"{kind}: {_shown(names)}" for kind, names in kinds.items() if names)
    return WeightsError(
        f"Not the weights of nn4.small2: {what}.",
        hint="Get the folder `weights` of iwantooxxoox/Keras-OpenFace again, 226 CSV files.",
    )


def _shown(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    return ", ".join(name[:120] for name in names[:MAX_SHOWN]) + more
