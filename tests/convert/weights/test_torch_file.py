"""PyTorch's state dicts: both formats are read as they were written, and nothing a file says is done or believed."""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from convert.errors import WeightsError
from convert.weights.torch_file import LEGACY_MAGIC, LEGACY_VERSION, MAX_BYTES, read_state_dict

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
    arguments: tuple


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


FORMATS = {"zip": zipped, "legacy": legacy}
STATE = {"kernel": np.arange(12, dtype=np.float32).reshape(3, 4), "count": np.array(7, np.int64)}
STORAGE = np.arange(12, dtype=np.float32)


@pytest.fixture(params=list(FORMATS))
def written(request: pytest.FixtureRequest) -> Callable[..., bytes]:
    return FORMATS[request.param]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], dict[str, np.ndarray]]:
    def write_and_read(content: bytes) -> dict[str, np.ndarray]:
        path = tmp_path / "net.pth"
        path.write_bytes(content)
        return read_state_dict(path)

    return write_and_read


def same(read: dict[str, np.ndarray], state: dict[str, np.ndarray]) -> bool:
    return list(read) == list(state) and all(
        read[name].dtype == tensor.dtype and read[name].shape == tensor.shape and np.array_equal(read[name], tensor)
        for name, tensor in state.items()
    )


@IN_A_FOLDER
@given(STATES)
def test_what_is_written_is_read(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], state: dict[str, NDArray[Any]]
) -> None:
    assert same(read(written(described(state), list(state.values()))), state)


def test_tensors_may_share_a_storage_and_lie_across_it(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]]
) -> None:
    stored = Stored("0", STORAGE)
    views = {
        "rows": view(stored, 0, (3, 4), (4, 1)),
        "turned": view(stored, 0, (4, 3), (1, 4)),
        "end": view(stored, 11, (), ()),
    }
    expected = {"rows": STORAGE.reshape(3, 4), "turned": STORAGE.reshape(3, 4).T, "end": STORAGE[11].reshape(())}
    assert same(read(written(views, [STORAGE])), expected)


def test_the_stride_of_a_dimension_of_one_does_not_matter(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]]
) -> None:
    views = {"kernel": view(Stored("0", STORAGE), 3, (1, 2), (2**70, 1))}
    assert same(read(written(views, [STORAGE])), {"kernel": STORAGE[np.newaxis, 3:5]})


def test_read_tensors_cannot_be_changed(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]]
) -> None:
    with pytest.raises(ValueError, match="read-only"):
        read(written(described(STATE), list(STATE.values())))["kernel"][:] = 0


def test_versions_of_layers_that_pytorch_adds_to_the_dict_are_left_out(
    read: Callable[[bytes], dict[str, np.ndarray]],
) -> None:
    state = encoded(described({"kernel": STORAGE})) + encoded({"_metadata": {"": {"version": 1}}}) + b"b"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as into:
        into.writestr("net/data.pkl", b"\x80\x02" + state + b".")
        into.writestr("net/data/0", STORAGE.tobytes())
    assert same(read(archive.getvalue()), {"kernel": STORAGE})


