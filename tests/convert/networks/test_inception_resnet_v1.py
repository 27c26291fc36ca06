"""Inception-ResNet v1 has the published number of parameters, block by block, and maps of the published sizes."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from convert.networks.inception_resnet_v1 import inception_resnet_v1
from convert.weights.keras_files.config import parse_config

if TYPE_CHECKING:
    import keras

PUBLISHED = {128: (22_808_144, 22_779_312), 512: (23_497_424, 23_467_824)}
"""All and trained parameters of keras-facenet's facenet_keras.h5, and of deepface's Facenet512."""
PARAMETERS = {
    "Conv2d": 616_208,
    **{f"Block35_{n}": 77_632 for n in range(1, 6)},
    "Mixed_6a": 1_711_104,
    **{f"Block17_{n}": 690_560 for n in range(1, 11)},
    "Mixed_7a": 3_348_096,
    **{f"Block8_{n}": 1_601_536 for n in range(1, 7)},
    "Bottleneck": 512 * 1792 + 3 * 512,
}
"""Counted by hand from facenet's inception_resnet_v1.py: kernels, 3 numbers a channel of a normalization, biases."""
OUTPUTS = {
    "Conv2d_1a_3x3": (79, 79, 32),
    "Conv2d_2a_3x3": (77, 77, 32),
    "Conv2d_2b_3x3": (77, 77, 64),
    "MaxPool_3a_3x3": (38, 38, 64),
    "Conv2d_3b_1x1": (38, 38, 80),
    "Conv2d_4a_3x3": (36, 36, 192),
    "Conv2d_4b_3x3": (17, 17, 256),
    **{f"Block35_{n}": (17, 17, 256) for n in range(1, 6)},
    "Mixed_6a": (8, 8, 896),
    **{f"Block17_{n}": (8, 8, 896) for n in range(1, 11)},
    "Mixed_7a": (3, 3, 1792),
    **{f"Block8_{n}": (3, 3, 1792) for n in range(1, 7)},
    "AvgPool": (1792,),
    "Bottleneck": (512,),
}
"""Figure 10 of arXiv:1602.07261 for a chip of 160 pixels instead of 299."""
SCALES = {
    **{f"Block35_{n}_Scale": 0.17 for n in range(1, 6)},
    **{f"Block17_{n}_Scale": 0.10 for n in range(1, 11)},
    **{f"Block8_{n}_Scale": 0.20 for n in range(1, 6)},
    "Block8_6_Scale": 1.0,
}


@pytest.fixture(scope="module")
def network() -> "keras.Model":
    return inception_resnet_v1(length=512)


def parameters(model: "keras.Model") -> tuple[int, int]:
    every, trainable = (
        sum(int(np.prod(weight.shape)) for weight in weights) for weights in (model.weights, model.trainable_weights)
    )
    return every, trainable


def test_network_of_512_numbers_has_the_published_size(network: "keras.Model") -> None:
    assert parameters(network) == PUBLISHED[512]


def test_of_128_numbers_it_has_too() -> None:
    assert parameters(inception_resnet_v1()) == PUBLISHED[128]


def test_each_block_has_its_parameters(network: "keras.Model") -> None:
    counted = {
        block: sum(layer.count_params() for layer in network.layers if layer.name.startswith(f"{block}_"))
        for block in PARAMETERS
        if block != "Bottleneck"
    }
    counted["Bottleneck"] = sum(network.get_layer(f"Bottleneck{part}").count_params() for part in ("", "_BatchNorm"))
    assert counted == PARAMETERS


def test_layers_give_maps_of_the_published_sizes(network: "keras.Model") -> None:
    assert {name: network.get_layer(name).output.shape[1:] for name in OUTPUTS} == OUTPUTS


def test_residuals_are_scaled_down_but_the_last(network: "keras.Model") -> None:
    scales = {layer.name: layer.scale for layer in network.layers if layer.name.endswith("_Scale")}
    assert scales == SCALES


def test_block_adds_to_its_map_and_the_last_has_no_relu(network: "keras.Model") -> None:
    import keras

    before, seen, scaled, after = (
        network.get_layer(name).output
        for name in ("Block8_5_Activation", "Block8_6_Conv2d_1x1", "Block8_6_Scale", "Block8_6")
    )
    x = np.random.default_rng(5).normal(size=(1, 3, 3, 1792)).astype(np.float32)
    received = [np.asarray(part) for part in keras.Model(before, [seen, scaled, after])(x)]
    expected = [received[0], received[0], x + received[0]]
    assert all(np.allclose(*pair, atol=1e-5) for pair in zip(received, expected, strict=True))
    assert network.get_layer("AvgPool").input is after


def test_pixels_are_brought_to_minus_1_to_1_as_facenet_does(network: "keras.Model") -> None:
    layer = network.layers[1]
    received = np.asarray(layer(np.array([0, 127.5, 255], np.float32)))
    assert (layer.name, received.tolist()) == ("normalization", [-127.5 / 128, 0, 127.5 / 128])


def test_the_network_is_one_that_can_be_imported(network: "keras.Model") -> None:
    described = parse_config(network.to_json().encode())["config"]["layers"]
    assert {layer["config"]["name"] for layer in described} >= {layer.name for layer in network.layers}


def test_layers_with_weights_have_keras_facenet_s_names(network: "keras.Model") -> None:
    named = {layer.name for layer in network.layers if layer.weights}
    assert {
        *("Conv2d_1a_3x3", "Conv2d_1a_3x3_BatchNorm", "Block35_1_Branch_2_Conv2d_0c_3x3", "Block35_1_Conv2d_1x1"),
        *("Mixed_6a_Branch_1_Conv2d_0b_3x3_BatchNorm", "Block17_10_Branch_1_Conv2d_0b_1x7", "Bottleneck_BatchNorm"),
    } <= named
