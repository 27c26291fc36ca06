"""An ONNX file as a graph of nodes and constants, checked before anything is built of it.

Nothing is executed, no other file is opened, and each constant is as large as the bytes that hold it.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import WeightsError
from convert.weights.onnx_file import load_model

if TYPE_CHECKING:
    import onnx

Constant = NDArray[Any]
Attribute = int | float | str | tuple[int, ...] | tuple[float, ...] | Constant

OLDEST_OPSET, NEWEST_OPSET = 9, 20
MAX_BYTES = 1 << 30
MAX_NODES = 10_000
MAX_NAME = 80
MAX_SHOWN = 40
KINDS = {"FLOAT": 4, "FLOAT16": 2, "DOUBLE": 8, "INT32": 4, "INT64": 8, "BOOL": 1}
"""Types of constants that are read, and their bytes a number."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: the tensors it takes, "" for one left out, and those it gives."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute]

    def __str__(self) -> str:
        return f"{self.operator} ({_shown(self.outputs[0])})"

    def integer(self, name: str, default: int) -> int:
        """An attribute that is a whole number."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int):
            raise unfit(f"{self}: attribute {name} is not a whole number")
        return value

    def number(self, name: str, default: float) -> float:
        """An attribute that is a finite number."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise unfit(f"{self}: attribute {name} is not a finite number")
        return float(value)

    def integers(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """An attribute that is a list of whole numbers."""
        value = self.attributes.get(name, default)
        if not isinstance(value, tuple):
            raise unfit(f"{self}: attribute {name} is not a list of numbers")
        return tuple(int(one) for one in value)

    def text(self, name: str, default: str) -> str:
        """An attribute that is text."""
        value = self.attributes.get(name, default)
        if not isinstance(value, str):
            raise unfit(f"{self}: attribute {name} is not text")
        return value


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes in an order in which they can be computed, the constants by name, the input, the output's name.

    `shape` is the input's, with None for a size that the file leaves open.
    """

    nodes: tuple[Node, ...]
    constants: dict[str, Constant]
    input: str
    shape: tuple[int | None, ...]
    output: str
    message: "onnx.ModelProto" = field(repr=False)

    @property
    def channels_last(self) -> bool:
        """Whether its input has the channels last."""
        return len(self.shape) == 4 and self.shape[1] != 3 and self.shape[3] == 3


def read_graph(path: Path, known: frozenset[str]) -> Graph:
    """The graph of the ONNX file at `path`, of `known` operators.

    Raises `WeightsError` for a file that is damaged or too large, of another opset, or with other than one input and
    one output, and for all unknown operators at once; `DependencyMissing` without the package `onnx`.
    """
    model = load_model(path, MAX_BYTES)
    _check_opset(model)
    graph = model.graph
    _check_operators(model, known)
    if len(graph.node) > MAX_NODES:
        raise unfit(f"it has {len(graph.node)} operations, expected at most {MAX_NODES}")
    if graph.sparse_initializer:
        raise unfit(f"it has {len(graph.sparse_initializer)} sparse tensors, expected none")
    constants = {tensor.name: constant(tensor) for tensor in graph.initializer}
    inputs = [one for one in graph.input if one.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        names = ", ".join(_shown(one.name) for one in [*inputs, *graph.output][:MAX_SHOWN])
        raise unfit(f"expected one input and one output, received {len(inputs)} and {len(graph.output)}: {names}")
    return Graph(
        nodes=tuple(_node(node) for node in graph.node),
        constants=constants,
        input=inputs[0].name,
        shape=_shape(inputs[0]),
        output=graph.output[0].name,
        message=model,
    )


def constant(tensor: "onnx.TensorProto") -> Constant:
    """The numbers of a tensor in the file; those with a fraction as float32. Raises `WeightsError`."""
    name = f"tensor {_shown(tensor.name)} {list(tensor.dims)[:8]}"
    known = tensor.DataType.DESCRIPTOR.values_by_number
    kind = known[tensor.data_type].name if tensor.data_type in known else str(tensor.data_type)
    if tensor.data_location != tensor.DEFAULT or tensor.external_data:
        raise unfit(f"{name} lies in another file; save the network in one file")
    if kind not in KINDS:
        raise unfit(f"{name} has the type {kind}, expected one of {', '.join(KINDS)}")
    _check_size(tensor, kind, name)
    from onnx import numpy_helper

    values = numpy_helper.to_array(tensor)
    if values.dtype.kind != "f":
        return values
    if not np.isfinite(values).all():
        raise unfit(f"{name}: expected finite numbers, received NaN or infinity")
    return values.astype(np.float32)


def unfit(what: str) -> WeightsError:
    """The error of an ONNX network that cannot be imported."""
    return WeightsError(
        f"Not an ONNX network that can be imported: {what}.",
        hint=f"Export it with opset {OLDEST_OPSET} to {NEWEST_OPSET}, in float32, from one image to one vector, "
        "without operators of other makers.",
    )


def _check_opset(model: "onnx.ModelProto") -> None:
    versions = {one.domain or "ai.onnx": one.version for one in model.opset_import}
    used = {node.domain or "ai.onnx" for node in model.graph.node}
    others = sorted(used - {"ai.onnx"})
    if others or model.functions:
        raise unfit(f"it uses operators of {', '.join(map(_shown, others)) or 'its own'}, expected those of ONNX alone")
    version = versions.get("ai.onnx", 0)
    if not OLDEST_OPSET <= version <= NEWEST_OPSET:
        raise unfit(f"it has opset {version}, expected {OLDEST_OPSET} to {NEWEST_OPSET}")


def _check_operators(model: "onnx.ModelProto", known: frozenset[str]) -> None:
    unknown = sorted({node.op_type for node in model.graph.node} - known)
    if unknown:
        names = ", ".join(_shown(name) for name in unknown)
        raise unfit(f"it uses operators that can't be imported: {names}. These can: {', '.join(sorted(known))}")


def _check_size(tensor: "onnx.TensorProto", kind: str, name: str) -> None:
    """As many numbers as the shape says, before they are made."""
    if min(tensor.dims, default=0) < 0:
        raise unfit(f"{name} has a negative size")
    listed = max(len(tensor.float_data), len(tensor.double_data), len(tensor.int32_data), len(tensor.int64_data))
    held = len(tensor.raw_data) / KINDS[kind] if tensor.raw_data else listed
    if held != math.prod(tensor.dims):
        raise unfit(f"{name} holds {held:g} numbers")


def _shape(value: "onnx.ValueInfoProto") -> tuple[int | None, ...]:
    tensor = value.type.tensor_type
    if tensor.elem_type != 1:
        raise unfit(f"its input {_shown(value.name)} is not float32")
    return tuple(int(size.dim_value) if size.dim_value > 0 else None for size in tensor.shape.dim)


def _node(node: "onnx.NodeProto") -> Node:
    if not node.output:
        raise unfit(f"operation {_shown(node.op_type)} gives nothing")
    attributes = {one.name: _attribute(one, node.op_type) for one in node.attribute}
    return Node(node.op_type, tuple(node.input), tuple(node.output), attributes)


def _attribute(attribute: "onnx.AttributeProto", operator: str) -> Attribute:
    match attribute.type:
        case attribute.INT:
            return int(attribute.i)
        case attribute.FLOAT:
            return float(attribute.f)
        case attribute.STRING:
            return str(attribute.s.decode(errors="replace"))
        case attribute.INTS:
            return tuple(attribute.ints)
        case attribute.FLOATS:
            return tuple(attribute.floats)
        case attribute.TENSOR:
            return constant(attribute.t)
        case _:
            raise unfit(f"{_shown(operator)} has the attribute {_shown(attribute.name)} of an unexpected type")


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name[:MAX_NAME])
