"""From Keras to TFLite, in the precision asked for; float32 goes in and comes out whatever happens in between."""

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np
from numpy.typing import NDArray

from convert.tensorflow import load_tensorflow, quiet

if TYPE_CHECKING:
    import keras


class Quantization(Enum):
    """How weights and activations are kept."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    DYNAMIC_RANGE = "dynamic-range"
    FULL_INT8 = "full-int8"


def quantize(model: "keras.Model", quantization: Quantization, chips: NDArray[np.uint8]) -> bytes:
    """The TFLite file of `model` with a batch of one; `chips`, uint8 [n, ...], give `FULL_INT8` its ranges."""
    with quiet():
        converter = _converter(model)
        _configure(converter, quantization, chips)
        return bytes(converter.convert())


def _converter(model: "keras.Model") -> Any:  # noqa: ANN401 - TensorFlow is untyped
    tf = load_tensorflow()
    import keras

    pixels = keras.Input(batch_shape=(1, *model.input_shape[1:]), name="pixels")
    return tf.lite.TFLiteConverter.from_keras_model(keras.Model(pixels, model(pixels), name=model.name))


def _configure(converter: Any, quantization: Quantization, chips: NDArray[np.uint8]) -> None:  # noqa: ANN401
    tf = load_tensorflow()
    if quantization is not Quantization.FLOAT32:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    match quantization:
        case Quantization.FLOAT32 | Quantization.DYNAMIC_RANGE:
            pass
        case Quantization.FLOAT16:
            converter.target_spec.supported_types = [tf.float16]
        case Quantization.FULL_INT8:
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: _samples(chips)
        case _:
            assert_never(quantization)


def _samples(chips: NDArray[np.uint8]) -> Iterator[list[NDArray[np.float32]]]:
    for chip in chips:
        yield [chip[np.newaxis].astype(np.float32)]
