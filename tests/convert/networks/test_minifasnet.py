"""MiniFASNet in Keras gives what its PyTorch definition gives, and takes no state dict but its own."""

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convert.errors import WeightsError
from convert.networks.minifasnet import STAGES, Variant, minifasnet
from convert.tensorflow_backend import load_tensorflow
from convert.weights.minifasnet import expected_shapes, load
from convert.weights.torch_file import read_state_dict

if TYPE_CHECKING:
    import keras

PUBLISHED = {Variant.V2: "2.7_80x80_MiniFASNetV2.pth", Variant.V1SE: "4_0_0_80x80_MiniFASNetV1SE.pth"}
OF_TRAINING = ("running_mean", "running_var")

State = dict[str, np.ndarray]


class Definition:
    """The PyTorch definition of the networks in NumPy, float64: [n, 3, 80, 80] BGR 0..255 to logits [n, 3]."""

    def __init__(self, state: State) -> None:
        self.state = {name.removeprefix("module."): tensor.astype(np.float64) for name, tensor in state.items()}

    def __call__(self, x: np.ndarray) -> np.ndarray:
        x = self.block("conv1", x, stride=2, pad=1)
        x = self.block("conv2_dw", x, pad=1, grouped=True)
        for down, residuals in (("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5")):
            x = self.bottleneck(down, x, stride=2)
            for number in range(self.count(residuals)):
                x = x + self.bottleneck(f"{residuals}.model.{number}", x, stride=1)
        x = self.block("conv_6_sep", x)
        x = self.norm("conv_6_dw.bn", self.convolution("conv_6_dw.conv", x, grouped=True))
        x = x.reshape(len(x), -1) @ self.state["linear.weight"].T
        return self.norm("bn", x) @ self.state["prob.weight"].T

    def count(self, stage: str) -> int:
        return len({name.split(".")[2] for name in self.state if name.startswith(f"{stage}.model.")})

    def bottleneck(self, name: str, x: np.ndarray, *, stride: int) -> np.ndarray:
        x = self.block(f"{name}.conv", x)
        x = self.block(f"{name}.conv_dw", x, stride=stride, pad=1, grouped=True)
        x = self.norm(f"{name}.project.bn", self.convolution(f"{name}.project.conv", x))
        return self.excited(f"{name}.se_module", x) if f"{name}.se_module.fc1.weight" in self.state else x

    def excited(self, name: str, x: np.ndarray) -> np.ndarray:
        y = self.convolution(f"{name}.fc1", x.mean(axis=(2, 3), keepdims=True))
        y = self.convolution(f"{name}.fc2", np.maximum(self.norm(f"{name}.bn1", y), 0))
        return np.asarray(x / (1 + np.exp(-self.norm(f"{name}.bn2", y))))

    def block(self, name: str, x: np.ndarray, **geometry: Any) -> np.ndarray:
        x = self.norm(f"{name}.bn", self.convolution(f"{name}.conv", x, **geometry))
        slopes = self.state[f"{name}.prelu.weight"].reshape(-1, 1, 1)
        return np.where(x > 0, x, slopes * x)

    def norm(self, name: str, x: np.ndarray) -> np.ndarray:
        parts = ("weight", "bias", "running_mean", "running_var")
        form = (-1,) + (1,) * (x.ndim - 2)
        gamma, beta, mean, variance = (self.state[f"{name}.{part}"].reshape(form) for part in parts)
        return np.asarray((x - mean) / np.sqrt(variance + 1e-5) * gamma + beta)

    def convolution(
        self, name: str, x: np.ndarray, *, stride: int = 1, pad: int = 0, grouped: bool = False
    ) -> np.ndarray:
        kernel = self.state[f"{name}.weight"]
        x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        if grouped:
            return np.asarray(np.einsum("nchwij,cij->nchw", windows, kernel[:, 0]))
        return np.moveaxis(np.tensordot(windows, kernel, axes=([1, 4, 5], [1, 2, 3])), -1, 1)