class Malicious:
    """Unpickled, this writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        import os

        return os.system, (f"touch {self.path}",)


def test_a_malicious_pickle_is_refused_and_not_executed(
    read: Callable[[bytes], dict[str, np.ndarray]], tmp_path: Path
) -> None:
    harm = tmp_path / "harm"
    content = pickle.dumps(Malicious(harm), protocol=2)
    with pytest.raises(WeightsError, match=r"names (posix|nt)\.system, which no state dict needs"):
        read(content)
    assert not harm.exists()


def test_so_is_one_inside_an_archive(read: Callable[[bytes], dict[str, np.ndarray]], tmp_path: Path) -> None:
    harm = tmp_path / "harm"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("net/data.pkl", pickle.dumps({"kernel": Malicious(harm)}, protocol=2))
    with pytest.raises(WeightsError, match=r"names (posix|nt)\.system"):
        read(content.getvalue())
    assert not harm.exists()


@pytest.mark.parametrize(
    "name", ["builtins eval", "builtins getattr", "torch._utils _rebuild_parameter", "torch HalfStorage", "os system"]
)
def test_every_other_name_is_refused_by_its_name(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], name: str
) -> None:
    with pytest.raises(WeightsError, match=f"names {name.replace(' ', '.')}, which no state dict needs"):
        read(written({"kernel": Call(Name(*name.split(" ")), ())}, [STORAGE]))


def test_an_escape_in_a_name_is_a_part_of_it(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]]
) -> None:
    with pytest.raises(WeightsError, match=r"names torch\.Float\\xyStorage, which"):
        read(written({"kernel": Call(Name("torch", r"Float\xyStorage"), ())}, [STORAGE]))


def test_an_archive_whose_directory_points_far_away_is_refused(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    content = zipped(described(STATE), list(STATE.values()))
    end = content.rindex(b"PK\5\6")
    with pytest.raises(WeightsError, match="its archive is damaged"):
        read(content[: end + 16] + b"\xff\xff\xff\x7f" + content[end + 20 :])


@pytest.mark.parametrize("called", [Name("torch", "FloatStorage"), Name("collections", "OrderedDict")])
def test_known_names_are_called_as_a_state_dict_calls_them_or_not_at_all(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], called: Name
) -> None:
    with pytest.raises(WeightsError, match="calls what no state dict calls"):
        read(written({"kernel": Call(called, ([],))}, [STORAGE]))


@pytest.mark.parametrize("protocol", [0, 1, 3, 4, 5])
def test_pickles_of_other_protocols_are_refused(read: Callable[[bytes], dict[str, np.ndarray]], protocol: int) -> None:
    with pytest.raises(WeightsError, match=r"instruction|protocol 2"):
        read(pickle.dumps({"kernel": [1.5, b"x"]}, protocol=protocol))


def test_attributes_of_anything_but_a_dict_are_refused(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    with pytest.raises(WeightsError, match="sets attributes"):
        read(b"\x80\x02" + encoded(Name("torch", "FloatStorage")) + encoded({"x": 1}) + b"b.")


def test_a_tuple_that_grows_as_a_key_is_refused(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    """Its hash would take for ever: every level doubles the work."""
    levels = b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(100))
    with pytest.raises(WeightsError, match="keys that are no names"):
        read(b"\x80\x02}" + encoded(()) + levels + encoded(1) + b"s.")


@pytest.mark.parametrize(
    ("described", "refusal"),
    [
        ((0, (13,), (1,)), "beyond its storage"),
        ((1, (12,), (1,)), "beyond its storage"),
        ((12, (), ()), "beyond its storage"),
        ((0, (3, 4), (5, 1)), "beyond its storage"),
        ((0, (2**70,), (1,)), "expected at most"),
        ((0, (2,), (2**70,)), "beyond its storage"),
        ((0, (100,), (0,)), "beyond its storage"),
        ((-1, (2,), (1,)), "whole numbers"),
        ((0, (2,), (-1,)), "whole numbers"),
        ((0, (-2,), (1,)), "whole numbers"),
        ((0, (True,), (1,)), "whole numbers"),
        ((0, [2], (1,)), "whole numbers"),
        ((0, ("2",), (1,)), "whole numbers"),
        ((0, (2, 2), (1,)), "a stride for each"),
        ((0, (0,), (1,)), "a stride for each"),
        ((0, (1,) * 9, (1,) * 9), "a stride for each of at most 8"),
    ],
)
def test_a_tensor_that_is_no_view_of_its_storage_is_refused(
    written: Callable[..., bytes],
    read: Callable[[bytes], dict[str, np.ndarray]],
    described: tuple[int, tuple[int | str, ...] | list[int], tuple[int, ...]],
    refusal: str,
) -> None:
    with pytest.raises(WeightsError, match=refusal):
        read(written({"kernel": view(Stored("0", STORAGE), *described)}, [STORAGE]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_refused_by_its_tensor_s_name(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], value: float
) -> None:
    tensor = np.array([0, value], np.float32)
    with pytest.raises(WeightsError, match="kernel: expected finite numbers"):
        read(written({"kernel": whole("0", tensor)}, [tensor]))


def test_a_storage_of_two_sizes_is_refused(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]]
) -> None:
    views = {"a": whole("0", STORAGE), "b": whole("0", STORAGE[:4])}
    with pytest.raises(WeightsError, match="its storage has two sizes or types"):
        read(written(views, [STORAGE]))


@pytest.mark.parametrize("stored", [STORAGE[:-1], np.append(STORAGE, np.float32(0))])
def test_a_storage_of_another_size_than_declared_is_refused(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], stored: NDArray[Any]
) -> None:
    with pytest.raises(WeightsError, match="storage"):
        read(written({"kernel": whole("0", STORAGE)}, [stored]))


@pytest.mark.parametrize("storages", [[], [STORAGE, STORAGE]])
def test_storages_that_are_missing_or_left_over_are_refused(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], storages: list[NDArray[Any]]
) -> None:
    with pytest.raises(WeightsError, match=r"storages .*not those of its tensors|not that of its tensors"):
        read(written({"kernel": whole("0", STORAGE)}, storages))


def test_bytes_after_the_last_storage_are_refused(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    with pytest.raises(WeightsError, match="received more bytes"):
        read(legacy(described(STATE), list(STATE.values())) + b"\0")


def test_numbers_written_big_endian_are_refused(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    with pytest.raises(WeightsError, match="little-endian"):
        read(legacy(described(STATE), list(STATE.values()), little_endian=False))


def test_a_compressed_archive_is_refused_before_it_is_unpacked(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    zeros = np.zeros(1 << 20, np.float32)
    with pytest.raises(WeightsError, match="without compression"):
        read(zipped({"kernel": whole("0", zeros)}, [zeros], zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize("value", [{}, {"epoch": 7}, {"model": {"kernel": whole("0", STORAGE)}}, [], 7])
def test_what_is_no_dict_of_tensors_is_refused(
    written: Callable[..., bytes],
    read: Callable[[bytes], dict[str, np.ndarray]],
    value: int | dict[str, int | dict[str, Call]] | list[Any],
) -> None:
    with pytest.raises(WeightsError, match=r"expected a dict of|expected a tensor"):
        read(written(value, []))


def test_many_views_of_one_storage_count_as_many_tensors(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]]
) -> None:
    """Each would have to be looked at: a small file must not keep the machine busy for long."""
    storage = np.zeros(1 << 20, np.float32)
    views = {str(number): whole("0", storage) for number in range(17)}
    with pytest.raises(WeightsError, match=f"expected at most {MAX_BYTES // 4} numbers in its tensors"):
        read(written(views, [storage]))


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(WeightsError, match=f"expected at most {MAX_BYTES} bytes"):
        read_state_dict(path)


def test_a_file_that_is_not_there_is_a_weights_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="No such file"):
        read_state_dict(tmp_path / "net.pth")


@IN_A_FOLDER
@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\3\4", b"\x80\x02"]))
def test_a_file_of_something_else_is_refused(
    read: Callable[[bytes], dict[str, np.ndarray]], content: bytes, beginning: bytes
) -> None:
    with pytest.raises(WeightsError, match="Not a PyTorch state dict"):
        read(beginning + content)


@IN_A_FOLDER
@given(st.data())
def test_a_truncated_file_is_refused(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], data
) -> None:
    content = written(described(STATE), list(STATE.values()))
    with pytest.raises(WeightsError):
        read(content[: data.draw(st.integers(0, len(content) - 1))])


@IN_A_FOLDER
@given(st.data())
def test_a_flipped_byte_gives_finite_tensors_or_a_weights_error(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], data
) -> None:
    content = bytearray(written(described(STATE), list(STATE.values())))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        finite = all(np.isfinite(tensor).all() for tensor in read(bytes(content)).values())
    except WeightsError:
        finite = True
    assert finite


@pytest.mark.parametrize("name", ["2.7_80x80_MiniFASNetV2.pth", "4_0_0_80x80_MiniFASNetV1SE.pth"])
def test_the_published_files_are_read(lintel_data: Path, name) -> None:
    state = read_state_dict(lintel_data / "weights" / "minifasnet" / name)
    assert {tensor.dtype for tensor in state.values()} == {np.dtype(np.float32), np.dtype(np.int64)}
