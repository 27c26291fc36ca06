"""nn4.small2 has the layers of OpenFace's definition, made of Keras's own, and converts to TFLite's own operations."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from convert.networks.nn4_small2 import nn4_small2
from convert.quantize import Quantization, quantize
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights.keras_files.config import parse_config

if TYPE_CHECKING:
    import keras

PUBLISHED_PARAMETERS = 3_733_968
"""OpenFace's models-and-accuracies.md, without the moving means and variances."""
MOVING = 2 * 4_656
OUTPUTS = {
    "conv1_relu": (48, 48, 64),
    "pool1": (24, 24, 64),
    "lrn_1": (24, 24, 64),
    "conv2_relu": (24, 24, 64),
    "conv3_relu": (24, 24, 192),
    "lrn_2": (24, 24, 192),
    "pool2": (12, 12, 192),
    "inception_3a": (12, 12, 256),
    "inception_3b": (12, 12, 320),
    "inception_3c": (6, 6, 640),
    "inception_4a": (6, 6, 640),
    "inception_4e": (3, 3, 1024),
    "inception_5a": (3, 3, 736),
    "inception_5b": (3, 3, 736),
    "average": (736,),
    "dense_layer": (128,),
}
"""The sizes in nn4.small2.def.lua for an image of 96x96, and FaceNet's table 5 (arXiv:1503.03832) halved."""


@pytest.fixture(scope="module")
def network() -> "keras.Model":
    load_tensorflow().keras.utils.set_random_seed(1)
    return nn4_small2()


@pytest.fixture(scope="module")
def local_response(network: "keras.Model") -> "keras.Model":
    """The first normalization alone: [n, 24, 24, 64] to the same."""
    import keras

    return keras.Model(network.get_layer("pool1").output, network.get_layer("lrn_1").output)


@pytest.fixture(scope="module")
def l2_pooling(network: "keras.Model") -> "keras.Model":
    """The first L2 pooling alone: [n, 12, 12, 256] to [n, 4, 4, 256]."""
    import keras

    return keras.Model(network.get_layer("inception_3a").output, network.get_layer("inception_3b_pool_conv").input)


@pytest.fixture(scope="module")
def chips() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (2, 96, 96, 3), np.uint8)


def maps(shape: tuple[int, ...]) -> np.ndarray:
    """Integers up to 255, so that the normalization has something to do; most of them small, as after a ReLU."""
    return np.random.default_rng(4).gamma(0.5, 30, (3, *shape)).clip(0, 255).astype(np.uint8)


def pooled(x: np.ndarray) -> np.ndarray:
    """The root of the sum of squares of 3x3 pixels, [n, height, width, c], height and width divisible by 3."""
    n, height, width, c = x.shape
    squares = (x.astype(np.float64) ** 2).reshape(n, height // 3, 3, width // 3, 3, c)
    return np.asarray(np.sqrt(squares.sum(axis=(2, 4))))


def run(content: bytes, inputs: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    outputs = []
    for one in inputs.astype(np.float32):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], one[np.newaxis])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])
    return np.stack(outputs)


def deviation(received: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(received - expected).max() / np.abs(expected).max())


def test_the_network_has_the_published_number_of_parameters(network: "keras.Model") -> None:
    trained = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert (trained, network.count_params()) == (PUBLISHED_PARAMETERS, PUBLISHED_PARAMETERS + MOVING)


def test_layers_give_maps_of_the_published_sizes(network: "keras.Model") -> None:
    assert {name: network.get_layer(name).output.shape[1:] for name in OUTPUTS} == OUTPUTS


def test_pixels_are_brought_to_0_to_1_first(network: "keras.Model") -> None:
    layer = network.layers[1]
    assert (layer.name, float(layer(np.float32(255))), float(layer(np.float32(0)))) == ("normalization", 1, 0)


def test_normalizations_follow_a_training_as_fast_as_torch_s(network: "keras.Model") -> None:
    layers = [layer for layer in network.layers if type(layer).__name__ == "BatchNormalization"]
    assert {(layer.momentum, layer.epsilon) for layer in layers} == {(0.9, 1e-5)}


def test_the_network_is_loaded_back_in_safe_mode(network: "keras.Model", chips: np.ndarray, tmp_path: Path) -> None:
    import keras

    with quiet():
        network.save(tmp_path / "network.keras")
        again = keras.models.load_model(tmp_path / "network.keras", safe_mode=True)
    pixels = chips.astype(np.float32)
    assert np.array_equal(again(pixels), network(pixels))


def test_the_network_is_one_that_can_be_imported(network: "keras.Model") -> None:
    described = parse_config(network.to_json().encode())["config"]["layers"]
    assert {layer["config"]["name"] for layer in described} >= {layer.name for layer in network.layers}


def test_local_responses_are_tensorflow_s_with_torch_s_alpha(local_response: "keras.Model") -> None:
    x = maps((24, 24, 64)).astype(np.float32)
    expected = load_tensorflow().nn.local_response_normalization(x, 2, 1.0, 1e-4 / 5, 0.75)
    assert deviation(np.asarray(local_response(x)), np.asarray(expected)) < 1e-6


def test_local_responses_are_those_of_torch_s_formula(local_response: "keras.Model") -> None:
    x = maps((24, 24, 64)).astype(np.float64)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(x**2, ((0, 0),) * 3 + ((2, 2),)), 5, axis=3)
    expected = x / (1 + 1e-4 * around.sum(axis=-1) / 5) ** 0.75
    assert deviation(np.asarray(local_response(x.astype(np.float32))), expected) < 1e-6


def test_l2_pooling_is_the_root_of_the_sum_of_squares(l2_pooling: "keras.Model") -> None:
    x = maps((12, 12, 256))
    assert deviation(np.asarray(l2_pooling(x.astype(np.float32))), pooled(x)) < 1e-6


def test_l2_pooling_has_a_slope_where_all_is_zero(l2_pooling: "keras.Model") -> None:
    tf = load_tensorflow()
    nothing = tf.zeros((1, 12, 12, 256))
    with tf.GradientTape() as tape:
        tape.watch(nothing)
        total = tf.reduce_sum(l2_pooling(nothing))
    assert np.abs(tape.gradient(total, nothing)).max() == 0


@pytest.mark.parametrize(
    ("part", "shape", "tolerances"),
    [("local_response", (24, 24, 64), (1e-6, 0.02)), ("l2_pooling", (12, 12, 256), (1e-6, 0.1))],
)
def test_what_keras_has_no_layer_for_converts(
    part: str, shape: tuple[int, int, int], tolerances: tuple[float, float], request: pytest.FixtureRequest
) -> None:
    model, inputs = request.getfixturevalue(part), maps(shape)
    expected = np.asarray(model(inputs.astype(np.float32)))
    apart = [
        deviation(run(quantize(model, quantization, inputs), inputs), expected)
        for quantization in (Quantization.FLOAT32, Quantization.FULL_INT8)
    ]
    assert [apart < most for apart, most in zip(apart, tolerances, strict=True)] == [True, True]
