"""Every tensor of a published file accounted for by name and shape, and PyTorch's order of axes turned into Keras's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import WeightsError

Shape = tuple[int, ...]
Tensors = Mapping[str, NDArray[Any]]

MAX_LISTED = 100
"""Maximum number of names of a kind in a message; then it says how many more there are."""
MAX_NAME = 80
MAX_ENTRY = 200


def account(received: Tensors, expected: Mapping[str, Shape], network: str) -> None:
    """Raises one `WeightsError` that lists the tensors missing, left over, or of another shape or type than float32."""
    missing = (f"{name} {list(shape)}" for name, shape in expected.items() if name not in received)
    left_over = (f"{name[:MAX_NAME]} {list(tensor.shape)}" for name, tensor in received.items() if name not in expected)
    misshapen = _misshapen(received, expected)
    found = {"missing": missing, "left over": left_over, "of another form": misshapen}
    if what := told({kind: sorted(names) for kind, names in found.items()}):
        raise WeightsError(f"Not the tensors of {network}. {what}.", hint="The file is damaged or of another network.")


def told(found: Mapping[str, Sequence[str]]) -> str:
    """What was found, kind by kind, as a message lists it; "" for nothing."""
    return "; ".join(f"{kind}: {_listed(names)}" for kind, names in found.items() if names)


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


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MAX_LISTED
    return ", ".join(name[:MAX_ENTRY] for name in names[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")
