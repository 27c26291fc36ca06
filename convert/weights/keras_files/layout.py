"""Where Keras 3 keeps the weights of a network in an HDF5 file, and whether a file has them all, by place and name.

A place is `layers/conv2d_1/vars/0`: the class, which of that class, which of its tensors. The layer's own name lies
beside the tensors since Keras 3.6; the place alone would take one layer's tensor for another's of its class.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from convert.errors import WeightsError
from convert.tensorflow_backend import quiet
from convert.weights.accounting import told
from convert.weights.keras_files.hdf5 import Stored, damaged, opened, stored_tensors
from convert.weights.keras_files.names import other_names

if TYPE_CHECKING:
    import h5py
    import keras

OF_TRAINING = ("optimizer/", "optimizer_weights/")
"""Tensors of a training file that belong to no layer."""
VARS = "vars"


@dataclass(frozen=True, slots=True)
class Layout:
    """The tensors of a file by their places, and the names of the layers and networks above them, where it has any."""

    tensors: Mapping[str, Stored]
    names: Mapping[str, str]


def of_layers(tensors: Mapping[str, Stored]) -> dict[str, Stored]:
    """Without the optimizer, and without what counts random draws."""
    return {
        path: stored
        for path, stored in tensors.items()
        if not path.startswith(OF_TRAINING) and "seed_generator" not in path
    }


def layout_of_file(file: "h5py.File", tensors: Mapping[str, Stored]) -> Layout:
    """What is where in `file`, whose `tensors` have been looked through."""
    places = of_layers(tensors)
    found = {group: _name(file, group) for group in dict.fromkeys(_groups_above(places))}
    return Layout(places, {group: name for group, name in found.items() if name is not None})


def layout_of_network(model: "keras.Model") -> Layout:
    """Where Keras would put the tensors of `model`: what is in an empty file of its own."""
    with tempfile.TemporaryDirectory(prefix="lintel-") as folder, quiet():
        path = Path(folder) / "own.weights.h5"
        model.save_weights(path)
        with opened(path) as file:
            return layout_of_file(file, stored_tensors(file))


def account(expected: Layout, received: Layout) -> None:
    """Raises one `WeightsError` that lists the tensors missing, left over, or of another name, shape or type.

    A layer that has no name in the file is taken by its place.
    """
    named = {group: name for group, name in sorted(expected.names.items()) if group in received.names}
    others = other_names(named, {group: received.names[group] for group in named})
    report(
        sorted(expected.tensors.keys() - received.tensors.keys()),
        sorted(received.tensors.keys() - expected.tensors.keys()),
        [f"{group}: expected {named[group]!r}, received {received.names[group][:80]!r}" for group in others],
        [
            f"{path}: expected {stored}, received {received.tensors[path]}"
            for path, stored in sorted(expected.tensors.items())
            if path in received.tensors and received.tensors[path] != stored
        ],
    )


def report(missing: list[str], left_over: list[str], renamed: list[str], misshapen: list[str]) -> None:
    """Raises one `WeightsError` that lists the tensors, if there are any."""
    found = {"missing": missing, "left over": left_over, "of another name": renamed, "of another form": misshapen}
    if what := told(found):
        raise damaged(what)


def check_named(expected: Layout, received: Layout) -> None:
    """Raises `WeightsError` for a layer without a name: nothing else says that its tensors are this network's."""
    for group in (path.rpartition(f"/{VARS}/")[0] for path in expected.tensors):
        if group not in expected.names.keys() & received.names.keys():
            raise WeightsError(
                f"Not a file of weights that can be imported: {group} has no name; Keras writes them since 3.6.",
                hint="Load it with the code that made it, and save the whole network: `model.save('network.keras')`.",
            )


def _groups_above(paths: Mapping[str, Stored]) -> Iterator[str]:
    for path in paths:
        parts = path.split("/")
        yield from ("/".join(parts[:length]) for length in range(1, len(parts)))


def _name(file: "h5py.File", group: str) -> str | None:
    """The name that Keras wrote for a layer or a network within the network."""
    beside = file.get(f"{group}/{VARS}")
    name = None if beside is None else beside.attrs.get("name")
    return name.decode(errors="replace") if isinstance(name, bytes) else name if isinstance(name, str) else None
