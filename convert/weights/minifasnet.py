"""Minivision's MiniFASNetV2 and V1SE: a state dict's tensors into the Keras network, every one accounted for.

Also the V2 with squeeze and excitation that others published in ONNX, which holds the network itself.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convert.errors import WeightsError
from convert.networks.minifasnet import LARGE_CROP_PX, Variant, minifasnet
from convert.weights.accounting import Shape, account, keras_kernel, torch_shape
from convert.weights.onnx_files.network import read_onnx_network
from convert.weights.torch_file import Tensor, read_state_dict

if TYPE_CHECKING:
    import keras

PREFIX = "module."
"""What `torch.nn.DataParallel`, on which the networks were trained, puts before every name."""
COUNTER = ".num_batches_tracked"
"""How many batches a batch normalization has seen: int64, of training alone, and left out."""
FIRST = "conv1.conv"

_NORM_PARTS = ("weight", "bias", "running_mean", "running_var")


def load(path: Path, variant: Variant) -> "keras.Model":
    """The network of `convert.networks.minifasnet` with the weights of the state dict at `path`.

    It was trained on BGR, as OpenCV reads pictures. Like all of Lintel's networks it takes RGB here, which costs
    nothing: the first kernel's input channels are turned around. Raises `WeightsError`.
    """
    tensors = _without_counters(read_state_dict(path))
    model = minifasnet(variant)
    account(tensors, expected_shapes(model), f"MiniFASNet {variant}")
    _check_variances(tensors)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(list(_weights(layer, tensors)))
    return model


def load_onnx(path: Path) -> "keras.Model":
    """The network in the ONNX file at `path`, 128x128; trained on BGR, it takes RGB here, as above.

    Raises `WeightsError`.
    """
    model = read_onnx_network(path, LARGE_CROP_PX)
    first = model.layers[[type(layer).__name__ for layer in model.layers].index("Conv2D")]
    kernel, *rest = first.get_weights()
    first.set_weights([kernel[:, :, ::-1], *rest])
    return model


def expected_shapes(model: "keras.Model") -> dict[str, Shape]:
    """The shape in the state dict of every tensor that the network takes from it."""
    return {name: shape for layer in model.layers for name, shape in _expected(layer)}


def _without_counters(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A counter is left out only where its name, its shape and its type say that it is one."""
    return {name: tensor for name, tensor in state.items() if not _is_counter(name, tensor)}


def _is_counter(name: str, tensor: Tensor) -> bool:
    return name.endswith(COUNTER) and tensor.shape == () and tensor.dtype == np.int64


def _check_variances(tensors: dict[str, Tensor]) -> None:
    """A batch normalization takes their root."""
    negative = [name for name, tensor in tensors.items() if name.endswith("running_var") and tensor.min() < 0]
    if negative:
        raise WeightsError(f"A negative variance in {negative[0]}.", hint="The file is damaged; get it again.")


def _expected(layer: "keras.Layer") -> Iterator[tuple[str, Shape]]:
    name = f"{PREFIX}{layer.name}"
    match type(layer).__name__:
        case "Conv2D" | "DepthwiseConv2D":
            yield f"{name}.weight", torch_shape(tuple(layer.kernel.shape), depthwise=_is_depthwise(layer))
        case "Dense":
            yield f"{name}.weight", tuple(layer.kernel.shape)[::-1]
        case "PReLU":
            yield f"{name}.weight", tuple(layer.alpha.shape)[-1:]
        case "BatchNormalization":
            yield from ((f"{name}.{part}", tuple(layer.gamma.shape)) for part in _NORM_PARTS)


def _weights(layer: "keras.Layer", tensors: dict[str, Tensor]) -> Iterator[Tensor]:
    """What the layer's own weights are, in Keras's order."""
    stored = [tensors[name] for name, _ in _expected(layer)]
    match type(layer).__name__:
        case "Conv2D" | "DepthwiseConv2D":
            kernel = keras_kernel(stored[0], depthwise=_is_depthwise(layer))
            yield kernel[:, :, ::-1] if layer.name == FIRST else kernel
        case "Dense":
            yield stored[0].T
        case "PReLU":
            yield stored[0].reshape(1, 1, -1)
        case _:
            yield from stored


def _is_depthwise(layer: "keras.Layer") -> bool:
    return type(layer).__name__ == "DepthwiseConv2D"
