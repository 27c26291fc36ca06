"""Which ONNX operators there are, and what builds each: the one table."""

from collections.abc import Callable

from convert.weights.onnx_files import activations, arithmetic, convolutions, shapes
from convert.weights.onnx_files.folding import FOLDED
from convert.weights.onnx_files.graph import Node
from convert.weights.onnx_files.values import Scope, Value

OPERATORS: dict[str, Callable[[Node, Scope], Value]] = {
    "Add": arithmetic.add,
    "AveragePool": convolutions.average_pool,
    "BatchNormalization": activations.batch_normalization,
    "Clip": activations.clip,
    "Concat": arithmetic.concatenate,
    "Conv": convolutions.convolution,
    "Div": arithmetic.divide,
    "Dropout": activations.same,
    "Flatten": shapes.flatten,
    "Gemm": arithmetic.gemm,
    "GlobalAveragePool": convolutions.global_average_pool,
    "HardSigmoid": activations.hard_sigmoid,
    "HardSwish": activations.hard_swish,
    "Identity": activations.same,
    "LeakyRelu": activations.leaky_relu,
    "LpNormalization": activations.unit_length,
    "MatMul": arithmetic.matrix_product,
    "MaxPool": convolutions.max_pool,
    "Mul": arithmetic.multiply,
    "PRelu": activations.prelu,
    "Pad": convolutions.pad,
    "Relu": activations.relu,
    "Reshape": shapes.reshape,
    "Sigmoid": activations.sigmoid,
    "Squeeze": shapes.squeeze,
    "Sub": arithmetic.subtract,
    "Transpose": shapes.transpose,
    "Unsqueeze": shapes.unsqueeze,
}
"""What computes something for each face. `folding.FOLDED` and Constant and Shape are for constants alone."""

KNOWN = frozenset({*OPERATORS, *FOLDED, "Constant", "Shape"})
