"""ONNX files: their tensors are read as they were written, and a file with anything doubtful in it is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from convert.errors import WeightsError
from convert.weights.onnx_file import read_initializers

SHAPES = st.lists(st.integers(1, 4), max_size=4).map(tuple)
FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)
IN_A_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def content_of(*tensors: TensorProto) -> bytes:
    return bytes(helper.make_model(helper.make_graph([], "net", [], [], initializer=list(tensors))).SerializeToString())


def named(array: np.ndarray, name: str = "kernel") -> TensorProto:
    return numpy_helper.from_array(array, name)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], dict[str, np.ndarray]]:
    def write_and_read(content: bytes) -> dict[str, np.ndarray]:
        path = tmp_path / "net.onnx"
        path.write_bytes(content)
        return read_initializers(path)

    return write_and_read


KERNEL = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
CONTENT = content_of(named(KERNEL), named(KERNEL[0, 0], "bias"))


@IN_A_FOLDER
@given(arrays.arrays(np.float32, SHAPES, elements=FINITE))
def test_what_is_written_is_read(read: Callable[[bytes], dict[str, np.ndarray]], tensor: NDArray[Any]) -> None:
    assert np.array_equal(read(content_of(named(tensor)))["kernel"], tensor)


def test_tensors_come_in_the_order_of_the_file(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    assert list(read(CONTENT)) == ["kernel", "bias"]


def test_a_list_of_floats_is_read_like_raw_bytes(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    listed = helper.make_tensor("kernel", TensorProto.FLOAT, KERNEL.shape, KERNEL.ravel().tolist())
    assert np.array_equal(read(content_of(listed))["kernel"], KERNEL)


def test_read_tensors_cannot_be_changed(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        read(CONTENT)["kernel"][:] = 0


@IN_A_FOLDER
@given(st.integers(0, len(CONTENT) - 1))
def test_a_truncated_file_has_no_other_tensors(read: Callable[[bytes], dict[str, np.ndarray]], length: int) -> None:
    """Cut between two fields the file is one that ends there; what is missing is found by who wanted it."""
    try:
        kept = read(CONTENT[:length])
    except WeightsError:
        kept = {}
    assert len(kept) < 2 or np.array_equal(kept["kernel"], KERNEL)


@IN_A_FOLDER
@given(st.binary(max_size=200))
def test_a_file_of_something_else_is_refused(read: Callable[[bytes], dict[str, np.ndarray]], content: bytes) -> None:
    with pytest.raises(WeightsError, match="Cannot read the ONNX file"):
        read(content)


@IN_A_FOLDER
@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_a_flipped_byte_gives_finite_tensors_or_a_weights_error(
    read: Callable[[bytes], dict[str, np.ndarray]], at: int, flip: int
) -> None:
    damaged = CONTENT[:at] + bytes([CONTENT[at] ^ flip]) + CONTENT[at + 1 :]
    try:
        finite = all(np.isfinite(tensor).all() for tensor in read(damaged).values())
    except WeightsError:
        finite = True
    assert finite


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_refused_by_its_tensor_s_name(
    read: Callable[[bytes], dict[str, np.ndarray]], value: float
) -> None:
    with pytest.raises(WeightsError, match=r"tensor kernel \[1\]: expected finite numbers"):
        read(content_of(named(np.array([value], np.float32))))


@pytest.mark.parametrize(
    ("dtype", "received"), [(np.float64, "DOUBLE"), (np.int64, "INT64"), (np.uint8, "UINT8"), (np.float16, "FLOAT16")]
)
def test_numbers_of_another_type_are_refused(
    read: Callable[[bytes], dict[str, np.ndarray]], dtype: type[object], received: str
) -> None:
    with pytest.raises(WeightsError, match=f"tensor kernel .*expected FLOAT, received {received}"):
        read(content_of(named(KERNEL.astype(dtype))))


def test_a_type_that_does_not_exist_is_refused(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    tensor = named(KERNEL)
    tensor.data_type = 99
    with pytest.raises(WeightsError, match="expected FLOAT, received 99"):
        read(content_of(tensor))


@pytest.mark.parametrize("shape", [(2, 3, 5), (-1, 3, 4), (0,), (2**40, 2**40)])
def test_a_shape_that_is_not_that_of_the_numbers_is_refused(
    read: Callable[[bytes], dict[str, np.ndarray]], shape: tuple[int, ...]
) -> None:
    tensor = named(KERNEL)
    del tensor.dims[:]
    tensor.dims.extend(shape)
    with pytest.raises(WeightsError, match="received 96 bytes"):
        read(content_of(tensor))


def test_values_in_another_file_are_refused_and_not_looked_for(
    read: Callable[[bytes], dict[str, np.ndarray]], tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(KERNEL.tobytes())
    tensor = TensorProto(name="kernel", data_type=TensorProto.FLOAT, dims=KERNEL.shape)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    with pytest.raises(WeightsError, match=r"tensor kernel .*expected its values in the file"):
        read(content_of(tensor))


def test_a_name_that_is_there_twice_is_refused(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    with pytest.raises(WeightsError, match="tensor kernel is there more than once"):
        read(content_of(named(KERNEL), named(KERNEL)))


def test_sparse_tensors_are_refused(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    graph = helper.make_graph([], "net", [], [], initializer=[named(KERNEL)])
    graph.sparse_initializer.add().dims.extend([2, 3])
    with pytest.raises(WeightsError, match="received 1 and 1 sparse ones"):
        read(helper.make_model(graph).SerializeToString())


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    with path.open("wb") as file:
        file.truncate(67_108_865)
    with pytest.raises(WeightsError, match="expected at most 67108864 bytes"):
        read_initializers(path)


def test_a_file_that_is_not_there_is_a_weights_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="No such file"):
        read_initializers(tmp_path / "net.onnx")


def test_onnx_s_own_reader_agrees(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    model = onnx.load_model_from_string(CONTENT)
    expected = {tensor.name: numpy_helper.to_array(tensor).tolist() for tensor in model.graph.initializer}
    assert {name: tensor.tolist() for name, tensor in read(CONTENT).items()} == expected
