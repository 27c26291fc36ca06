"""The Keras network gives what dlib gives; bounded and quantized, what it gives on the portraits hardly changes."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlib
import numpy as np
import pytest

from convert.published.sources import RESNET_WEIGHTS
from convert.tensorflow_backend import quiet
from device.vision.embedder import Embedder
from device.vision.models import EMBEDDING, load_model, shipped_models_dir

CAP = 6.0

if TYPE_CHECKING:
    import keras


def outputs(model: "keras.Model", chips: np.ndarray) -> np.ndarray:
    return np.asarray(model(chips.astype(np.float32), training=False))


def unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def embeddings(model: "keras.Model", chips: np.ndarray) -> np.ndarray:
    """Of chip and mirror, as the device makes them of the quantized network's outputs."""
    return unit(outputs(model, chips) + outputs(model, chips[:, :, ::-1]))


@pytest.fixture(scope="module")
def dlib_itself(published: Callable[[str], Path]) -> Any:
    return dlib.face_recognition_model_v1(str(published(RESNET_WEIGHTS.name)))


@pytest.fixture(scope="module")
def other_chips() -> np.ndarray:
    """Black, white, and noise coarse and fine."""
    noise = np.random.default_rng(0).integers(0, 256, (2, 150, 150, 3), np.uint8)
    coarse = noise[1, ::30, ::30].repeat(30, axis=0).repeat(30, axis=1)
    return np.stack([np.zeros_like(coarse), np.full_like(coarse, 255), noise[0], coarse])


@pytest.mark.parametrize("of", ["portrait_chips", "other_chips"])
def test_the_network_gives_what_dlib_gives(
    of: str, resnet: "keras.Model", dlib_itself: Any, request: pytest.FixtureRequest
) -> None:
    chips = request.getfixturevalue(of)
    expected = np.array([dlib_itself.compute_face_descriptor(chip) for chip in chips])
    assert np.abs(outputs(resnet, chips) - expected).max() < 1e-5


def test_the_network_has_layers_of_its_table_and_no_others(resnet: "keras.Model") -> None:
    kinds = {type(layer).__name__ for layer in resnet.layers}
    assert kinds == {
        *("InputLayer", "Conv2D", "MaxPooling2D", "AveragePooling2D", "ZeroPadding2D", "Add", "ReLU"),
        *("GlobalAveragePooling2D", "Dense"),
    }


def test_the_network_is_loaded_back_in_safe_mode(
    resnet: "keras.Model", portrait_chips: np.ndarray, tmp_path: Path
) -> None:
    import keras

    with quiet():
        resnet.save(tmp_path / "net.keras")
        again = keras.models.load_model(tmp_path / "net.keras", safe_mode=True)
    assert np.array_equal(outputs(again, portrait_chips), outputs(resnet, portrait_chips))


def test_the_network_takes_several_chips_at_once(resnet: "keras.Model", portrait_chips: np.ndarray) -> None:
    one_by_one = np.concatenate([outputs(resnet, chip[np.newaxis]) for chip in portrait_chips])
    assert np.allclose(outputs(resnet, portrait_chips), one_by_one, atol=1e-5)


def test_the_bound_holds_where_dlib_s_own_network_spikes(
    resnet: "keras.Model", bounded_resnet: "keras.Model", portrait_chips: np.ndarray
) -> None:
    import keras

    wide = portrait_chips[:, 30:120].repeat(2, axis=1)[:, :150]

    def highest(model: "keras.Model") -> float:
        last = keras.Model(model.input, [model.get_layer(f"block{n}.relu").output for n in (11, 12, 13, 14)])
        return max(float(np.max(part)) for part in last(wide.astype(np.float32)))

    assert (highest(resnet) > CAP, highest(bounded_resnet) <= CAP) == (True, True)


def test_bounded_the_network_gives_nearly_the_same_on_the_portraits(
    resnet: "keras.Model", bounded_resnet: "keras.Model", portrait_chips: np.ndarray
) -> None:
    cosines = (embeddings(resnet, portrait_chips) * embeddings(bounded_resnet, portrait_chips)).sum(axis=1)
    assert cosines.min() > 0.99999


@pytest.mark.parametrize("of", ["resnet", "bounded_resnet"])
def test_the_shipped_file_gives_nearly_the_same_on_the_portraits(
    of: str, portrait_chips: np.ndarray, request: pytest.FixtureRequest
) -> None:
    embedder = Embedder(load_model(EMBEDDING, shipped_models_dir()))
    quantized = np.stack([embedder.embed(chip) for chip in portrait_chips])
    cosines = (quantized * embeddings(request.getfixturevalue(of), portrait_chips)).sum(axis=1)
    assert cosines.min() >= 0.999
