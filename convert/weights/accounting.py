"""Every tensor of a published file accounted for by name and shape, and PyTorch's order of axes turned into Keras's."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import WeightsError

Shape = tuple[int, ...]
Tensors = Mapping[str, NDArray[Any]]

MAX_LISTED = 30
"""So many names of a kind a message lists at most."""
MAX_NAME = 80


def account(received: Tensors, expected: Mapping[str, Shape], network: str) -> None:
    """Raises one `WeightsError` that lists the tensors missing, left over, or of another shape or type than float32."""
    missing = [f"{name} {list(shape)}" for name, shape in expected.items() if name not in received]
    left_over = [f"{name[:MAX_NAME]} {list(tensor.shape)}" for name, tensor in received.items() if name not in expected]
    misshapen = list(_misshapen(received, expected))
    found = [("missing", missing), ("left over", left_over), ("of another form", misshapen)]
    if any(names for _, names in found):
        what = "; ".join(f"{kind}: {_listed(names)}" for kind, names in found if names)
        raise WeightsError(f"Not the tensors of {network}. {what}.", hint="The file is damaged or of another network.")


def keras_kernel(kernel: NDArray[np.float32], *, depthwise: bool) -> NDArray[np.float32]:
    """A convolution's kernel [n, c, height, width] as Keras keeps it, [height, width, c, n]; depthwise n and c swap."""
    return kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(2, 3, 1, 0)


def torch_shape(shape: Shape, *, depthwise: bool) -> Shape:
    """The shape in PyTorch of what is a kernel of `shape` in Keras."""
    height, width, inputs, outputs = shape
    return (inputs, outputs, height, width) if depthwise else (outputs, inputs, height, width)


def _misshapen(received: Tensors, expected: Mapping[str, Shape]) -> Iterator[str]:
    for name in received.keys() & expected.keys():
        tensor = received[name]
        if tensor.shape != expected[name] or tensor.dtype != np.float32:
            yield f"{name} (expected {list(expected[name])}, received {tensor.dtype} {list(tensor.shape)})"


def _listed(names: list[str]) -> str:
    more = len(names) - MAX_LISTED
    return ", ".join(sorted(names)[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
