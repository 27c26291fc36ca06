"""PyTorch's two formats of state dicts, written by hand."""

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

LEGACY_MAGIC, LEGACY_VERSION = 0x1950A86A20F9469CFC6C, 1001
"""As `torch.serialization` writes them."""
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
SHAPES = st.lists(st.integers(1, 4), max_size=4).map(tuple)
STATES = st.dictionaries(
    st.text(max_size=5),
    arrays.arrays(np.float32, SHAPES, elements=FINITE) | arrays.arrays(np.int64, SHAPES),
    min_size=1,
    max_size=3,
)
IN_A_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Name:
    """A global: a module and a name in it."""

    module: str
    name: str


@dataclass(frozen=True)
class Call:
    """What is called when the file is unpickled, and with what."""

    called: Name
    arguments: tuple[object, ...]


@dataclass(frozen=True)
class Stored:
    """A storage that is elsewhere in the file."""

    key: str
    tensor: np.ndarray


def encoded(value: object) -> bytes:
    """The instructions of protocol 2 that make `value`, without the first and the last."""
    match value:
        case None | True | False:
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        case int():
            size = value.bit_length() // 8 + 1
            return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case tuple():
            return b"(" + b"".join(map(encoded, value)) + b"t"
        case list():
            return b"](" + b"".join(map(encoded, value)) + b"e"
        case dict():
            return b"}(" + b"".join(encoded(key) + encoded(item) for key, item in value.items()) + b"u"
        case Name(module, name):
            return f"c{module}\n{name}\n".encode()
        case Call(called, arguments):
            return encoded(called) + encoded(arguments) + b"R"
        case Stored(key, tensor):
            kind = Name("torch", "FloatStorage" if tensor.dtype == np.float32 else "LongStorage")
            return encoded(("storage", kind, key, "cpu", tensor.size)) + b"Q"
    raise AssertionError(value)


def pickled(value: object) -> bytes:
    return b"\x80\x02" + encoded(value) + b"."


REBUILD = Name("torch._utils", "_rebuild_tensor_v2")
HOOKS = Call(Name("collections", "OrderedDict"), ())


def view(stored: Stored, offset: object, shape: object, strides: object) -> Call:
    return Call(REBUILD, (stored, offset, shape, strides, False, HOOKS))


def whole(key: str, tensor: np.ndarray) -> Call:
    strides = tuple(step // tensor.itemsize for step in np.ascontiguousarray(tensor).strides)
    return view(Stored(key, tensor), 0, tensor.shape, strides[: tensor.ndim])


def described(state: dict[str, np.ndarray]) -> dict[str, Call]:
    return {name: whole(str(key), tensor) for key, (name, tensor) in enumerate(state.items())}


def zipped(described: object, storages: list[np.ndarray], compression: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        archive.writestr("net/data.pkl", pickled(described))
        archive.writestr("net/byteorder", b"little")
        for key, storage in enumerate(storages):
            archive.writestr(f"net/data/{key}", storage.tobytes())
        archive.writestr("net/version", b"3\n")
    return content.getvalue()


def legacy(described: object, storages: list[np.ndarray], *, little_endian: bool = True) -> bytes:
    system = {"protocol_version": LEGACY_VERSION, "little_endian": little_endian, "type_sizes": {"int": 4}}
    keys = [str(key) for key in range(len(storages))]
    heads = b"".join(map(pickled, (LEGACY_MAGIC, LEGACY_VERSION, system, described, keys)))
    return heads + b"".join(struct.pack("<q", storage.size) + storage.tobytes() for storage in storages)


FORMATS: dict[str, Callable[..., bytes]] = {"zip": zipped, "legacy": legacy}
STATE: dict[str, np.ndarray] = {"kernel": np.arange(12, dtype=np.float32).reshape(3, 4), "count": np.array(7, np.int64)}
STORAGE = np.arange(12, dtype=np.float32)
