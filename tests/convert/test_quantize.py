"""Every precision makes a file that the device's interpreter runs: float32 in and out, and close to the network."""

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from convert.manifests import embedding_draft, sealed
from convert.quantize import Quantization, quantize
from convert.tensorflow_backend import load_tensorflow, quiet
from device.errors import ImageError, ModelError
from device.vision.manifest import TensorSpec
from device.vision.models import Model
from device.vision.runtime import Interpreter

if TYPE_CHECKING:
    import keras

PIXELS = (1, 8, 8, 3)


def small_network() -> "keras.Model":
    """Every kind of layer of the large one, on 8x8 pixels, with weights of a fixed seed."""
    load_tensorflow()
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    x = pixels = keras.Input(PIXELS[1:], name="pixels")
    x = layers.Rescaling(1 / 256, name="rescaled")(x)
    x = layers.Conv2D(16, 3, activation="relu", name="first")(x)
    y = layers.Conv2D(24, 3, strides=2, name="second")(x)
    y = layers.ZeroPadding2D(((0, 1), (0, 1)), name="pad")(y)
    x = layers.AveragePooling2D(2, name="halved")(x)
    x = layers.ZeroPadding2D(((0, 0), (0, 8)), data_format="channels_first", name="channels")(x)
    x = layers.ReLU(6.0, name="bounded")(layers.Add(name="sum")([x, y]))
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(4, use_bias=False, name="projection")(x)
    return keras.Model(pixels, x, name="small")


@pytest.fixture(scope="module")
def chips() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (50, *PIXELS[1:]), np.uint8)


@pytest.fixture(scope="module")
def files(chips: np.ndarray) -> dict[Quantization, bytes]:
    network = small_network()
    return {quantization: quantize(network, quantization, chips) for quantization in Quantization}


def interpreter(content: bytes) -> Interpreter:
    specs = {"inputs": (PIXELS,), "outputs": ((1, 4),)}
    tensors = {side: tuple(TensorSpec(shape=s, dtype="float32") for s in shapes) for side, shapes in specs.items()}
    return Interpreter(Model(msgspec.structs.replace(sealed(embedding_draft(), content), **tensors), content))


@pytest.mark.parametrize(
    ("quantization", "tolerance"),
    [
        (Quantization.FLOAT32, 1e-5),
        (Quantization.FLOAT16, 2e-3),
        (Quantization.DYNAMIC_RANGE, 0.05),
        (Quantization.FULL_INT8, 0.05),
    ],
)
def test_a_file_gives_about_what_the_network_gives(
    quantization: Quantization, tolerance: float, files: dict[Quantization, bytes], chips: np.ndarray
) -> None:
    pixels = chips.astype(np.float32)
    expected = np.asarray(small_network()(pixels))
    run = interpreter(files[quantization]).run
    received = np.concatenate([run(pixels[n : n + 1])[0] for n in range(len(pixels))])
    assert np.abs(received - expected).max() / np.abs(expected).max() < tolerance


def test_precisions_are_different_files(files: dict[Quantization, bytes]) -> None:
    assert len({hashlib.sha256(content).digest() for content in files.values()}) == len(Quantization)


@pytest.mark.parametrize("quantization", Quantization)
def test_a_second_time_makes_the_same_bytes(
    quantization: Quantization, files: dict[Quantization, bytes], chips: np.ndarray
) -> None:
    assert quantize(small_network(), quantization, chips) == files[quantization]


@pytest.mark.parametrize("quantization", [one for one in Quantization if one is not Quantization.FULL_INT8])
def test_only_full_int8_takes_integers(quantization: Quantization, chips: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected full-int8"):
        quantize(small_network(), quantization, chips, integer_io=True)


@pytest.mark.parametrize(
    "wrong",
    [
        np.full((3, *PIXELS[1:]), np.nan, np.float32),
        np.zeros((3, 8, 8), np.uint8),
        np.zeros((3, 9, 8, 3), np.uint8),
        np.zeros((0, *PIXELS[1:]), np.uint8),
    ],
    ids=["not a number", "gray", "too high", "none"],
)
def test_ranges_are_set_with_chips_alone(wrong: NDArray[Any]) -> None:
    with pytest.raises(ImageError, match="Cannot set int8's ranges"):
        quantize(small_network(), Quantization.FULL_INT8, wrong)


def test_a_network_that_tflite_has_no_kernel_for_is_a_model_error(
    chips: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    load_tensorflow()
    import keras

    pixels = keras.Input(PIXELS[1:], name="pixels")
    network = keras.Model(pixels, keras.ops.erfinv(pixels / 256), name="odd")
    with pytest.raises(ModelError, match="TensorFlow cannot convert odd to float32"):
        quantize(network, Quantization.FLOAT32, chips)
    capfd.readouterr()


def test_a_conversion_says_nothing(chips: np.ndarray, capfd: pytest.CaptureFixture[str]) -> None:
    quantize(small_network(), Quantization.FULL_INT8, chips)
    assert capfd.readouterr() == ("", "")


def test_what_was_said_before_a_failure_comes_out(capfd: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        with quiet():
            print("the reason")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert capfd.readouterr() == ("", "the reason\n")
