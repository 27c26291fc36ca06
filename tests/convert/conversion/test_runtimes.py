"""Files in runtimes: here, in children of other interpreters, and what becomes of files and children that fail."""

import json
import stat
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convert.conversion import runtime_child
from convert.conversion.runtimes import Loading, Place, TfliteFile, cosine, find_places, load_everywhere
from convert.quantize import Quantization, quantize
from convert.tensorflow_backend import load_tensorflow
from device.errors import ModelError
from device.vision.runtime import RUNTIMES

if TYPE_CHECKING:
    import keras

SIZE = 8
LITERT = RUNTIMES[0]


def network_with(*layers_between: "keras.Layer") -> "keras.Model":
    """A convolution, those layers, and a vector of four numbers."""
    load_tensorflow()
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    x = pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    x = layers.Conv2D(8, 3, name="first")(layers.Rescaling(1 / 256, name="normalization")(x))
    for layer in layers_between:
        x = layer(x)
    return keras.Model(pixels, layers.Dense(4, name="last")(layers.GlobalAveragePooling2D(name="average")(x)), name="n")


@pytest.fixture(scope="module")
def chips() -> NDArray[Any]:
    return np.random.default_rng(0).integers(0, 256, (20, SIZE, SIZE, 3), np.uint8)


@pytest.fixture(scope="module")
def network() -> "keras.Model":
    load_tensorflow()
    from keras import layers

    return network_with(layers.ELU(name="float_only"))


@pytest.fixture(scope="module")
def file(network: "keras.Model", chips: NDArray[Any]) -> bytes:
    return quantize(network, Quantization.FULL_INT8, chips)


@pytest.fixture(scope="module")
def integers(network: "keras.Model", chips: NDArray[Any]) -> bytes:
    return quantize(network, Quantization.FULL_INT8, chips, integer_io=True)


def place(python: Path | None = None) -> Place:
    return Place(LITERT, version(LITERT.package), "3", python)


