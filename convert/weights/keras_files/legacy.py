"""Weights in an HDF5 file of Keras 2, or of Keras 3 in that form: a group for each layer, and lists of the names.

The attribute `layer_names` lists the layers, `weight_names` of each layer its tensors. What the lists say, what lies
in the file and what the network has must be the same.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from convert.weights.keras_files.hdf5 import Stored
from convert.weights.keras_files.layout import of_layers, report
from convert.weights.keras_files.names import is_same_tensor, other_names

if TYPE_CHECKING:
    import h5py
    import keras

WITHIN = "model_weights"
"""The group of the weights in the file of a whole network."""
Weight = Any
"""A variable of Keras, which is untyped."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A weight of the network's layer `layer`, and the path in the file of the tensor at its place."""

    layer: str
    weight: Weight
    path: str

    @property
    def expected(self) -> tuple[str, str]:
        """The name of the layer within the layer, "" where there is none, and the weight's."""
        *above, name = self.weight.path.split("/")
        return (above[-1] if above and above != [self.layer] else ""), name

    @property
    def received(self) -> tuple[str, str]:
        """The same in the file, without the number that TensorFlow 2 put behind it."""
        inner, name = re.sub(r":\d+$", "", self.path).split("/")[-2:]
        return (inner if self.expected[0] else ""), name


def is_legacy(file: "h5py.File") -> bool:
    """Whether the file lists its layers."""
    return any(key.startswith("layer_names") for key in file.get(WITHIN, file).attrs)


def assign(model: "keras.Model", file: "h5py.File", tensors: Mapping[str, Stored]) -> None:
    """Gives the network the tensors of `file`, which have been looked through. Raises `WeightsError`."""
    weights = {layer.name: _in_order(layer) for layer in model.layers}
    listed, there = _listed(file), of_layers(tensors)
    pairs = [
        Pair(layer, weight, path)
        for layer, own in weights.items()
        for weight, path in zip(own, listed.get(layer, ()), strict=False)
        if path in there
    ]
    unpaired = [_title(layer, one) for layer, own in weights.items() for one in own[len(listed.get(layer, ())) :]]
    absent = [path for paths in listed.values() for path in paths if path not in there]
    left_over = sorted(there.keys() - {pair.path for pair in pairs})
    others, misshapen = list(_renamed(pairs)), list(_misshapen(pairs, there))
    report(unpaired + absent, left_over, others, misshapen)
    for pair in pairs:
        pair.weight.assign(file[pair.path][()])


def _listed(file: "h5py.File") -> dict[str, list[str]]:
    """The paths of each layer's tensors, as the file lists them."""
    root = file.get(WITHIN, file)
    within = f"{WITHIN}/" if WITHIN in file else ""
    layers = (name for name in _names(root, "layer_names") if name in root)
    return {layer: [f"{within}{layer}/{name}" for name in _names(root[layer], "weight_names")] for layer in layers}


def _in_order(layer: "keras.Layer") -> list[Weight]:
    """A layer's weights in the order in which Keras lists them."""
    weights = (*layer.trainable_weights, *layer.non_trainable_weights)
    return [weight for weight in weights if "seed_generator" not in weight.path]


def _title(layer: str, weight: Weight) -> str:
    return weight.path if weight.path.startswith(f"{layer}/") else f"{layer}/{weight.path}"


def _renamed(pairs: list[Pair]) -> Iterator[str]:
    """Tensors at the place of a weight of another name; Keras may have renumbered the layers within layers."""
    inner_expected = {str(at): pair.expected[0] for at, pair in enumerate(pairs)}
    inner_received = {str(at): pair.received[0] for at, pair in enumerate(pairs)}
    others = other_names(inner_expected, inner_received)
    for at, pair in enumerate(pairs):
        if str(at) in others or not is_same_tensor(pair.expected[1], pair.received[1]):
            expected, received = ("/".join(filter(None, names)) for names in (pair.expected, pair.received))
            yield f"{pair.layer}: expected {expected!r}, received {received[:80]!r}"


def _misshapen(pairs: list[Pair], there: Mapping[str, Stored]) -> Iterator[str]:
    for pair in pairs:
        wanted = Stored(tuple(map(int, pair.weight.shape)), str(pair.weight.dtype))
        if there[pair.path] != wanted:
            yield f"{_title(pair.layer, pair.weight)}: expected {wanted}, received {there[pair.path]}"


def _names(group: "h5py.Group", attribute: str) -> list[str]:
    """An attribute's texts; Keras cuts a long list into `attribute0`, `attribute1` and so on."""
    pieces = [attribute] if attribute in group.attrs else [f"{attribute}{n}" for n in range(64)]
    texts = [text for piece in pieces if piece in group.attrs for text in np.atleast_1d(group.attrs[piece])]
    return [text.decode() if isinstance(text, bytes) else str(text) for text in texts]
