"""Five networks as people bring them, small, of random weights: written with `onnx.helper`, as exporters would."""

from collections.abc import Callable

import numpy as np

from tests.convert.weights.onnx_files.bench import Net

SIZE = 32
LENGTH = 16


def resnet() -> tuple[Net, str]:
    """A ResNet with basic blocks: stem with a padded pool, projections, a dense layer (He et al. 2015)."""
    net = Net(SIZE, opset=9)
    x = net.node("Relu", net.normalized(net.convolution("image", 3, 8, 7, strides=[2, 2]), 8))
    x = net.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    inputs = 8
    for channels, stride in ((8, 1), (16, 2), (24, 2)):
        y = net.node("Relu", net.normalized(net.convolution(x, inputs, channels, strides=[stride] * 2), channels))
        y = net.normalized(net.convolution(y, channels, channels), channels)
        if stride > 1:
            x = net.normalized(net.convolution(x, inputs, channels, 1, strides=[stride] * 2), channels)
        x, inputs = net.node("Relu", net.node("Add", y, x)), channels
    x = net.node("Flatten", net.node("GlobalAveragePool", x))
    return net, net.dense(x, inputs, LENGTH)


def iresnet() -> tuple[Net, str]:
    """InsightFace's IResNet: normalization first, PReLU, everything flattened, a normalized embedding."""
    net = Net(SIZE, opset=11, shape=["batch", 3, SIZE, SIZE])
    x = net.node("PRelu", net.normalized(net.convolution("image", 3, 8), 8), net.numbers(8, 1, 1, scale=0.2))
    inputs = 8
    for channels in (8, 16):
        y = net.convolution(net.normalized(x, inputs), inputs, channels)
        y = net.node("PRelu", net.normalized(y, channels), net.numbers(channels, 1, 1, scale=0.2))
        y = net.normalized(net.convolution(y, channels, channels, strides=[2, 2]), channels)
        x = net.node("Add", y, net.normalized(net.convolution(x, inputs, channels, 1, strides=[2, 2]), channels))
        inputs = channels
    x = net.node("Dropout", net.normalized(x, inputs))
    x = net.node("Flatten", x, axis=1)
    x = net.dense(x, inputs * 8 * 8, LENGTH)
    return net, net.node("LpNormalization", net.normalized(x, LENGTH), axis=1, p=2)


def mobilefacenet() -> tuple[Net, str]:
    """MobileFaceNet: inverted residuals, a depthwise convolution over the last map, a shape spelled as a program."""
    net = Net(SIZE, opset=13, shape=["batch", 3, SIZE, SIZE])
    x = net.node("PRelu", net.normalized(net.convolution("image", 3, 8, strides=[2, 2]), 8), net.numbers(8, 1, 1))
    x = net.node("Clip", net.convolution(x, 8, 8, group=8), net.number(0), net.number(6))
    for stride in (2, 1):
        y = net.node("PRelu", net.normalized(net.convolution(x, 8, 16, 1), 16), net.numbers(16, 1, 1))
        y = net.convolution(y, 16, 16, group=16, strides=[stride] * 2)
        y = net.convolution(net.node("LeakyRelu", net.normalized(y, 16), alpha=0.1), 16, 8, 1)
        x = y if stride > 1 else net.node("Add", x, y)
    x = net.convolution(x, 8, 24, 1)
    x = net.convolution(x, 24, 24, 8, group=24, pads=[0] * 4)
    batch = net.node("Gather", net.node("Shape", x), net.constant(np.array(0, np.int64)), axis=0)
    shape = net.node("Concat", net.node("Unsqueeze", batch, net.shift(0)), net.shift(-1), axis=0)
    x = net.node("MatMul", net.node("Reshape", x, shape), net.numbers(24, LENGTH, scale=0.2))
    return net, net.normalized(x, LENGTH)


def mobilenet_v3() -> tuple[Net, str]:
    """MobileNetV3: hard swish in both spellings, squeeze and excitation, a dropout (Howard et al. 2019)."""
    net = Net(SIZE, opset=14)
    x = net.node("HardSwish", net.normalized(net.convolution("image", 3, 8, strides=[2, 2]), 8))
    for number in range(2):
        y = net.normalized(net.convolution(x, 8, 24, 1), 24)
        y = net.node("HardSwish", y) if number else _swish_by_hand(net, y)
        y = net.normalized(net.convolution(y, 24, 24, 5, group=24), 24)
        gate = net.node("Relu", net.convolution(net.node("GlobalAveragePool", y), 24, 8, 1))
        gate = net.convolution(gate, 8, 24, 1)
        gate = net.node("HardSigmoid", gate, alpha=1 / 6) if number else net.node("Sigmoid", gate)
        y = net.convolution(net.node("Mul", y, gate), 24, 8, 1)
        x = net.node("Add", x, net.normalized(y, 8))
    x = net.node("GlobalAveragePool", x)
    x = net.node("Squeeze", x, net.shift(2, 3))
    x = net.node("Dropout", net.node("HardSwish", net.dense(x, 8, 32)))
    return net, net.dense(x, 32, LENGTH)


def _swish_by_hand(net: Net, x: str) -> str:
    """As exporters spelled it before opset 14."""
    shifted = net.node("Add", x, net.number(3))
    gate = net.node("Clip", shifted, net.number(0), net.number(6))
    return net.node("Div", net.node("Mul", x, gate), net.number(6))


def inception() -> tuple[Net, str]:
    """An Inception block: four branches with pools and a grouped convolution, scaled, joined (Szegedy et al. 2014)."""
    net = Net(SIZE, opset=20)
    x = net.node("Sub", "image", net.constant(np.array([0.1, -0.2, 0.3], np.float32).reshape(3, 1, 1)))
    x = net.node("Relu", net.convolution(net.node("Pad", x, net.shift(0, 0, 1, 1, 0, 0, 2, 2)), 3, 8, pads=[0] * 4))
    branches = [
        net.convolution(x, 8, 4, 1),
        net.convolution(net.node("Relu", net.convolution(x, 8, 4, 1)), 4, 8, 3, group=2),
        net.convolution(net.node("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4), 8, 4, 1),
        net.node("AveragePool", x, kernel_shape=[3, 3], pads=[1] * 4, count_include_pad=1),
    ]
    x = net.node("Concat", *branches, axis=1)
    x = net.node("Add", x, net.node("Mul", net.convolution(x, 24, 24), net.number(0.17)))
    x = net.node("MaxPool", net.node("Identity", x), kernel_shape=[3, 3], strides=[2, 2])
    x = net.node("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
    x = net.node("Transpose", x, perm=[0, 2, 3, 1])
    x = net.node("Reshape", x, net.shift(1, -1))
    return net, net.dense(x, 24 * 8 * 8, LENGTH)


NETWORKS: dict[str, Callable[[], tuple[Net, str]]] = {
    "resnet": resnet,
    "iresnet": iresnet,
    "mobilefacenet": mobilefacenet,
    "mobilenet-v3": mobilenet_v3,
    "inception": inception,
}