def random_state(variant: Variant) -> State:
    """Numbers with which what the pixels say neither runs away nor dies out on its way to the logits."""
    rng = np.random.default_rng(1)

    def tensor(name: str, shape: tuple[int, ...]) -> np.ndarray:
        match name.split(".")[-2:]:
            case [_, "running_var"]:
                return rng.uniform(0.5, 2, shape)
            case [_, "running_mean" | "bias"]:
                return rng.uniform(-0.2, 0.2, shape)
            case ["prelu", _]:
                return rng.uniform(0, 0.5, shape)
        return rng.uniform(0.8, 1.6, shape) if len(shape) == 1 else rng.normal(0, np.prod(shape[1:]) ** -0.5, shape)

    state = {name: tensor(name, shape) for name, shape in expected_shapes(minifasnet(variant)).items()}
    state["module.conv1.bn.running_var"] *= 128**2
    return {name: numbers.astype(np.float32) for name, numbers in state.items()}


def random_crops() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 80, 80, 3)).astype(np.float32)


def torch_stand_in() -> dict[str, types.ModuleType]:
    """Modules whose names are written into the file; nothing of them is ever called."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    exec("def _rebuild_tensor_v2(*arguments): raise AssertionError", utils.__dict__)
    return {"torch": torch, "torch._utils": utils}


def write_state(state: State, path: Path) -> Path:
    """The state dict as PyTorch writes it, a zip archive with a pickle of protocol 2, without PyTorch."""
    modules = torch_stand_in()

    class Pickler(pickle.Pickler):
        def reducer_override(self, value: object) -> Any:
            if not isinstance(value, np.ndarray):
                return NotImplemented
            strides = tuple(step // value.itemsize for step in value.strides)
            arguments: tuple[object, ...] = (Stored(value), 0, value.shape, strides, False, OrderedDict())
            return modules["torch._utils"]._rebuild_tensor_v2, arguments

        def persistent_id(self, value: object) -> object:
            if not isinstance(value, Stored):
                return None
            kind = modules["torch"].FloatStorage if value.tensor.dtype == np.float32 else modules["torch"].LongStorage
            tensors.append(value.tensor)
            return "storage", kind, str(len(tensors) - 1), "cuda:0", value.tensor.size

    tensors: list[np.ndarray] = []
    described = io.BytesIO()
    with pytest.MonkeyPatch.context() as patched:
        for name, module in modules.items():
            patched.setitem(sys.modules, name, module)
        Pickler(described, protocol=2).dump(OrderedDict(state))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", described.getvalue())
        for key, tensor in enumerate(tensors):
            archive.writestr(f"net/data/{key}", tensor.tobytes())
    return path


class Stored:
    def __init__(self, tensor: np.ndarray) -> None:
        self.tensor = tensor


@pytest.fixture(scope="module", autouse=True)
def _tensorflow() -> None:
    load_tensorflow()


@pytest.fixture(scope="module")
def state() -> State:
    return random_state(Variant.V2)


@pytest.fixture(scope="module")
def network(state: State, tmp_path_factory: pytest.TempPathFactory) -> "keras.Model":
    return load(write_state(state, tmp_path_factory.mktemp("state") / "net.pth"), Variant.V2)


@pytest.fixture(scope="module")
def excited_state() -> State:
    return random_state(Variant.V1SE)


@pytest.fixture(scope="module")
def excited(excited_state: State, tmp_path_factory: pytest.TempPathFactory) -> "keras.Model":
    return load(write_state(excited_state, tmp_path_factory.mktemp("excited") / "net.pth"), Variant.V1SE)


def logits(model: "keras.Model", crops: np.ndarray) -> np.ndarray:
    return np.asarray(model(crops, training=False))


def defined(state: State, crops: np.ndarray) -> np.ndarray:
    """What the definition says of RGB crops, which it wants as BGR, channels first."""
    return Definition(state)(crops[..., ::-1].transpose(0, 3, 1, 2))


def off(model: "keras.Model", state: State) -> float:
    """How far the network lies from the definition, as a share of the largest logit."""
    expected = defined(state, random_crops())
    return float(np.abs(logits(model, random_crops()) - expected).max() / np.abs(expected).max())


def test_the_network_gives_what_its_definition_gives(network: "keras.Model", state: State) -> None:
    assert off(network, state) < 1e-5


def test_so_does_the_one_with_squeeze_and_excitation(excited: "keras.Model", excited_state: State) -> None:
    assert off(excited, excited_state) < 1e-5


@pytest.mark.parametrize("variant", list(Variant))
def test_the_published_weights_give_what_the_definition_gives(variant: Variant, lintel_data: Path) -> None:
    path = lintel_data / "weights" / "minifasnet" / PUBLISHED[variant]
    assert off(load(path, variant), read_state_dict(path)) < 1e-5


def test_what_the_random_network_gives_hangs_on_the_order_of_colors(network: "keras.Model") -> None:
    given, turned = logits(network, random_crops()), logits(network, random_crops()[..., ::-1])
    assert np.abs(given - turned).max() > 1e-2 * np.abs(given).max()


def test_the_networks_have_keras_s_own_layers_alone(network: "keras.Model", excited: "keras.Model") -> None:
    """So they are loaded back in safe mode."""
    kinds = {type(layer).__name__ for model in (network, excited) for layer in model.layers}
    assert kinds == {
        *("InputLayer", "ZeroPadding2D", "Conv2D", "DepthwiseConv2D", "BatchNormalization", "PReLU", "Add"),
        *("GlobalAveragePooling2D", "ReLU", "Activation", "Multiply", "Flatten", "Dense"),
    }


def test_v2_has_as_many_weights_as_published(network: "keras.Model") -> None:
    counts = [np.prod(shape) for name, shape in expected_shapes(network).items() if not name.endswith(OF_TRAINING)]
    assert round(sum(counts) / 1e6, 2) == 0.43


def test_v1_without_squeeze_excitation_has_the_published_size(excited: "keras.Model") -> None:
    shapes = expected_shapes(excited)
    plain = {name: shape for name, shape in shapes.items() if "se_module" not in name}
    assert round(sum(np.prod(plain[name]) for name in plain if not name.endswith(OF_TRAINING)) / 1e6, 2) == 0.41


def test_stages_halve_the_map(network: "keras.Model") -> None:
    ends = [f"{stage.name}.model.{len(stage.widths) - 1}.sum" for stage in STAGES[Variant.V2]]
    assert [network.get_layer(name).output.shape[1:] for name in ends] == [(20, 20, 64), (10, 10, 128), (5, 5, 128)]


def test_missing_extra_and_misshapen_tensors_are_one_error(state: State, tmp_path: Path) -> None:
    altered = {name: tensor for name, tensor in state.items() if name != "module.linear.weight"}
    altered["module.extra.weight"] = np.zeros(3, np.float32)
    altered["module.bn.num_batches_tracked"] = np.zeros(2, np.float32)
    altered["module.prob.weight"] = np.zeros((4, 128), np.float32)
    altered["module.bn.bias"] = np.zeros(128, np.int64)
    with pytest.raises(WeightsError) as caught:
        load(write_state(altered, tmp_path / "net.pth"), Variant.V2)
    assert caught.value.message.endswith(
        "missing: module.linear.weight [128, 512]; "
        "left over: module.bn.num_batches_tracked [2], module.extra.weight [3]; of another form: "
        "module.bn.bias (expected [128], received int64 [128]), "
        "module.prob.weight (expected [3, 128], received float32 [4, 128])."
    )


def test_counters_of_batches_are_left_out(network: "keras.Model", state: State, tmp_path: Path) -> None:
    counted = {**state, "module.bn.num_batches_tracked": np.array(7, np.int64)}
    model = load(write_state(counted, tmp_path / "net.pth"), Variant.V2)
    assert np.array_equal(logits(model, random_crops()), logits(network, random_crops()))


def test_negative_variances_are_refused(state: State, tmp_path: Path) -> None:
    altered = {**state, "module.bn.running_var": np.full(128, -1, np.float32)}
    with pytest.raises(WeightsError, match=r"negative variance in module\.bn\.running_var"):
        load(write_state(altered, tmp_path / "net.pth"), Variant.V2)


def test_one_variant_does_not_take_the_other_s_weights(state: State, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"missing: .*se_module"):
        load(write_state(state, tmp_path / "net.pth"), Variant.V1SE)
