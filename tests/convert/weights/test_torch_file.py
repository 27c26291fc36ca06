"""PyTorch's state dicts: both formats are read as they were written; damage and bombs are refused."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from convert.errors import WeightsError
from convert.weights.torch_file import read_state_dict
from tests.convert.weights.torch_bench import (
    IN_A_FOLDER,
    STATE,
    STATES,
    STORAGE,
    Call,
    Stored,
    described,
    encoded,
    legacy,
    view,
    whole,
    zipped,
)


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


def test_versions_that_pytorch_adds_to_the_dict_are_left_out(
    read: Callable[[bytes], dict[str, np.ndarray]],
) -> None:
    state = encoded(described({"kernel": STORAGE})) + encoded({"_metadata": {"": {"version": 1}}}) + b"b"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as into:
        into.writestr("net/data.pkl", b"\x80\x02" + state + b".")
        into.writestr("net/data/0", STORAGE.tobytes())
    assert same(read(archive.getvalue()), {"kernel": STORAGE})


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
    with pytest.raises(WeightsError, match="expected at most 16777216 numbers in its tensors"):
        read(written(views, [storage]))


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    with path.open("wb") as file:
        file.truncate(67_108_865)
    with pytest.raises(WeightsError, match="expected at most 67108864 bytes"):
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
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], data: st.DataObject
) -> None:
    content = written(described(STATE), list(STATE.values()))
    with pytest.raises(WeightsError):
        read(content[: data.draw(st.integers(0, len(content) - 1))])


@IN_A_FOLDER
@given(st.data())
def test_a_flipped_byte_gives_finite_tensors_or_a_weights_error(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], data: st.DataObject
) -> None:
    content = bytearray(written(described(STATE), list(STATE.values())))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        finite = all(np.isfinite(tensor).all() for tensor in read(bytes(content)).values())
    except WeightsError:
        finite = True
    assert finite


@pytest.mark.parametrize("name", ["2.7_80x80_MiniFASNetV2.pth", "4_0_0_80x80_MiniFASNetV1SE.pth"])
def test_the_published_files_are_read(lintel_data: Path, name: str) -> None:
    state = read_state_dict(lintel_data / "weights" / "minifasnet" / name)
    assert {tensor.dtype for tensor in state.values()} == {np.dtype(np.float32), np.dtype(np.int64)}
