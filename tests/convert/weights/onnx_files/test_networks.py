"""Whole networks: from ONNX to Keras they give what onnxruntime gives, and go through import and quantization."""

from pathlib import Path

import numpy as np
import pytest

from convert.conversion.runtimes import TfliteFile
from convert.importing import OwnNetwork, import_own
from convert.quantize import Quantization, quantize
from convert.weights.keras_files.archive import read_network
from convert.weights.onnx_files.network import read_onnx_network
from tests.convert.weights.onnx_files.bench import cosines, noise, runtime_gives
from tests.convert.weights.onnx_files.networks import LENGTH, NETWORKS, SIZE


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, paths = tmp_path_factory.mktemp("onnx"), {}
    for name, make in NETWORKS.items():
        net, result = make()
        paths[name] = net.write(folder / f"{name}.onnx", result)
    return paths


@pytest.mark.parametrize("name", NETWORKS)
def test_network_gives_what_onnxruntime_gives(name: str, written: dict[str, Path]) -> None:
    images = noise(SIZE)
    received = np.asarray(read_onnx_network(written[name], SIZE)(images))
    assert received.shape == (3, LENGTH)
    assert cosines(received, runtime_gives(written[name], images)).min() >= 0.9999


@pytest.mark.parametrize("name", NETWORKS)
def test_network_is_imported_with_its_normalization(name: str, written: dict[str, Path], tmp_path: Path) -> None:
    own = OwnNetwork(SIZE, "arcface", "MIT", scale=1 / 128, offset=-127.5 / 128)
    imported = import_own("mine", written[name], tmp_path, own)
    chips = np.random.default_rng(2).integers(0, 256, (2, SIZE, SIZE, 3)).astype(np.float32)
    received = np.asarray(read_network(imported.path)(chips))
    expected = runtime_gives(written[name], ((chips - 127.5) / 128).astype(np.float32))
    assert (imported.spec.length, cosines(received, expected).min() >= 0.9999) == (LENGTH, True)


@pytest.mark.slow(small="test_smallest_network_is_quantized")
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("kind", "least"), [(Quantization.FLOAT32, 0.9999), (Quantization.FULL_INT8, 0.95)])
def test_network_is_quantized(name: str, kind: Quantization, least: float, written: dict[str, Path]) -> None:
    is_as_good_quantized(name, kind, least, written)


@pytest.mark.parametrize(("kind", "least"), [(Quantization.FLOAT32, 0.9999), (Quantization.FULL_INT8, 0.95)])
def test_smallest_network_is_quantized(kind: Quantization, least: float, written: dict[str, Path]) -> None:
    is_as_good_quantized("inception", kind, least, written)


def is_as_good_quantized(name: str, kind: Quantization, least: float, written: dict[str, Path]) -> None:
    own = OwnNetwork(SIZE, "arcface", "MIT", scale=1 / 128, offset=-127.5 / 128)
    chips = np.random.default_rng(3).integers(0, 256, (30, SIZE, SIZE, 3)).astype(np.uint8)
    imported = import_own("mine", written[name], written[name].parent / f"{name}-{kind.value}", own)
    model = read_network(imported.path)
    file = TfliteFile(quantize(model, kind, chips))
    assert np.median(cosines(file.run(chips[:8]), np.asarray(model(chips[:8].astype(np.float32))))) >= least


@pytest.mark.parametrize(
    ("path", "size"),
    [("mobilefacenet/MobileFaceNet.onnx", 112), ("antispoof/best_model_98.20.onnx", 128)],
)
def test_published_network_gives_what_onnxruntime_gives(path: str, size: int, lintel_data: Path) -> None:
    file, images = lintel_data / "weights" / path, noise(size)
    received = np.asarray(read_onnx_network(file, size)(images))
    assert cosines(received, runtime_gives(file, images)).min() >= 0.9999
