"""A final Lambda is left out on request, and only there and then; its code is never run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convert.cli.main import cli
from convert.errors import WeightsError
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights.keras_files.archive import read_network
from convert.weights.keras_files.lambdas import without_final_lambda
from device.commandline import run_command
from tests.convert.weights.keras_files.bench import PIXELS

if TYPE_CHECKING:
    import keras


def network(*, functional: bool, size: int = 8) -> "keras.Model":
    load_tensorflow()
    import keras
    from keras import layers

    keras.utils.set_random_seed(5)
    body = [layers.Conv2D(4, 3, name="conv"), layers.GlobalAveragePooling2D(name="mean"), layers.Dense(5, name="dense")]
    last = layers.Lambda(lambda x: x / 0, name="unit", output_shape=(5,))
    if not functional:
        return keras.Sequential([keras.Input((size, size, 3)), *body, last], name="facenet")
    x = pixels = keras.Input((size, size, 3), name="pixels")
    for layer in (*body, last):
        x = layer(x)
    return keras.Model(pixels, x, name="facenet")


@pytest.mark.parametrize("functional", [True, False])
@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_final_lambda_is_left_out_on_request(name: str, functional: bool, tmp_path: Path) -> None:
    with quiet():
        whole = network(functional=functional)
        whole.save(tmp_path / name)
    x = PIXELS
    for layer in ("conv", "mean", "dense"):
        x = whole.get_layer(layer)(x)
    with pytest.raises(WeightsError, match="Lambda, layer 'unit', is refused, for it carries Python code"):
        read_network(tmp_path / name)
    received = np.asarray(read_network(tmp_path / name, leave_out_lambda=True)(PIXELS))
    assert np.allclose(received, np.asarray(x), atol=1e-6)


def test_command_leaves_it_out(tmp_path: Path) -> None:
    with quiet():
        network(functional=True, size=16).save(tmp_path / "net.h5")
    own = ["--from", str(tmp_path / "net.h5"), "--size", "16", "--alignment", "arcface", "--license", "MIT"]
    arguments = ["import", "mine", *own, "--out", str(tmp_path / "out")]
    assert run_command(cli, arguments) == 15
    assert run_command(cli, [*arguments, "--leave-out-lambda"]) == 0
    assert read_network(tmp_path / "out" / "mine.keras").output_shape == (None, 5)


LAYERS: list[dict[str, object]] = [
    {"class_name": "Dense", "name": "a"},
    {"class_name": "Lambda", "name": "b", "inbound_nodes": [[["a", 0, 0]]]},
]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"config": {"layers": LAYERS[:1]}}, "its last layer is Dense"),
        ({"config": {"layers": LAYERS, "output_layers": [["a", 0, 0]]}}, "its last layer is Dense"),
        ({"config": {"layers": LAYERS, "output_layers": []}}, "its last layer is unknown"),
        ({"config": {"layers": []}}, "its description has no layers"),
        ({}, "its description has no layers"),
        (
            {"config": {"layers": [{**LAYERS[1], "inbound_nodes": []}], "output_layers": [["b", 0, 0]]}},
            "does not follow one layer",
        ),
    ],
)
def test_what_has_no_final_lambda_is_refused(config: dict[str, object], reason: str) -> None:
    with pytest.raises(WeightsError, match=reason):
        without_final_lambda(json.loads(json.dumps(config)))


def test_lambda_elsewhere_is_still_refused(tmp_path: Path) -> None:
    load_tensorflow()
    import keras
    from keras import layers

    lambdas = [layers.Lambda(lambda x: x, name=name, output_shape=(8, 8, 3)) for name in ("first", "last")]
    with quiet():
        keras.Sequential([keras.Input((8, 8, 3)), *lambdas]).save(tmp_path / "net.keras")
    with pytest.raises(WeightsError, match="Lambda, layer 'first', is refused"):
        read_network(tmp_path / "net.keras", leave_out_lambda=True)
