"""A network is found by what the command line calls it, a SavedModel as well as a Keras file."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convert.conversion.named_network import load_network, spec_of
from convert.errors import WeightsError
from convert.importing import OwnNetwork, import_own
from convert.quantize import Quantization, quantize
from convert.tensorflow_backend import load_tensorflow, quiet

if TYPE_CHECKING:
    import keras

SIZE = 16
OWN = OwnNetwork(size_px=SIZE, scale=0.5, offset=-1.0, alignment="dlib", license="MIT")


@pytest.fixture(scope="module")
def model() -> "keras.Model":
    load_tensorflow()
    import keras

    pixels = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(pixels)
    return keras.Model(pixels, keras.layers.Dense(8)(keras.layers.GlobalAveragePooling2D()(x)))


@pytest.fixture(scope="module")
def saved(model: "keras.Model", tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    with quiet():
        model.export(str(folder / "theirs"), verbose=False)
    return import_own("ours", folder / "theirs", folder, OWN).path


def test_a_saved_model_is_converted_as_the_network_it_is(model: "keras.Model", saved: Path) -> None:
    name = str(saved)
    found = load_network(name, spec_of(name))
    chips = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3)).astype(np.float32)
    assert np.allclose(found(chips), model(chips * 0.5 - 1.0), atol=1e-3)
    assert len(quantize(found, Quantization.FLOAT32, chips.astype(np.uint8))) > 1000


def test_a_saved_model_that_was_altered_is_refused(saved: Path, tmp_path: Path) -> None:
    spec = spec_of(str(saved))
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError):
        load_network(str(tmp_path / "empty"), spec)
