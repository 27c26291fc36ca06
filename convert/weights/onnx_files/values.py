"""What an operation gives: a Keras tensor, and whether its channels come last, as Keras has them, or as in ONNX.

ONNX puts an image's channels before height and width, Keras after them. A tensor is turned only when an operation
needs the other order, so that between convolutions nothing is.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from convert.keras_backend import load_keras
from convert.weights.onnx_files.graph import Constant, Node, unfit

if TYPE_CHECKING:
    import keras

IMAGE_RANK = 4
MAX_NUMBERS = 1 << 25
"""Numbers in what one operation gives for one face: an image of 512x512 with 128 channels."""
TO_FIRST, TO_LAST = (3, 1, 2), (2, 3, 1)
"""Where Keras's `Permute` takes the dimensions after the batch from."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of one face; `last` says that it is an image [n, height, width, channels]."""

    tensor: "keras.KerasTensor"
    last: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """As ONNX has it, for one face."""
        sizes = tuple(int(size) for size in self.tensor.shape[1:])
        return (1, sizes[2], *sizes[:2]) if self.last else (1, *sizes)


@dataclass(slots=True)
class Scope:
    """What was computed so far: tensors and constants by name."""

    values: dict[str, Value] = field(default_factory=dict)
    constants: dict[str, Constant] = field(default_factory=dict)
    made: int = 0

    def name(self, kind: str) -> str:
        """A name of its own for the next layer."""
        self.made += 1
        return f"{kind}_{self.made}"

    def value(self, node: Node, index: int = 0) -> Value:
        """The tensor that is the node's input number `index`."""
        name = node.inputs[index] if index < len(node.inputs) else ""
        if name not in self.values:
            kind = "a constant" if name in self.constants else "nothing that was computed"
            raise unfit(f"{node}: expected a tensor as its input {index}, received {kind}")
        return self.values[name]

    def constant(self, node: Node, index: int) -> Constant:
        """The constant that is the node's input number `index`."""
        found = self.optional(node, index)
        if found is None:
            raise unfit(f"{node}: expected a constant as its input {index}")
        return found

    def optional(self, node: Node, index: int) -> Constant | None:
        """The same, or None where the node leaves it out. Raises `WeightsError` for one that is computed."""
        name = node.inputs[index] if index < len(node.inputs) else ""
        if name and name not in self.constants:
            raise unfit(f"{node}: expected a constant as its input {index}, received one that is computed")
        return self.constants[name] if name else None

    def image(self, node: Node, index: int = 0) -> Value:
        """The input as an image with its channels last."""
        value = self.value(node, index)
        if len(value.shape) != IMAGE_RANK:
            raise unfit(f"{node}: expected an image of 4 dimensions, received {list(value.shape)}")
        return self.channels_last(value)

    def channels_last(self, value: Value) -> Value:
        """The image with its channels last; what is no image stays as it is."""
        if value.last or len(value.shape) != IMAGE_RANK:
            return value
        _, channels, height, width = value.shape
        return Value(self._turned(value.tensor, TO_LAST, (height, width, channels)), last=True)

    def as_in_onnx(self, value: Value) -> Value:
        """The tensor with its dimensions in ONNX's order."""
        if not value.last:
            return value
        return Value(self._turned(value.tensor, TO_FIRST, value.shape[1:]), last=False)

    def layered(self, layer: "keras.Layer", value: Value, weights: list[Constant] | None = None) -> Value:
        """What a layer makes of a tensor, its weights set; the order of dimensions stays."""
        result = Value(layer(value.tensor), value.last)
        if weights is not None:
            layer.set_weights(weights)
        return result

    def _turned(
        self, tensor: "keras.KerasTensor", order: tuple[int, ...], shape: tuple[int, ...]
    ) -> "keras.KerasTensor":
        layers = load_keras().layers
        if sum(size > 1 for size in shape) < 2:
            return layers.Reshape(shape, name=self.name("reshape"))(tensor)
        return layers.Permute(order, name=self.name("permute"))(tensor)


def check_size(node: Node, value: Value) -> Value:
    """The value, if a face's memory holds it. Raises `WeightsError`."""
    numbers = 1
    for size in value.shape:
        numbers *= size
    if numbers > MAX_NUMBERS:
        raise unfit(f"{node} gives {numbers} numbers, expected at most {MAX_NUMBERS}")
    return value
