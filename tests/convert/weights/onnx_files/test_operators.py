"""Each operator, in every geometry that comes to mind, gives in Keras what onnxruntime gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from convert.weights.onnx_files.network import read_onnx_network
from tests.convert.weights.onnx_files.bench import Net, noise, runtime_gives

FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
PAIRS = st.tuples(st.integers(1, 2), st.integers(1, 2))


def agrees(net: Net, result: str, folder: Path) -> bool:
    path = net.write(folder / "net.onnx", result)
    size = int(net.shape[2])
    images = noise(size, 2)
    received = np.asarray(read_onnx_network(path, size)(images)).reshape(2, -1)
    return bool(np.allclose(received, runtime_gives(path, images), rtol=1e-3, atol=1e-4))


@FEW
@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=PAIRS,
    dilations=PAIRS,
    pads=st.lists(st.integers(0, 2), min_size=4, max_size=4),
    groups=st.sampled_from([(1, 5), (3, 3), (3, 6), (1, 3)]),
    bias=st.booleans(),
)
def test_convolution_has_onnx_s_geometry(  # noqa: PLR0913
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    pads: list[int],
    groups: tuple[int, int],
    bias: bool,
    tmp_path: Path,
) -> None:
    assume(max(strides) == 1 or max(dilations) == 1)
    group, outputs = groups
    net = Net(9)
    parts = [net.numbers(outputs, 3 // group, *kernel), *([net.numbers(outputs)] if bias else [])]
    geometry: dict[str, Any] = {"strides": strides, "dilations": dilations, "pads": pads, "group": group}
    assert agrees(net, net.node("Conv", "image", *parts, **geometry), tmp_path)


@FEW
@given(
    operator=st.sampled_from(["MaxPool", "AveragePool"]),
    size=st.tuples(st.integers(2, 3), st.integers(2, 3)),
    strides=PAIRS,
    pads=st.lists(st.integers(0, 1), min_size=4, max_size=4),
)
def test_pool_has_onnx_s_geometry(
    operator: str, size: tuple[int, int], strides: tuple[int, int], pads: list[int], tmp_path: Path
) -> None:
    net = Net(9)
    counted = {"count_include_pad": 1} if operator == "AveragePool" else {}
    x = net.node(operator, "image", kernel_shape=size, strides=strides, pads=pads, **counted)
    assert agrees(net, x, tmp_path)


@pytest.mark.parametrize(
    ("operator", "kind"),
    [
        ("Conv", "SAME_UPPER"),
        ("Conv", "SAME_LOWER"),
        ("Conv", "VALID"),
        ("MaxPool", "SAME_UPPER"),
        ("MaxPool", "VALID"),
    ],
)
def test_automatic_pads_are_onnx_s(operator: str, kind: str, tmp_path: Path) -> None:
    net = Net(9)
    more = [net.numbers(4, 3, 4, 2)] if operator == "Conv" else []
    x = net.node(operator, "image", *more, kernel_shape=[4, 2], strides=[2, 2], auto_pad=kind)
    assert agrees(net, x, tmp_path)


CONSTANTS = {"number": (), "one number": (1,), "by channel": (3, 1, 1), "whole": (1, 3, 1, 1)}


@pytest.mark.parametrize("shape", CONSTANTS)
@pytest.mark.parametrize(
    ("operator", "first"), [("Add", 0), ("Add", 1), ("Sub", 0), ("Sub", 1), ("Mul", 0), ("Mul", 1), ("Div", 0)]
)
def test_constant_meets_a_tensor(operator: str, first: int, shape: str, tmp_path: Path) -> None:
    net = Net(6)
    constant = net.constant(net.chance.uniform(0.5, 2, CONSTANTS[shape]).astype(np.float32))
    inputs = (constant, "image") if first else ("image", constant)
    assert agrees(net, net.node(operator, *inputs), tmp_path)


@pytest.mark.parametrize("operator", ["Add", "Sub", "Mul", "Div"])
def test_tensor_meets_a_tensor_of_one_number_a_channel(operator: str, tmp_path: Path) -> None:
    net = Net(6)
    other = net.node("Sigmoid", net.node("GlobalAveragePool", "image"))
    assert agrees(net, net.node(operator, "image", other), tmp_path)


def chained(*steps: Callable[[Net, str], str]) -> Callable[[Net], str]:
    def build(net: Net) -> str:
        x = "image"
        for step in steps:
            x = step(net, x)
        return x

    return build


def node(operator: str, *constants: Any, **attributes: Any) -> Callable[[Net, str], str]:
    def step(net: Net, x: str) -> str:
        return net.node(operator, x, *(net.constant(np.array(one)) for one in constants), **attributes)

    return step


WAYS: dict[str, Callable[[Net], str]] = {
    "relu": chained(node("Relu")),
    "leaky": chained(node("LeakyRelu", alpha=0.3)),
    "sigmoid": chained(node("Sigmoid")),
    "hard sigmoid": chained(node("HardSigmoid", alpha=0.3, beta=0.4)),
    "hard swish": chained(node("HardSwish")),
    "clip on both sides": chained(node("Clip", np.float32(-0.5), np.float32(0.7))),
    "clip below": chained(node("Clip", np.float32(0.2))),
    "one slope": chained(node("PRelu", np.full((1,), 0.3, np.float32))),
    "a slope for each number": chained(node("PRelu", np.arange(108, dtype=np.float32).reshape(3, 6, 6) / 100)),
    "concat of channels": lambda net: net.node("Concat", "image", net.node("Relu", "image"), axis=1),
    "concat of columns": lambda net: net.node("Concat", "image", net.node("Relu", "image"), axis=-1),
    "pad": chained(node("Pad", np.array([0, 0, 1, 2, 0, 0, 3, 0], np.int64))),
    "flatten": chained(node("Flatten")),
    "reshape and back": chained(
        node("Reshape", np.array([0, 3, -1], np.int64)), node("Reshape", np.array([1, 3, 6, 6], np.int64)), node("Relu")
    ),
    "shuffled channels": chained(
        node("Reshape", np.array([1, 3, 1, 6, 6], np.int64)),
        node("Transpose", perm=[0, 2, 1, 3, 4]),
        node("Reshape", np.array([1, 3, 6, 6], np.int64)),
        node("GlobalAveragePool"),
    ),
    "transposed image": chained(node("Transpose", perm=[0, 3, 1, 2]), node("GlobalAveragePool")),
    "squeezed": chained(node("GlobalAveragePool"), node("Squeeze", np.array([2, 3], np.int64))),
    "unsqueezed": chained(
        node("GlobalAveragePool"), node("Squeeze", np.array([3], np.int64)), node("Unsqueeze", np.array([-1], np.int64))
    ),
    "product": chained(node("Flatten"), node("MatMul", np.linspace(-1, 1, 540, dtype=np.float32).reshape(108, 5))),
    "unit length": chained(node("Flatten"), node("LpNormalization", axis=-1)),
    "normalized vector": lambda net: net.normalized(net.node("Flatten", "image"), 108, epsilon=1e-3),
    "scaled product": lambda net: net.node(
        "Gemm", net.node("Flatten", "image"), net.numbers(108, 4), net.numbers(1), alpha=0.5, beta=2.0
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_operator_gives_what_onnxruntime_gives(way: str, tmp_path: Path) -> None:
    net = Net(6)
    assert agrees(net, WAYS[way](net), tmp_path)


@pytest.mark.parametrize("opset", [9, 10])
def test_older_spellings_are_read(opset: int, tmp_path: Path) -> None:
    net = Net(6, opset=opset)
    x = net.node("Clip", "image", min=-0.5, max=0.5)
    x = net.node("Pad", x, pads=[0, 0, 1, 1, 0, 0, 1, 1])
    x = net.node("Dropout", net.node("GlobalAveragePool", x), ratio=0.5)
    assert agrees(net, net.node("Squeeze", x, axes=[2, 3]), tmp_path)


def test_image_with_its_channels_last_is_taken(tmp_path: Path) -> None:
    net = Net(6, shape=[1, 6, 6, 3])
    x = net.node("Transpose", "image", perm=[0, 3, 1, 2])
    result = net.node("Flatten", net.convolution(x, 3, 4))
    path = net.write(tmp_path / "net.onnx", result)
    images = noise(6, 2)
    expected = runtime_gives(path, images.transpose(0, 2, 3, 1))
    assert np.allclose(np.asarray(read_onnx_network(path, 6)(images)), expected, rtol=1e-3, atol=1e-4)
