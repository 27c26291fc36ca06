"""Keras-OpenFace's folder gives the network of Torch's definition; whatever is wrong with a folder is named."""

import contextlib
import os
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convert.alignments import openface_alignment
from convert.errors import WeightsError
from convert.representative_set import portraits_dir
from convert.weights.openface import COPIES, expected, load, load_partial
from device.images import image_files, read_image
from device.settings.tables import VisionSettings
from device.vision.alignment import align
from device.vision.faces import load_analyzer

if TYPE_CHECKING:
    import keras

CONVOLUTIONS = {
    "conv1": (64, 3, 7, 7),
    "conv2": (64, 64, 1, 1),
    "conv3": (192, 64, 3, 3),
    "inception_3a_1x1_conv": (64, 192, 1, 1),
    "inception_3a_pool_conv": (32, 192, 1, 1),
    "inception_3a_5x5_conv1": (16, 192, 1, 1),
    "inception_3a_5x5_conv2": (32, 16, 5, 5),
    "inception_3a_3x3_conv1": (96, 192, 1, 1),
    "inception_3a_3x3_conv2": (128, 96, 3, 3),
    "inception_3b_3x3_conv1": (96, 256, 1, 1),
    "inception_3b_3x3_conv2": (128, 96, 3, 3),
    "inception_3b_5x5_conv1": (32, 256, 1, 1),
    "inception_3b_5x5_conv2": (64, 32, 5, 5),
    "inception_3b_pool_conv": (64, 256, 1, 1),
    "inception_3b_1x1_conv": (64, 256, 1, 1),
    "inception_3c_3x3_conv1": (128, 320, 1, 1),
    "inception_3c_3x3_conv2": (256, 128, 3, 3),
    "inception_3c_5x5_conv1": (32, 320, 1, 1),
    "inception_3c_5x5_conv2": (64, 32, 5, 5),
    "inception_4a_3x3_conv1": (96, 640, 1, 1),
    "inception_4a_3x3_conv2": (192, 96, 3, 3),
    "inception_4a_5x5_conv1": (32, 640, 1, 1),
    "inception_4a_5x5_conv2": (64, 32, 5, 5),
    "inception_4a_pool_conv": (128, 640, 1, 1),
    "inception_4a_1x1_conv": (256, 640, 1, 1),
    "inception_4e_3x3_conv1": (160, 640, 1, 1),
    "inception_4e_3x3_conv2": (256, 160, 3, 3),
    "inception_4e_5x5_conv1": (64, 640, 1, 1),
    "inception_4e_5x5_conv2": (128, 64, 5, 5),
    "inception_5a_3x3_conv1": (96, 1024, 1, 1),
    "inception_5a_3x3_conv2": (384, 96, 3, 3),
    "inception_5a_pool_conv": (96, 1024, 1, 1),
    "inception_5a_1x1_conv": (256, 1024, 1, 1),
    "inception_5b_3x3_conv1": (96, 736, 1, 1),
    "inception_5b_3x3_conv2": (384, 96, 3, 3),
    "inception_5b_pool_conv": (96, 736, 1, 1),
    "inception_5b_1x1_conv": (256, 736, 1, 1),
}
"""`conv_shape` of Keras-OpenFace's utils.py, in Torch's order: [n, c, height, width]."""

SHAPES = {
    **{f"{name}_w": shape for name, shape in CONVOLUTIONS.items()},
    **{f"{name}_b": shape[:1] for name, shape in CONVOLUTIONS.items()},
    **{f"{name.replace('conv', 'bn')}_{p}": s[:1] for name, s in CONVOLUTIONS.items() for p in "wbmv"},
    "dense_w": (128, 736),
    "dense_b": (128,),
}
MISSING_HERE = {
    *("inception_3c_3x3_conv2_w", "inception_4e_3x3_conv2_w", "inception_5a_1x1_conv_w", "inception_5a_3x3_conv2_w"),
    "inception_5b_3x3_conv2_w",
}

Tensors = dict[str, np.ndarray]


