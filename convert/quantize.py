"""From Keras to TFLite, in the precision asked for; float32 goes in and comes out unless integers are asked for.

What has no integer kernel (local response normalization, powers, ...) TensorFlow leaves in float, between a
`DEQUANTIZE` and a `QUANTIZE`; `convert.conversion.runtimes.TfliteFile.float_operators` says which those are.
"""

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np
from numpy.typing import NDArray

from convert.errors import cause
from convert.representative_set import Chips
from convert.tensorflow_backend import load_tensorflow, quiet
from device.errors import ImageError, ModelError

if TYPE_CHECKING:
    import keras


class Quantization(Enum):
    """How weights and activations are kept."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    DYNAMIC_RANGE = "dynamic-range"
    FULL_INT8 = "full-int8"


def quantize(model: "keras.Model", quantization: Quantization, chips: Chips, *, integer_io: bool = False) -> bytes:
    """The TFLite file of `model` with a batch of one; `chips`, uint8 [n, ...], give `FULL_INT8` its ranges.

    With `integer_io`, for `FULL_INT8` alone, int8 goes in and comes out by the scale and the zero point of the tensor.
    Raises `ImageError` for chips that are not what the network takes, `ModelError` if TensorFlow cannot convert it.
    """
    if integer_io and quantization is not Quantization.FULL_INT8:
        raise ValueError(f"expected full-int8 for integers in and out, received {quantization.value}")
    if quantization is Quantization.FULL_INT8:
        _check_chips(chips, tuple(model.input_shape[1:]))
    try:
        with quiet():
            converter = _converter(model)
            _configure(converter, quantization, chips)
            if integer_io:
                _take_integers(converter)
            return bytes(converter.convert())
    except Exception as error:
        raise ModelError(
            f"TensorFlow cannot convert {model.name} to {quantization.value}: {cause(error)}",
            hint="Rebuild the network from layers that TFLite has kernels for; what TensorFlow said is above.",
        ) from error


def _check_chips(chips: Chips, shape: tuple[int, ...]) -> None:
    if chips.dtype != np.uint8 or chips.shape[1:] != shape or not len(chips):
        raise ImageError(
            f"Cannot set int8's ranges with {chips.dtype} {list(chips.shape)}, expected uint8 {['n', *shape]}.",
            hint="Give at least one aligned chip of the size that the network takes.",
        )


def _converter(model: "keras.Model") -> Any:  # noqa: ANN401 - TensorFlow is untyped
    tf = load_tensorflow()
    import keras

    pixels = keras.Input(batch_shape=(1, *model.input_shape[1:]), name="pixels")
    return tf.lite.TFLiteConverter.from_keras_model(keras.Model(pixels, model(pixels), name=model.name))


def _configure(converter: Any, quantization: Quantization, chips: Chips) -> None:  # noqa: ANN401
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


def _take_integers(converter: Any) -> None:  # noqa: ANN401
    tf = load_tensorflow()
    converter.inference_input_type = converter.inference_output_type = tf.int8


def _samples(chips: Chips) -> Iterator[list[NDArray[np.float32]]]:
    for chip in chips:
        yield [chip[np.newaxis].astype(np.float32)]
