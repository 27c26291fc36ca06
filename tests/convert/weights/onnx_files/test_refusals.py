"""ONNX networks that are not taken: each says why, all unknown operators at once, and nothing large is made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from convert.errors import WeightsError
from convert.weights.onnx_files.network import read_onnx_network
from tests.convert.weights.onnx_files.bench import Net

SIZE = 8


def refused(model: ModelProto, folder: Path) -> str:
    """What the error says of the model."""
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(WeightsError) as caught:
        read_onnx_network(path, SIZE)
    return caught.value.message


def sound() -> ModelProto:
    net = Net(SIZE)
    return net.model(net.dense(net.node("Flatten", net.convolution("image", 3, 4)), 256, 5))


def test_all_unknown_operators_are_named_at_once(tmp_path: Path) -> None:
    net = Net(SIZE)
    x = net.node("Softmax", net.node("Erf", net.node("Resize", net.node("Relu", "image"))))
    said = refused(net.model(x), tmp_path)
    assert "operators that can't be imported: Erf, Resize, Softmax. These can: Add, AveragePool," in said


@pytest.mark.parametrize(("opset", "taken"), [(8, False), (9, True), (20, True), (21, False)])
def test_opsets_from_9_to_20_are_taken(opset: int, taken: bool, tmp_path: Path) -> None:
    net = Net(SIZE, opset=opset)
    path = net.write(tmp_path / "net.onnx", net.node("Flatten", net.convolution("image", 3, 4)))
    if taken:
        assert read_onnx_network(path, SIZE).output_shape == (None, 256)
    else:
        assert f"it has opset {opset}, expected 9 to 20" in refused(net.model("result1"), tmp_path)


def with_other_maker(model: ModelProto) -> None:
    model.graph.node[0].domain = "com.microsoft"


def with_two_inputs(model: ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1, 3, 8, 8]))


def with_two_outputs(model: ModelProto) -> None:
    model.graph.output.append(helper.make_tensor_value_info("result0", TensorProto.FLOAT, None))


def with_another_size(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 9


def with_gray_pixels(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 1


def with_integers(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8


def with_numbers_elsewhere(model: ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def with_a_terabyte(model: ModelProto) -> None:
    model.graph.initializer[0].dims[0] = 1 << 38


def with_not_a_number(model: ModelProto) -> None:
    tensor = model.graph.initializer[0]
    values = numpy_helper.to_array(tensor).copy()
    values.flat[0] = np.nan
    tensor.raw_data = values.tobytes()


def with_a_lost_tensor(model: ModelProto) -> None:
    model.graph.node[1].input[0] = "nowhere"


def with_nothing_at_its_end(model: ModelProto) -> None:
    model.graph.output[0].name = "nowhere"


def with_another_kernel(model: ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [4, 9, 3, 1]


TRICKS: list[tuple[Callable[[ModelProto], None], str]] = [
    (with_other_maker, "operators of com.microsoft, expected those of ONNX alone"),
    (with_two_inputs, "expected one input and one output, received 2 and 1: image, more"),
    (with_two_outputs, "received 1 and 2"),
    (with_another_size, r"its input is [1, 3, 9, 8], expected one image, [1, 3, 8, 8]"),
    (with_gray_pixels, r"its input is [1, 1, 8, 8], expected one image"),
    (with_integers, "its input image is not float32"),
    (with_numbers_elsewhere, "lies in another file"),
    (with_a_terabyte, "holds 108 numbers"),
    (with_not_a_number, "expected finite numbers, received NaN or infinity"),
    (with_a_lost_tensor, "received nothing that was computed"),
    (with_nothing_at_its_end, "its output is not computed from its input"),
    (with_another_kernel, "a kernel of [4, 9, 3, 1] in 1 groups for 3 channels"),
]


@pytest.mark.parametrize(("trick", "reason"), TRICKS)
def test_trick_is_refused(trick: Callable[[ModelProto], None], reason: str, tmp_path: Path) -> None:
    model = sound()
    trick(model)
    assert reason in refused(model, tmp_path)


def test_sound_network_is_taken(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(sound().SerializeToString())
    assert read_onnx_network(tmp_path / "net.onnx", SIZE).output_shape == (None, 5)


WAYS: dict[str, tuple[Callable[[Net], str], str]] = {
    "a pad of a gigabyte": (
        lambda net: net.node("Pad", "image", net.shift(0, 0, 9000, 9000, 0, 0, 9000, 9000)),
        "numbers, expected at most 33554432",
    ),
    "a pad with another number": (
        lambda net: net.node("Pad", "image", net.shift(0, 0, 1, 1, 0, 0, 1, 1), net.number(2)),
        "expected zeros around an image",
    ),
    "a pad of channels": (
        lambda net: net.node("Pad", "image", net.shift(0, 1, 0, 0, 0, 0, 0, 0)),
        "expected zeros around height and width",
    ),
    "a constant for each pixel": (
        lambda net: net.node("Add", "image", net.numbers(1, 1, SIZE, SIZE)),
        "expected one number or one for each channel",
    ),
    "a constant divided": (lambda net: net.node("Div", net.number(1), "image"), "divides a constant by a tensor"),
    "a division by zero": (lambda net: net.node("Div", "image", net.number(0)), "divides by zero"),
    "a moved batch": (lambda net: net.node("Transpose", "image", perm=[1, 0, 2, 3]), "the batch to stay first"),
    "a shape of two images": (lambda net: net.node("Reshape", "image", net.shift(2, -1)), "one image"),
    "a squeezed batch": (lambda net: net.node("Squeeze", "image", net.shift(0)), "dimensions of one after the batch"),
    "a rim that does not count": (
        lambda net: net.node("AveragePool", "image", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4),
        "a rim of",
    ),
    "a norm of sums": (lambda net: net.node("LpNormalization", net.node("Flatten", "image"), p=1), "p = 2"),
    "a normalization in training": (
        lambda net: net.normalized("image", 3, training_mode=1),
        "is in training mode",
    ),
    "a matrix of another width": (
        lambda net: net.node("MatMul", net.node("Flatten", "image"), net.numbers(7, 5)),
        "a matrix of [7, 5] for [1, 192]",
    ),
    "a gather of pixels": (
        lambda net: net.node("Gather", "image", net.shift(0), axis=1),
        "Gather is taken of constants alone",
    ),
    "a kernel larger than its map": (
        lambda net: net.node("Conv", "image", net.numbers(4, 3, 9, 9)),
        "Conv (result0): Computed output size would be zero or negative",
    ),
    "bounds of several numbers": (
        lambda net: net.node("Clip", "image", net.numbers(2), net.number(6)),
        "expected one number as min",
    ),
    "a kernel that is computed": (
        lambda net: net.node("Conv", "image", net.node("Relu", "image")),
        "expected a constant as its input 1, received one that is computed",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_keras_cannot_do_is_refused_by_its_node(way: str, tmp_path: Path) -> None:
    build, reason = WAYS[way]
    net = Net(SIZE)
    assert reason in refused(net.model(build(net)), tmp_path)


def test_name_in_a_file_moves_no_cursor(tmp_path: Path) -> None:
    net = Net(SIZE)
    assert refused(net.model(net.node("Evil\x1b[2J", "image")), tmp_path).isprintable()


def test_wrong_layer_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each network is compared with ONNX's own reference: a mistake of ours is refused, not shipped."""
    from convert.weights.onnx_files import operators

    def wrong(node: Any, scope: Any) -> Any:
        return scope.value(node)

    monkeypatch.setitem(operators.OPERATORS, "Sigmoid", wrong)
    net = Net(SIZE)
    said = refused(net.model(net.node("Flatten", net.node("Sigmoid", net.normalized("image", 3)))), tmp_path)
    assert "gives another vector than its reference, cosine" in said
