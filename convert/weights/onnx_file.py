"""ONNX files: a file's bytes to its named tensors. The graph is not run, and no other file is opened."""

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert.errors import WeightsError
from device.errors import DependencyMissing
from device.failures import in_words
from device.packages import install_hint

if TYPE_CHECKING:
    import onnx

MAX_BYTES = 64 << 20
MAX_NAME = 80


def read_initializers(path: Path) -> dict[str, NDArray[np.float32]]:
    """The tensors of the ONNX file at `path` by name, read-only, in the file's order.

    Raises `WeightsError` for a file that cannot be read, is larger than `MAX_BYTES`, keeps tensors elsewhere, or has
    one that is damaged, not float32 or not finite; `DependencyMissing` without the package `onnx`.
    """
    graph = load_model(path).graph
    if not graph.initializer or graph.sparse_initializer:
        sparse = len(graph.sparse_initializer)
        raise _error(path, f"expected dense tensors, received {len(graph.initializer)} and {sparse} sparse ones")
    twice = [name for name, times in Counter(tensor.name for tensor in graph.initializer).items() if times > 1]
    if twice:
        raise _error(path, f"tensor {twice[0][:MAX_NAME]} is there more than once")
    return {tensor.name: _values(tensor, path) for tensor in graph.initializer}


def load_model(path: Path, max_bytes: int = MAX_BYTES) -> "onnx.ModelProto":
    """The message in the ONNX file at `path`, and nothing that it refers to elsewhere.

    Raises `WeightsError` for a file that cannot be read or has more bytes; `DependencyMissing` without `onnx`.
    """
    return _model(_content(path, max_bytes), path)


def _content(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise _error(path, in_words(error, quoted=True)) from None
    if len(content) > max_bytes:
        raise _error(path, f"expected at most {max_bytes} bytes, received more")
    return content


def _model(content: bytes, path: Path) -> "onnx.ModelProto":
    try:
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf is untyped
    except ImportError as error:
        raise DependencyMissing(
            f"ONNX files need the package onnx, which cannot be imported: {error}.",
            hint=install_hint("convert"),
        ) from error
    try:
        return onnx.load_model_from_string(content)
    except DecodeError as error:
        raise _error(path, f"it is not an ONNX file: {error}") from None


def _values(tensor: "onnx.TensorProto", path: Path) -> NDArray[np.float32]:
    """The numbers of one tensor: its raw bytes, little-endian, or the list of floats that stands in for them."""
    shape, name = tuple(tensor.dims), f"tensor {tensor.name[:MAX_NAME]} {list(tensor.dims)[:8]}"
    if tensor.data_location != tensor.DEFAULT or tensor.external_data:
        raise _error(path, f"{name}: expected its values in the file, received a reference to another one")
    if tensor.data_type != tensor.FLOAT:
        kinds = tensor.DataType.DESCRIPTOR.values_by_number
        received = kinds[tensor.data_type].name if tensor.data_type in kinds else tensor.data_type
        raise _error(path, f"{name}: expected FLOAT, received {received}")
    raw = tensor.raw_data or np.asarray(tensor.float_data, "<f4").tobytes()
    if min(shape, default=1) < 1 or len(raw) != 4 * math.prod(shape):
        raise _error(path, f"{name}: expected its 4 bytes a number, received {len(raw)} bytes")
    values = np.frombuffer(raw, "<f4").reshape(shape)
    if not np.isfinite(values).all():
        raise _error(path, f"{name}: expected finite numbers, received NaN or infinity")
    return values


def _error(path: Path, what: str) -> WeightsError:
    return WeightsError(f"Cannot read the ONNX file {path}: {what}.", hint="Give an intact file, as it was published.")
