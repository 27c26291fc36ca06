"""An HDF5 file of weights, looked through before one number is read: plain tensors in plain groups, and nothing else.

HDF5 can point to other files, assemble virtual data sets, run filters from plug-ins, and declare terabytes in a few
bytes. Keras writes none of that, so it is refused. What is declared must be there, byte for byte.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convert.errors import WeightsError, cause
from convert.weights.keras_files.config import printable

if TYPE_CHECKING:
    import h5py

MAX_OBJECTS = 20_000
MAX_DEPTH = 48
MAX_ATTRIBUTES = 64
MAX_DIMENSIONS = 6


@dataclass(frozen=True, slots=True)
class Stored:
    """What a file declares of one tensor."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def size_bytes(self) -> int:
        """How many bytes its numbers take."""
        return int(np.prod(self.shape, dtype=np.float64)) * np.dtype(self.dtype).itemsize

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


@contextmanager
def opened(path: Path) -> "Iterator[h5py.File]":
    """The file for reading; what HDF5 itself finds wrong with it becomes a `WeightsError`."""
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except WeightsError:
        raise
    except Exception as error:
        raise damaged(f"HDF5 says: {cause(error)}") from error


def stored_tensors(group: "h5py.Group") -> dict[str, Stored]:
    """All tensors below `group` by their path in it. Raises `WeightsError` for anything else."""
    found: dict[str, Stored] = {}
    seen: set[object] = set()
    waiting = [("", group, 0)]
    while waiting:
        path, within, depth = waiting.pop()
        _check_group(within, path, depth=depth)
        for name in within:
            at = f"{path}/{name}".lstrip("/")
            item = _hard_linked(within, name, at)
            if len(seen) >= MAX_OBJECTS or item.id in seen:
                raise damaged(f"{at} is one object too many, or one for the second time")
            seen.add(item.id)
            if _is_group(item):
                waiting.append((at, item, depth + 1))
            else:
                found[at] = _declared(item, at)
    return found


def damaged(what: str) -> WeightsError:
    """The error of an HDF5 file that is not what Keras writes."""
    return WeightsError(
        f"Not a file of weights that can be imported: {printable(what)}.",
        hint="Save the weights again with Keras: `model.save('network.keras')`, or `save_weights('net.weights.h5')`.",
    )


def _check_group(group: "h5py.Group", path: str, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise damaged(f"group {path[:80]} is nested deeper than {MAX_DEPTH}")
    if len(group) > MAX_OBJECTS or len(group.attrs) > MAX_ATTRIBUTES:
        raise damaged(f"group /{path} has {len(group)} members and {len(group.attrs)} attributes")


def _hard_linked(group: "h5py.Group", name: str, at: str) -> "h5py.Group | h5py.Dataset":
    import h5py

    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise damaged(f"{at} is a link to another place ({type(link).__name__})")
    return group[name]


def _is_group(item: "h5py.Group | h5py.Dataset") -> bool:
    import h5py

    if not isinstance(item, h5py.Group | h5py.Dataset):
        raise damaged(f"{type(item).__name__} where a tensor was expected")
    return isinstance(item, h5py.Group)


def _declared(dataset: "h5py.Dataset", at: str) -> Stored:
    """What a data set declares, if its numbers lie in this file as they are and fill what is declared."""
    plist = dataset.id.get_create_plist()
    if dataset.is_virtual or plist.get_external_count():
        raise damaged(f"the numbers of {at} lie in another file or data set")
    if plist.get_nfilters():
        raise damaged(f"{at} is compressed or filtered")
    if dataset.shape is None or len(dataset.shape) > MAX_DIMENSIONS or dataset.dtype.kind not in "fiu":
        raise damaged(f"{at} is not a tensor of numbers: {dataset.dtype}, {dataset.shape}")
    tensor = Stored(tuple(int(size) for size in dataset.shape), dataset.dtype.name)
    if tensor.size_bytes > dataset.id.get_storage_size():
        raise damaged(f"{at} declares {tensor}, but only {dataset.id.get_storage_size()} bytes of it are there")
    return tensor
