"""foamliu's MobileFaceNet, `MobileFaceNet.onnx`: the file's tensors into the Keras network, every one accounted for.

The exporter folded each batch normalization into its convolution, which left 51 kernels and 51 biases. It named them
after places in the graph, so that from one convolution to the next the number grows by three.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convert.networks.mobilefacenet import EPSILON, Variant, convolutions, mobilefacenet
from convert.weights.accounting import Shape, account, keras_kernel, torch_shape
from convert.weights.onnx_file import read_initializers

if TYPE_CHECKING:
    import keras

FIRST_NUMBER, STEP = 529, 3
NETWORK = "foamliu's MobileFaceNet"


def load(path: Path) -> "keras.Model":
    """The network of `convert.networks.mobilefacenet` with the weights of the file at `path`.

    The biases become the offsets of batch normalizations that do nothing else. These are frozen, as they would have to
    be in a fine-tuning: the statistics they were trained with are not in the file. Raises `WeightsError`.
    """
    tensors = read_initializers(path)
    model = mobilefacenet(variant=Variant.FOAMLIU)
    account(tensors, expected_shapes(model), NETWORK)
    for name, (kernel, bias) in names_in_file().items():
        layer, norm = model.get_layer(f"{name}.conv"), model.get_layer(f"{name}.norm")
        layer.set_weights([keras_kernel(tensors[kernel], depthwise=_is_depthwise(layer))])
        one = np.ones_like(tensors[bias])
        norm.set_weights([one, tensors[bias], 0 * one, one - np.float32(EPSILON)])
        norm.trainable = False
    return model


def names_in_file() -> dict[str, tuple[str, str]]:
    """Kernel and bias in the file of each convolution of the network."""
    numbers = range(FIRST_NUMBER, FIRST_NUMBER + STEP * len(convolutions(Variant.FOAMLIU)), STEP)
    names = zip(convolutions(Variant.FOAMLIU), numbers, strict=True)
    return {name: (f"onnx::Conv_{number}", f"onnx::Conv_{number + 1}") for name, number in names}


def expected_shapes(model: "keras.Model") -> dict[str, Shape]:
    """The shape in the file of every tensor that the network takes from it."""
    shapes: dict[str, Shape] = {}
    for name, (kernel, bias) in names_in_file().items():
        layer = model.get_layer(f"{name}.conv")
        shapes[kernel] = torch_shape(tuple(layer.kernel.shape), depthwise=_is_depthwise(layer))
        shapes[bias] = (shapes[kernel][0],)
    return shapes


def _is_depthwise(layer: "keras.Layer") -> bool:
    from keras import layers

    return isinstance(layer, layers.DepthwiseConv2D)
