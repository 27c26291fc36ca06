"""A small network, trained for a step, and every file that Keras makes of it."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convert.tensorflow_backend import quiet
from tests.convert.weights.keras_files.bench import PIXELS, small_network

if TYPE_CHECKING:
    import keras


@pytest.fixture(scope="module")
def network() -> "keras.Model":
    """The small network after a step of training, so that it carries an optimizer."""
    model = small_network()
    with quiet():
        model.compile(loss="mse", metrics=["mae"])
        model.train_on_batch(PIXELS, np.ones((2, 5), np.float32))
    return model


@pytest.fixture(scope="module")
def fresh() -> "keras.Model":
    """A network to load weights into."""
    return small_network()


@pytest.fixture(scope="module")
def files(network: "keras.Model", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that Keras can make of it."""
    folder = tmp_path_factory.mktemp("keras")
    with quiet():
        network.save(folder / "net.keras")
        network.save(folder / "net.h5")
        network.save_weights(folder / "net.weights.h5")
        network.export(folder / "saved", verbose=False)
    return folder


@pytest.fixture(scope="module")
def parts(files: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(files / "net.keras") as archive:
        return {name: archive.read(name) for name in archive.namelist()}
