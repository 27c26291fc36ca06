"""What the tests of ONNX networks share: a graph written node by node, and what onnxruntime makes of it."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

Array = NDArray[Any]


class Net:
    """A graph from one image, [1, 3, size, size], to what `result` names."""

    def __init__(self, size: int = 8, *, opset: int = 17, shape: list[int | str] | None = None) -> None:
        self.opset = opset
        self.shape: list[int | str] = shape or [1, 3, size, size]
        self.chance = np.random.default_rng(0)
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []

    def constant(self, value: Array) -> str:
        name = f"constant{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def numbers(self, *shape: int, scale: float = 1.0) -> str:
        return self.constant((self.chance.normal(size=shape) * scale).astype(np.float32))

    def shift(self, *sizes: int) -> str:
        return self.constant(np.array(sizes, np.int64))

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"result{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def convolution(self, x: str, inputs: int, outputs: int, size: int = 3, **geometry: Any) -> str:
        """A convolution that keeps the scale of what it takes, and its map's size unless told otherwise."""
        groups = geometry.get("group", 1)
        scale = (2 / (inputs // groups * size * size)) ** 0.5
        kernel = self.numbers(outputs, inputs // groups, size, size, scale=scale)
        return self.node("Conv", x, kernel, **{"pads": [size // 2] * 4, **geometry})

    def normalized(self, x: str, channels: int, **attributes: Any) -> str:
        gamma, variance = (self.chance.uniform(0.5, 1.5, channels).astype(np.float32) for _ in range(2))
        beta, mean = (self.chance.normal(0, 0.2, channels).astype(np.float32) for _ in range(2))
        parts = [self.constant(part) for part in (gamma, beta, mean, variance)]
        return self.node("BatchNormalization", x, *parts, **attributes)

    def dense(self, x: str, inputs: int, outputs: int) -> str:
        kernel = self.numbers(outputs, inputs, scale=inputs**-0.5)
        return self.node("Gemm", x, kernel, self.numbers(outputs), transB=1)

    def model(self, result: str) -> ModelProto:
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, self.shape)
        given = helper.make_tensor_value_info(result, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "net", [image], [given], initializer=self.tensors)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)

    def write(self, path: Path, result: str) -> Path:
        path.write_bytes(self.model(result).SerializeToString())
        return path


def runtime_gives(path: Path, images: Array) -> Array:
    """What onnxruntime makes of images [n, height, width, 3], one after the other."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    given = [session.run(None, {taken.name: image[np.newaxis].transpose(0, 3, 1, 2)})[0] for image in images]
    return np.stack([one.reshape(-1) for one in given])


def cosines(a: Array, b: Array) -> Array:
    return np.asarray((a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1))


def noise(size: int, count: int = 3) -> Array:
    return np.random.default_rng(1).normal(size=(count, size, size, 3)).astype(np.float32)
