"""MobileFaceNet in Keras: the paper's table, and with the published weights what onnxruntime makes of the same file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from convert.errors import WeightsError
from convert.networks.mobilefacenet import BOTTLENECKS, Variant, mobilefacenet
from convert.tensorflow_backend import quiet
from convert.weights.mobilefacenet import expected_shapes, load, names_in_file

if TYPE_CHECKING:
    import keras

PAPER_S_TABLE = {
    "stem.prelu": (56, 56, 64),
    "stem.depthwise.prelu": (56, 56, 64),
    "bottleneck1.project.norm": (28, 28, 64),
    "bottleneck5.sum": (28, 28, 64),
    "bottleneck6.project.norm": (14, 14, 128),
    "bottleneck12.sum": (14, 14, 128),
    "bottleneck13.project.norm": (7, 7, 128),
    "bottleneck15.sum": (7, 7, 128),
    "head.prelu": (7, 7, 512),
    "global.norm": (1, 1, 512),
    "projection.norm": (1, 1, 128),
}
"""The output of each row of table 1 in arXiv:1804.07573, which gives it as the input of the next."""

HALVING = (1, 6, 13)
"""The bottlenecks that halve the map, and so have no shortcut."""

Tensors = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def paper() -> "keras.Model":
    return mobilefacenet()


@pytest.fixture(scope="module")
def foamliu() -> "keras.Model":
    return mobilefacenet(variant=Variant.FOAMLIU)


@pytest.fixture(scope="module")
def tensors(foamliu: "keras.Model") -> Tensors:
    """Random numbers under the published file's names, with which pixels still count in the end."""
    rng = np.random.default_rng(0)
    return {
        name: rng.normal(0, (2 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.2, shape).astype(np.float32)
        for name, shape in expected_shapes(foamliu).items()
    }


@pytest.fixture(scope="module")
def generated(tensors: Tensors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    Exported(tensors).write(path)
    return path


@pytest.fixture(scope="module")
def imported(generated: Path) -> "keras.Model":
    return load(generated)


class Exported:
    """foamliu's definition read aloud as PyTorch's exporter writes it down: batch normalizations folded, pads given."""

    def __init__(self, tensors: Tensors) -> None:
        self.tensors = tensors
        self.nodes: list[onnx.NodeProto] = []

    def write(self, path: Path) -> None:
        ends = helper.make_tensor_value_info
        result = self.network("input0")
        graph = helper.make_graph(
            self.nodes,
            "net",
            [ends("input0", TensorProto.FLOAT, [1, 3, 112, 112])],
            [ends(result, TensorProto.FLOAT, [1, 128])],
            initializer=[numpy_helper.from_array(tensor, name) for name, tensor in self.tensors.items()],
        )
        model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 18)])
        path.write_bytes(model.SerializeToString())

    def network(self, x: str) -> str:
        x = self.relu6(self.convolution("stem", x, stride=2))
        x = self.node("Relu", self.convolution("stem.depthwise", x))
        x = self.node("Relu", self.convolution("stem.pointwise", x))
        for number in range(1, 16):
            y = self.relu6(self.convolution(f"bottleneck{number}.expand", x))
            y = self.relu6(self.convolution(f"bottleneck{number}.depthwise", y, stride=2 if number in HALVING else 1))
            y = self.convolution(f"bottleneck{number}.project", y)
            x = y if number in HALVING else self.node("Add", x, y)
        x = self.relu6(self.convolution("head", x))
        return self.node("Flatten", self.convolution("projection", self.convolution("global", x)))

    def relu6(self, x: str) -> str:
        bounds = (numpy_helper.from_array(np.array(bound, np.float32)) for bound in (0, 6))
        return self.node("Clip", x, *(self.node("Constant", value=bound) for bound in bounds))

    def convolution(self, name: str, x: str, *, stride: int = 1) -> str:
        kernel, bias = names_in_file()[name]
        outputs, inputs, size, _ = self.tensors[kernel].shape
        groups = outputs if inputs == 1 else 1
        return self.node("Conv", x, kernel, bias, strides=[stride] * 2, pads=[int(size == 3)] * 4, group=groups)

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        result = f"result{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [result], **attributes))
        return result


def chips() -> np.ndarray:
    """Noise, coarse noise, black and white."""
    noise = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3))
    coarse = noise[1, ::28, ::28].repeat(28, axis=0).repeat(28, axis=1)
    return np.stack([noise[0], coarse, np.zeros_like(coarse), np.full_like(coarse, 255)]).astype(np.float32)


def outputs(model: "keras.Model", pixels: np.ndarray) -> np.ndarray:
    return np.asarray(model(pixels, training=False))


