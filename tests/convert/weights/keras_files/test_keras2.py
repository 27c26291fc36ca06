"""Networks of Keras 2: arguments that it wrote and Keras 3 refuses are left out, and a cause is said in full."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from convert.errors import WeightsError, cause
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights.keras_files.archive import read_network
from tests.convert.weights.keras_files.bench import PIXELS, archive_of

if TYPE_CHECKING:
    import keras

OF_KERAS_2 = {
    "DepthwiseConv2D": {"groups": 1},
    "Conv2DTranspose": {"groups": 1},
    "SeparableConv2D": {"groups": 1, "kernel_initializer": None, "kernel_regularizer": None, "kernel_constraint": None},
    "LeakyReLU": {"alpha": 0.25},
}
"""What Keras 2.15 writes beside what Keras 3 writes."""


@pytest.fixture(scope="module")
def network() -> "keras.Model":
    load_tensorflow()
    import keras
    from keras import layers

    keras.utils.set_random_seed(4)
    x = pixels = keras.Input((8, 8, 3), name="pixels")
    x = layers.DepthwiseConv2D(3, strides=2, use_bias=False, name="depthwise")(x)
    x = layers.SeparableConv2D(6, 2, name="separable")(x)
    x = layers.Conv2DTranspose(4, 2, name="transposed")(layers.LeakyReLU(negative_slope=0.25, name="leaky")(x))
    return keras.Model(pixels, layers.Dense(5, name="last")(layers.Flatten(name="flat")(x)), name="mobile")


@pytest.fixture
def written(network: "keras.Model", tmp_path: Path) -> Path:
    """The network as Keras 2 writes it."""
    path = tmp_path / "net.h5"
    with quiet():
        network.save(path)
    with h5py.File(path, "r+") as file:
        described = json.loads(file.attrs["model_config"])
        for layer in described["config"]["layers"]:
            layer["config"] |= OF_KERAS_2.get(layer["class_name"], {})
            if layer["class_name"] == "LeakyReLU":
                del layer["config"]["negative_slope"]
        file.attrs["model_config"] = json.dumps(described)
    return path


def test_network_with_depthwise_layers_is_read(written: Path, network: "keras.Model") -> None:
    received = np.asarray(read_network(written)(PIXELS))
    assert np.allclose(received, np.asarray(network(PIXELS)), atol=1e-6)


def test_groups_of_a_layer_without_groups_are_refused(written: Path) -> None:
    with h5py.File(written, "r+") as file:
        described = json.loads(file.attrs["model_config"])
        next(one for one in described["config"]["layers"] if one["class_name"] == "DepthwiseConv2D")["config"][
            "groups"
        ] = 3
        file.attrs["model_config"] = json.dumps(described)
    with pytest.raises(WeightsError, match=r"passed to DepthwiseConv2D: \{'groups': 3\}"):
        read_network(written)


def test_keras_file_of_keras_2_says_how_to_save_it(tmp_path: Path) -> None:
    config = {"module": "keras.src.engine.functional", "class_name": "Functional", "config": {"layers": []}}
    members = {"config.json": json.dumps(config).encode(), "metadata.json": b"{}", "model.weights.h5": b""}
    with pytest.raises(WeightsError, match=r"it is a \.keras file of Keras 2") as refused:
        read_network(archive_of(tmp_path / "net.keras", members))
    assert "as an .h5 file" in refused.value.hint


def test_cause_is_never_cut() -> None:
    long = ValueError("could not be deserialized. config={" + "x" * 20_000 + "}. Exception encountered: groups = 7")
    assert cause(long) == "groups = 7"
    assert cause(ValueError("why: " + "y" * 3_000)).endswith("y" * 3_000)


def test_cause_of_a_huge_message_keeps_both_ends() -> None:
    said = cause(ValueError("beginning " + "z" * 1_000_000 + " end"))
    assert (said[:10], said[-4:], len(said)) == ("beginning ", " end", 4_005)


def test_error_without_words_is_called_by_its_name() -> None:
    assert cause(KeyError()) == "KeyError"
