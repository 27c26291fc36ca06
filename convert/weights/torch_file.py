"""PyTorch's state dicts without PyTorch: a file's bytes to its named tensors, executing nothing of the file.

Two formats are read: the zip archive that PyTorch writes since 1.6, and what it wrote before, five pickles and then the
storages one after the other. A file's word is never taken: sizes, offsets and strides are checked against its bytes.
"""

import io
import math
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import WeightsError
from convert.weights.torch_pickle import Known, StorageReference, TensorReference, read_pickle, refused
from device.failures import in_words

Tensor = NDArray[Any]
"""Of float32 or int64."""
Storages = dict[str, Tensor]
References = dict[str, TensorReference]

MAX_BYTES = 64 << 20
"""Of a file, of its storages together, and of its tensors together."""
MAX_TENSORS = 10_000
MAX_DIMENSIONS = 8
MAX_NAME = 80

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_VERSION = 1001
DTYPES: dict[Known, np.dtype[Any]] = {Known.FLOAT_STORAGE: np.dtype("<f4"), Known.LONG_STORAGE: np.dtype("<i8")}


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of the state dict at `path` by name, read-only, float32 or int64, in the file's order.

    Raises `WeightsError` for a file that cannot be read, is damaged or larger than `MAX_BYTES`, names anything but
    what a state dict needs, or has a tensor that reaches beyond its storage or is not finite.
    """
    content = _content(path)
    references, storages = _of_archive(content) if content.startswith(b"PK") else _of_legacy(content)
    counts = [math.prod(_whole(reference.shape, name)) for name, reference in references.items()]
    if sum(counts) > MAX_BYTES // 4:
        raise refused(f"expected at most {MAX_BYTES // 4} numbers in its tensors, received {sum(counts)}")
    return {name: _view(name, reference, storages) for name, reference in references.items()}


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise WeightsError(
            f"Cannot read {path}: {in_words(error, quoted=True)}.", hint="Name a file that is there and can be read."
        ) from None
    if len(content) > MAX_BYTES:
        raise refused(f"expected at most {MAX_BYTES} bytes, received more")
    return content


def _of_legacy(content: bytes) -> tuple[References, Storages]:
    file = io.BytesIO(content)
    magic, version, system = (read_pickle(file) for _ in range(3))
    if magic != LEGACY_MAGIC or version != LEGACY_VERSION:
        raise refused("it begins with neither of PyTorch's two formats")
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise refused("expected numbers written little-endian")
    references = _references(read_pickle(file))
    declared, order = _declared(references), read_pickle(file)
    keys = [key for key in order if isinstance(key, str)] if isinstance(order, list) else []
    if sorted(keys) != sorted(declared):
        raise refused("its list of storages is not that of its tensors")
    storages = {key: _next_storage(file, *declared[key]) for key in keys}
    if file.read(1):
        raise refused("expected the end of the file after its storages, received more bytes")
    return references, storages


def _next_storage(file: io.BytesIO, dtype: np.dtype[Any], size: int) -> Tensor:
    stated, numbers = int.from_bytes(file.read(8), "little"), file.read(size * dtype.itemsize)
    if stated != size:
        raise refused(f"expected a storage of {size} numbers, received one of {stated}")
    return _storage(numbers, dtype, size)


def _of_archive(content: bytes) -> tuple[References, Storages]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _of_members(archive)
    except (zipfile.BadZipFile, struct.error, EOFError, OSError, OverflowError, RuntimeError, ValueError) as error:
        raise refused(f"its archive is damaged: {str(error)[:MAX_NAME]}") from None


def _of_members(archive: zipfile.ZipFile) -> tuple[References, Storages]:
    members = {member.filename.partition("/")[2]: member for member in archive.infolist()}
    packed = any(member.compress_type != zipfile.ZIP_STORED for member in members.values())
    if packed or len(members) != len(archive.infolist()):
        raise refused("expected an archive without compression, each name once, as PyTorch writes it")
    if "data.pkl" not in members:
        raise refused("its archive has no data.pkl")
    if "byteorder" in members and archive.read(members["byteorder"]) != b"little":
        raise refused("expected numbers written little-endian")
    references = _references(read_pickle(io.BytesIO(archive.read(members["data.pkl"]))))
    declared = _declared(references)
    sizes = {name: member.file_size for name, member in members.items() if name.startswith("data/")}
    if sizes != {f"data/{key}": dtype.itemsize * size for key, (dtype, size) in declared.items()}:
        raise refused("its archive's storages are not those of its tensors")
    numbers = ((key, archive.read(members[f"data/{key}"])) for key in declared)
    return references, {key: _storage(content, *declared[key]) for key, content in numbers}


def _references(state: object) -> References:
    if not isinstance(state, dict) or not 0 < len(state) <= MAX_TENSORS:
        raise refused(f"expected a dict of 1 to {MAX_TENSORS} tensors")
    for name, value in state.items():
        if not isinstance(value, TensorReference):
            raise refused(f"{name[:MAX_NAME]}: expected a tensor, received {type(value).__name__}")
    return state


def _declared(references: References) -> dict[str, tuple[np.dtype[Any], int]]:
    """Type and size of every storage by its key."""
    declared = dict(_declarations(references))
    for name, reference in references.items():
        if dict(_declarations({name: reference})).items() - declared.items():
            raise refused(f"{name[:MAX_NAME]}: its storage has two sizes or types")
    if sum(dtype.itemsize * size for dtype, size in declared.values()) > MAX_BYTES:
        raise refused(f"expected at most {MAX_BYTES} bytes of storages, received more")
    return declared


def _declarations(references: References) -> Iterator[tuple[str, tuple[np.dtype[Any], int]]]:
    for name, reference in references.items():
        match reference.storage:
            case StorageReference(Known() as kind, str(key), int(size)) if kind in DTYPES and size >= 0:
                yield key, (DTYPES[kind], size)
            case _:
                raise refused(f"{name[:MAX_NAME]}: expected a storage of float32 or int64")


def _storage(content: bytes, dtype: np.dtype[Any], size: int) -> Tensor:
    if len(content) != size * dtype.itemsize:
        raise refused(f"expected {size * dtype.itemsize} bytes in a storage, received {len(content)}")
    return np.frombuffer(content, dtype)


def _view(name: str, reference: TensorReference, storages: Storages) -> Tensor:
    match reference.storage:
        case StorageReference(_, str(key), _):
            storage = storages[key]
        case _:
            raise refused(f"{name[:MAX_NAME]}: expected a storage")
    shape, strides = _whole(reference.shape, name), _whole(reference.strides, name)
    (offset,) = _whole((reference.offset,), name)
    if len(shape) != len(strides) or len(shape) > MAX_DIMENSIONS or 0 in shape:
        raise refused(f"{name[:MAX_NAME]}: expected a stride for each of at most {MAX_DIMENSIONS} dimensions")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if last >= len(storage) or math.prod(shape) > len(storage):
        raise refused(f"{name[:MAX_NAME]}: reaches beyond its storage of {len(storage)} numbers")
    steps = [stride * storage.itemsize if size > 1 else 0 for size, stride in zip(shape, strides, strict=True)]
    tensor = np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)
    if not np.isfinite(tensor).all():
        raise refused(f"{name[:MAX_NAME]}: expected finite numbers, received NaN or infinity")
    return tensor


def _whole(numbers: object, name: str) -> tuple[int, ...]:
    if not isinstance(numbers, tuple) or not all(type(number) is int and number >= 0 for number in numbers):
        raise refused(f"{name[:MAX_NAME]}: expected sizes, strides and an offset of whole numbers")
    return numbers