def stub(folder: Path, script: str) -> Path:
    """An interpreter that says what it is told to."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_what_has_no_integer_kernel_is_named(file: bytes) -> None:
    assert TfliteFile(file).float_operators == {"ELU": 1}


def test_a_file_of_integers_names_nothing(chips: NDArray[Any]) -> None:
    assert TfliteFile(quantize(network_with(), Quantization.FULL_INT8, chips)).float_operators == {}


def test_integers_in_and_out_give_the_same_vectors(file: bytes, integers: bytes, chips: NDArray[Any]) -> None:
    np.testing.assert_allclose(TfliteFile(integers).run(chips), TfliteFile(file).run(chips), atol=1e-6)


def test_integers_in_and_out_are_really_integers(integers: bytes) -> None:
    interpreter = runtime_child.interpreter_class(LITERT.module)(model_content=integers)
    tensors = (*interpreter.get_input_details(), *interpreter.get_output_details())
    assert [tensor["dtype"] for tensor in tensors] == [np.int8, np.int8]


def test_a_file_says_what_it_takes_and_gives(file: bytes) -> None:
    loaded = TfliteFile(file, threads=2)
    assert (loaded.chip_shape, loaded.length) == ((SIZE, SIZE, 3), 4)


@pytest.mark.parametrize("shape", [(1, SIZE, SIZE), (1, SIZE + 1, SIZE, 3), (1, SIZE, SIZE, 1)])
def test_chips_of_another_shape_are_refused(file: bytes, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="The file takes uint8"):
        TfliteFile(file).run(np.zeros(shape, np.uint8))


def test_chips_that_are_no_pixels_are_refused(file: bytes, chips: NDArray[Any]) -> None:
    with pytest.raises(ModelError, match="received float32"):
        TfliteFile(file).run(np.full(chips.shape, np.nan, np.float32))


@pytest.mark.parametrize("damage", [lambda _: b"", lambda _: bytes(64), lambda c: c[:40], lambda c: c[: len(c) // 2]])
def test_a_damaged_file_is_a_model_error(
    file: bytes, damage: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match="cannot be used"):
        TfliteFile(damage(file))
    capfd.readouterr()


def test_a_file_that_gives_no_vector_is_refused(chips: NDArray[Any]) -> None:
    load_tensorflow()
    import keras

    pixels = keras.Input((SIZE, SIZE, 3))
    picture = quantize(keras.Model(pixels, keras.layers.ReLU()(pixels)), Quantization.FLOAT32, chips)
    with pytest.raises(ModelError, match="a picture"):
        TfliteFile(picture)


def test_a_child_gives_what_is_given_here(file: bytes, integers: bytes, chips: NDArray[Any]) -> None:
    expected = [TfliteFile(content).run(chips[:1])[0] for content in (file, integers)]
    there = place(Path(sys.executable))
    loadings = load_everywhere([file, integers], chips[0], expected, [place(), there])
    assert [[loading.runs for loading in of_file] for of_file in loadings] == [[True, True], [True, True]]
    assert [loading.cosine for of_file in loadings for loading in of_file] == pytest.approx([1, 1, 1, 1])


def test_a_damaged_file_does_not_run_anywhere(chips: NDArray[Any]) -> None:
    ((here, there),) = load_everywhere(
        [b"x" * 64], chips[0], [np.ones(4, np.float32)], [place(), place(Path(sys.executable))]
    )
    assert (here.runs, there.runs, here.reason == there.reason) == (False, False, True)


def test_a_vector_of_another_network_does_not_count(file: bytes, chips: NDArray[Any]) -> None:
    expected = -TfliteFile(file).run(chips[:1])[0]
    ((loading,),) = load_everywhere([file], chips[0], [expected], [place()])
    assert not loading.runs
    assert loading.cosine == pytest.approx(-1)


def test_a_vector_of_another_length_does_not_count(file: bytes, chips: NDArray[Any]) -> None:
    ((loading,),) = load_everywhere([file], chips[0], [np.ones(3, np.float32)], [place()])
    assert loading.reason == "it gives 4 numbers"


def test_a_child_that_dies_over_a_file_is_asked_for_the_others(tmp_path: Path, chips: NDArray[Any]) -> None:
    vector = json.dumps({"vector": [1.0, 1.0, 1.0, 1.0]})
    dies_at_second = f"""echo '{vector}'; case "$6" in *0.tflite) echo oops >&2; exit 139;; esac"""
    where = place(stub(tmp_path, dies_at_second))
    loadings = load_everywhere([b"a", b"b", b"c"], chips[0], [np.ones(4, np.float32)] * 3, [where])
    assert [loading.reason for (loading,) in loadings] == ["", "ended with exit code 139. oops", ""]


def test_a_child_that_cannot_be_started_is_an_answer(tmp_path: Path, chips: NDArray[Any]) -> None:
    ((loading,),) = load_everywhere([b"a"], chips[0], [np.ones(4, np.float32)], [place(tmp_path / "none")])
    assert loading.reason == "cannot be started: No such file or directory"


def test_nothing_is_tried_nowhere(chips: NDArray[Any]) -> None:
    assert load_everywhere([b"a", b"b"], chips[0], [], []) == ((), ())


def test_the_runtimes_of_this_environment_are_found() -> None:
    packages = {found.runtime.package for found in find_places([])}
    assert packages >= {"ai-edge-litert", "tensorflow"}


def test_the_runtimes_of_another_environment_are_found(tmp_path: Path) -> None:
    answer = json.dumps({"python": "3.9.18", "versions": {"tflite-runtime": "2.14.0"}})
    python = stub(tmp_path, f"echo '{answer}'")
    assert [found.name for found in find_places([python])][-1] == "tflite-runtime 2.14.0 (Python 3.9.18)"


@pytest.mark.parametrize("script", ["exit 1", "echo no JSON"])
def test_what_is_no_python_is_refused(tmp_path: Path, script: str) -> None:
    with pytest.raises(ModelError, match="expected a Python with NumPy"):
        find_places([stub(tmp_path, script)])


def test_a_python_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="expected a Python with NumPy"):
        find_places([tmp_path / "none"])


def test_a_python_without_a_runtime_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no TFLite runtime"):
        find_places([stub(tmp_path, """echo '{"python": "3.11.0", "versions": {}}'""")])


def test_a_loading_without_a_reason_runs() -> None:
    assert (Loading("a", "a 1", 1.0).runs, Loading("a", "a 1", reason="no").runs) == (True, False)


def test_a_vector_without_direction_has_no_cosine() -> None:
    assert np.isnan(cosine(np.zeros(3), np.ones(3)))