class Definition:
    """OpenFace's nn4.small2.def.lua in NumPy, float64: [n, 3, 96, 96] RGB 0..255 to [n, 128], all steps kept."""

    def __init__(self, tensors: Tensors) -> None:
        self.tensors = tensors
        self.seen: Tensors = {}

    def __call__(self, x: np.ndarray) -> np.ndarray:
        x = self.block("conv1", x / 255, stride=2)
        x = self.keep("pool1", windows(padded(x, 1), 3, 2).max(axis=(4, 5)))
        x = self.keep("lrn_1", normalized_across_channels(x))
        x = self.block("conv3", self.block("conv2", x))
        x = self.keep("lrn_2", normalized_across_channels(x))
        x = self.keep("pool2", windows(padded(x, 1), 3, 2).max(axis=(4, 5)))
        x = self.inception("inception_3a", x, max_pooled)
        x = self.inception("inception_3b", x, l2_pooled)
        x = self.inception("inception_3c", x, max_pooled, stride=2)
        x = self.inception("inception_4a", x, l2_pooled)
        x = self.inception("inception_4e", x, max_pooled, stride=2)
        x = self.inception("inception_5a", x, l2_pooled, sizes=(3,))
        x = self.inception("inception_5b", x, max_pooled, sizes=(3,))
        x = self.keep("average", x.mean(axis=(2, 3)))
        return x @ self.tensors["dense_w"].T + self.tensors["dense_b"]

    def inception(
        self,
        name: str,
        x: NDArray[Any],
        pooled: Callable[..., Any],
        *,
        sizes: tuple[int, ...] = (3, 5),
        stride: int = 1,
    ) -> np.ndarray:
        branches = [
            self.block(f"{name}_{n}x{n}_conv2", self.block(f"{name}_{n}x{n}_conv1", x), stride=stride) for n in sizes
        ]
        y = pooled(x)
        y = self.block(f"{name}_pool_conv", y) if stride == 1 else y
        more = branches[0].shape[2] - y.shape[2]
        branches.append(np.pad(y, ((0, 0), (0, 0), *(((more // 2, more - more // 2),) * 2))))
        branches += [self.block(f"{name}_1x1_conv", x)] if stride == 1 else []
        return self.keep(name, np.concatenate(branches, axis=1))

    def block(self, name: str, x: np.ndarray, *, stride: int = 1) -> np.ndarray:
        kernel, norm = self.tensors[f"{name}_w"], name.replace("conv", "bn")
        size = kernel.shape[2]
        x = np.einsum("nchwij,mcij->nmhw", windows(padded(x, size // 2), size, stride), kernel, optimize=True)
        x = x + self.vector(f"{name}_b") - self.vector(f"{norm}_m")
        x = x / np.sqrt(self.vector(f"{norm}_v") + 1e-5) * self.vector(f"{norm}_w") + self.vector(f"{norm}_b")
        return self.keep(f"{name}_relu", np.maximum(x, 0))

    def vector(self, name: str) -> np.ndarray:
        return self.tensors[name][:, np.newaxis, np.newaxis]

    def keep(self, name: str, x: np.ndarray) -> np.ndarray:
        self.seen[name] = x
        return x


def padded(x: np.ndarray, by: int) -> np.ndarray:
    return np.pad(x, ((0, 0), (0, 0), (by, by), (by, by)))


def windows(x: np.ndarray, size: int, stride: int) -> np.ndarray:
    """The pixels under each place of a kernel: [n, c, height, width, size, size]."""
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]


def max_pooled(x: np.ndarray) -> np.ndarray:
    return np.asarray(windows(x, 3, 2).max(axis=(4, 5)))


def l2_pooled(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((windows(x, 3, 3) ** 2).sum(axis=(4, 5))))


def normalized_across_channels(x: np.ndarray) -> np.ndarray:
    """Torch's `SpatialCrossMapLRN(5, 0.0001, 0.75)`."""
    squares = np.pad(x**2, ((0, 0), (2, 2), (0, 0), (0, 0)))
    around = sum(squares[:, n : n + x.shape[1]] for n in range(5))
    return x / (1 + 0.0001 / 5 * around) ** 0.75


def written(folder: Path, tensors: Tensors) -> Path:
    for name, values in tensors.items():
        (folder / f"{name}.csv").write_text(",".join(map(repr, values.ravel().tolist())) + "\n")
    return folder


def layer_outputs(model: "keras.Model", names: Sequence[str], pixels: np.ndarray) -> Tensors:
    import keras

    outputs = keras.Model(model.input, [model.get_layer(name).output for name in names])(pixels.astype(np.float32))
    return {name: np.asarray(output) for name, output in zip(names, outputs, strict=True)}


def channels_first(x: np.ndarray) -> np.ndarray:
    return x.transpose(0, 3, 1, 2) if x.ndim == 4 else x


def deviation(received: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(received - expected).max() / np.abs(expected).max())


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    """Every tensor with small integers of a fixed seed; variances keep what flows through the network in bounds."""
    rng = np.random.default_rng(7)
    made = {name: rng.integers(-3, 4, shape) for name, shape in SHAPES.items()}
    for name in CONVOLUTIONS:
        norm, inputs = name.replace("conv", "bn"), prod(SHAPES[f"{name}_w"][1:])
        made[f"{norm}_w"] = rng.integers(1, 3, SHAPES[f"{norm}_w"])
        made[f"{norm}_v"] = inputs * rng.integers(4, 16, SHAPES[f"{norm}_v"])
    return made | {copy: made[original] for copy, original in COPIES.items()}


@pytest.fixture(scope="module")
def folder(tensors: Tensors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All 226 files."""
    return written(tmp_path_factory.mktemp("openface"), tensors)


@pytest.fixture(scope="module")
def network(folder: Path) -> "keras.Model":
    return load(folder)


@pytest.fixture(scope="module")
def published_folder(lintel_data: Path) -> Path:
    folder = lintel_data / "weights" / "openface-nn4.small2"
    if not folder.is_dir():
        pytest.skip("the published weights are not in the data for measuring")
    return folder


@pytest.fixture(scope="module")
def published_partly(published_folder: Path) -> "keras.Model":
    return load_partial(published_folder)


@pytest.fixture(scope="module")
def portraits() -> np.ndarray:
    """The faces of the two portraits in OpenFace's chip, uint8 [2, 96, 96, 3]."""
    analyzer = load_analyzer(VisionSettings(threads=1))
    images = [read_image(path) for path in image_files(portraits_dir())]
    landmarks = [analyzer.mesh.locate(image, analyzer.detector.detect(image)[0]) for image in images]
    return np.stack([align(*face, openface_alignment()) for face in zip(images, landmarks, strict=True)])


def test_the_network_needs_the_files_of_keras_openface_and_no_others() -> None:
    assert {tensor.name: tensor.shape for tensor in expected()} == SHAPES


def test_a_folder_has_226_files(folder: Path) -> None:
    assert len(list(folder.iterdir())) == 226


def test_every_number_of_a_folder_is_in_its_place(network: "keras.Model", tensors: Tensors) -> None:
    differing = [
        name
        for name in (*CONVOLUTIONS, "dense")
        for kernel, bias in [network.get_layer("dense_layer" if name == "dense" else name).get_weights()]
        if not np.allclose(np.moveaxis(kernel, (-1, -2), (0, 1)), tensors[f"{name}_w"])
        or not np.allclose(bias, tensors[f"{name}_b"])
    ]
    assert differing == []


def test_a_normalization_has_its_scale_shift_mean_and_variance(network: "keras.Model", tensors: Tensors) -> None:
    received = network.get_layer("inception_4a_5x5_bn2").get_weights()
    assert np.allclose(received, [tensors[f"inception_4a_5x5_bn2_{part}"] for part in "wbmv"])


def test_the_network_gives_what_the_definition_gives(
    network: "keras.Model", tensors: Tensors, portraits: np.ndarray
) -> None:
    received = np.asarray(network(portraits[:1].astype(np.float32)))
    assert deviation(received, Definition(tensors)(channels_first(portraits[:1]))) < 1e-4


def test_the_published_folder_here_lacks_five_files(published_partly: "keras.Model") -> None:
    assert set(published_partly[1]) == MISSING_HERE


def test_of_an_incomplete_folder_every_file_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "bn1_b.csv").write_bytes(numbers(64))
    with pytest.raises(WeightsError) as caught:
        load(tmp_path)
    named = str(caught.value).partition("missing: ")[2].rstrip(".").split(", ")
    assert sorted(named) == sorted(SHAPES.keys() - {"bn1_b"})


def test_published_weights_give_what_the_definition_gives(
    published_folder: Path, published_partly: "keras.Model", portraits: np.ndarray
) -> None:
    network, _ = published_partly
    read = {path.stem: np.loadtxt(path, delimiter=",", ndmin=1) for path in published_folder.glob("[bc]*.csv")}
    read |= {path.stem: np.loadtxt(path, delimiter=",") for path in published_folder.glob("inception_3*.csv")}
    definition = Definition({name: values.reshape(SHAPES[name]) for name, values in read.items()})
    with contextlib.suppress(KeyError):
        definition(channels_first(portraits))
    received = layer_outputs(network, list(definition.seen), portraits)
    apart = {name: deviation(channels_first(received[name]), seen) for name, seen in definition.seen.items()}
    assert (list(apart)[-1], max(apart.values()) < 1e-4) == ("inception_3c_3x3_conv1_relu", True)


def test_what_is_missing_is_zero(published_partly: "keras.Model") -> None:
    network, missing = published_partly
    names = [name.removesuffix("_w") for name in missing]
    assert [np.abs(network.get_layer(name).get_weights()[0]).max() for name in names] == [0] * 5


def refused(folder: Path) -> str:
    """What the error says about a folder in which a few files are wrong and the others are not there."""
    with pytest.raises(WeightsError) as caught:
        load_partial(folder)
    return str(caught.value)


def refused_file(folder: Path, content: bytes, *, name: str = "bn1_b") -> str:
    (folder / f"{name}.csv").write_bytes(content)
    return refused(folder)


def numbers(count: int) -> bytes:
    return b",".join([b"0.25"] * count) + b"\n"


once = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@once
@given(st.integers(1, 400).filter(lambda count: count != 64))
def test_another_count_of_numbers_is_refused(tmp_path: Path, count: int) -> None:
    assert f"bn1_b (expected 64 numbers [64], received {count})" in refused_file(tmp_path, numbers(count))


@once
@given(st.integers(0, len(numbers(64)) - 1))
def test_a_truncated_file_is_refused(tmp_path: Path, length: int) -> None:
    assert "received the end of the file" in refused_file(tmp_path, numbers(64)[:length])


@once
@given(st.integers(0, 63), st.sampled_from([b"nan", b"-inf", b"inf", b"1e39", b"-1e400"]))
def test_a_number_that_is_none_is_refused(tmp_path: Path, place: int, text: bytes) -> None:
    texts = [b"0.25"] * 64
    texts[place] = text
    assert "expected finite numbers" in refused_file(tmp_path, b",".join(texts) + b"\n")


@once
@given(st.integers(0, 63), st.sampled_from([b"", b"x", b"0x10", b"1 2", b"1;2", b"\xff", b"\0", b"1\n2", b"1..2"]))
def test_text_is_refused(tmp_path: Path, place: int, text: bytes) -> None:
    texts = [b"0.25"] * 64
    texts[place] = text
    assert "expected numbers, received other text" in refused_file(tmp_path, b",".join(texts) + b"\n")


@once
@given(st.binary(max_size=300))
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "damaged: bn1_b (" in refused_file(tmp_path, content)


def test_a_file_too_large_for_its_tensor_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "bn1_b.csv").open("wb") as file:
        file.truncate(1 << 40)
    assert f"expected at most 2080 bytes, received {1 << 40}" in refused(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "bn1_b.csv")
    assert "bn1_b (expected a file)" in refused(tmp_path)


def test_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bn1_b.csv").symlink_to(tmp_path / "nowhere")
    assert "bn1_b (cannot be read: No such file or directory)" in refused(tmp_path)


def test_a_negative_variance_is_refused(tmp_path: Path) -> None:
    content = numbers(64).replace(b"0.25", b"-0.25", 1)
    assert "bn1_v (expected variances, received -0.25)" in refused_file(tmp_path, content, name="bn1_v")


def test_a_copy_with_numbers_of_its_own_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inception_5a_3x3_bn1_m.csv").write_bytes(numbers(96))
    content = numbers(96).replace(b"0.25", b"0.5", 1)
    said = refused_file(tmp_path, content, name="inception_5a_3x3_conv2_m")
    assert "inception_5a_3x3_conv2_m (expected the numbers of inception_5a_3x3_bn1_m)" in said


def test_everything_wrong_with_a_folder_is_in_one_error(tmp_path: Path) -> None:
    (tmp_path / "conv4_w.csv").write_bytes(numbers(1))
    (tmp_path / "conv1_b.csv").write_bytes(numbers(63))
    (tmp_path / "conv2_b.csv").write_bytes(numbers(64).replace(b"0.25", b"nan"))
    with pytest.raises(WeightsError) as caught:
        load(tmp_path)
    parts = [
        "missing: conv1_w, bn1_w, ",
        "left over: conv4_w; ",
        "damaged: conv1_b (expected 64",
        ", conv2_b (expected",
    ]
    assert [part for part in parts if part not in str(caught.value)] == []


def test_files_of_another_kind_are_no_tensors(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("weights")
    (tmp_path / "conv1_b.csv").write_bytes(numbers(63))
    assert "README" not in refused(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"Cannot read the weights in .*: No such file or directory"):
        load(tmp_path / "nowhere")