def by_onnxruntime(path: Path, pixels: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    normalized = ((pixels - 127.5) / 128).astype(np.float32).transpose(0, 3, 1, 2)
    return np.concatenate([session.run(None, {"input0": chip[np.newaxis]})[0] for chip in normalized])


def weights_of(model: "keras.Model", *, folded: bool) -> int:
    """Kernels, slopes, and of each batch normalization gain and offset, or the offset alone if it is folded."""
    norms = sum(layer.gamma.shape[0] for layer in model.layers if layer.name.endswith(".norm"))
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return trained - norms if folded else trained


@pytest.mark.parametrize("layer", list(PAPER_S_TABLE))
def test_the_network_has_the_maps_of_the_paper_s_table(paper: "keras.Model", layer: str) -> None:
    assert paper.get_layer(layer).output.shape[1:] == PAPER_S_TABLE[layer]


def test_fifteen_bottlenecks_of_which_three_halve_the_map() -> None:
    halving = tuple(number for number, block in enumerate(BOTTLENECKS, start=1) if not block.residual)
    assert (len(BOTTLENECKS), halving) == (15, HALVING)


def test_the_network_has_as_many_weights_as_the_paper_says(paper: "keras.Model") -> None:
    assert round(weights_of(paper, folded=True) / 1e6, 2) == 0.99


def test_in_float32_the_network_is_as_large_as_the_paper_says(paper: "keras.Model") -> None:
    assert f"{4 * weights_of(paper, folded=True) / 1e6:.1f} MB" == "4.0 MB"


def test_variant_adds_a_convolution_and_lacks_slopes(paper: "keras.Model", foamliu: "keras.Model") -> None:
    slopes = sum(layer.alpha.shape[-1] for layer in paper.layers if layer.name.endswith(".prelu"))
    added = 64 * 64 + 2 * 64
    assert weights_of(foamliu, folded=False) == weights_of(paper, folded=False) - slopes + added


def test_the_published_file_has_a_number_for_every_weight(foamliu: "keras.Model") -> None:
    assert sum(np.prod(shape) for shape in expected_shapes(foamliu).values()) == 989_952


def test_slopes_are_one_a_channel(paper: "keras.Model") -> None:
    shapes = {layer.alpha.shape[:2] for layer in paper.layers if layer.name.endswith(".prelu")}
    assert shapes == {(1, 1)}


def test_an_embedding_may_have_another_length() -> None:
    assert mobilefacenet(length=64).output_shape == (None, 64)


def test_the_first_layer_normalizes_pixels(paper: "keras.Model") -> None:
    layer = paper.get_layer("normalization")
    assert np.allclose(layer(np.array([0, 127.5, 255], np.float32)), np.array([-127.5, 0, 127.5]) / 128)


def test_the_network_gives_what_onnxruntime_gives(imported: "keras.Model", generated: Path) -> None:
    expected = by_onnxruntime(generated, chips())
    assert np.abs(outputs(imported, chips()) - expected).max() < 1e-4 * np.abs(expected).max()


def test_what_the_generated_network_gives_hangs_on_the_pixels(generated: Path) -> None:
    assert by_onnxruntime(generated, chips()).std(axis=0).min() > 1e-2


def test_the_published_weights_give_what_onnxruntime_gives(lintel_data: Path) -> None:
    path = lintel_data / "weights" / "mobilefacenet" / "MobileFaceNet.onnx"
    expected = by_onnxruntime(path, chips())
    assert np.abs(outputs(load(path), chips()) - expected).max() < 1e-4


def test_imported_normalizations_are_frozen(imported: "keras.Model") -> None:
    assert {layer.trainable for layer in imported.layers if layer.name.endswith(".norm")} == {False}


def test_frozen_normalizations_give_the_same_in_training(imported: "keras.Model") -> None:
    assert np.array_equal(imported(chips(), training=True), imported(chips(), training=False))


def test_the_network_is_loaded_back_in_safe_mode(imported: "keras.Model", tmp_path: Path) -> None:
    import keras

    with quiet():
        imported.save(tmp_path / "net.keras")
        again = keras.models.load_model(tmp_path / "net.keras", safe_mode=True)
    assert np.array_equal(outputs(again, chips()), outputs(imported, chips()))


def test_missing_extra_and_misshapen_tensors_are_one_error(tensors: Tensors, tmp_path: Path) -> None:
    altered = {name: tensor for name, tensor in tensors.items() if name != "onnx::Conv_530"}
    altered |= {"extra": np.zeros(3, np.float32), "onnx::Conv_680": np.zeros(64, np.float32)}
    path = tmp_path / "net.onnx"
    initializers = [numpy_helper.from_array(tensor, name) for name, tensor in altered.items()]
    path.write_bytes(
        helper.make_model(helper.make_graph([], "net", [], [], initializer=initializers)).SerializeToString()
    )
    with pytest.raises(WeightsError) as caught:
        load(path)
    assert caught.value.message == (
        "Not the tensors of foamliu's MobileFaceNet. missing: onnx::Conv_530 [64]; left over: extra [3]; "
        "of another form: onnx::Conv_680 (expected [128], received float32 [64])."
    )


def test_the_file_s_names_run_from_the_stem_to_the_projection() -> None:
    names = names_in_file()
    assert (names["stem"], names["projection"]) == (
        ("onnx::Conv_529", "onnx::Conv_530"),
        ("onnx::Conv_679", "onnx::Conv_680"),
    )
