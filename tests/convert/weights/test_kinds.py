"""A file that is not taken is called what it is, and the error says what is taken."""

import io
import zipfile
from pathlib import Path

import pytest

from convert.errors import WeightsError
from convert.importing import OwnNetwork, import_own
from convert.weights.kinds import Kind, kind_of
from device.vision.models import shipped_models_dir
from tests.convert.weights.onnx_files.bench import Net


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as into:
        for name in names:
            into.writestr(name, b"x")
    return content.getvalue()


def onnx() -> bytes:
    net = Net()
    return bytes(net.model(net.node("Flatten", "image")).SerializeToString())


FILES = {
    "a .keras file": (archive("config.json", "model.weights.h5"), Kind.KERAS),
    "a PyTorch archive": (archive("net/data.pkl", "net/data/0"), Kind.PYTORCH),
    "an older PyTorch file": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", Kind.PYTORCH),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(8), Kind.HDF5),
    "ONNX": (onnx(), Kind.ONNX),
    "a frozen graph": (b"\nX\n\x01x\x12\x0bPlaceholder*\x1c\n\x05shape", Kind.GRAPH),
    "a SavedModel's graph": (b"\x08\x01\x12\xfeR\n\xb9\x0c\x12\x89", Kind.SAVED_MODEL),
    "safetensors": (b"\x40" + bytes(7) + b'{"conv.weight": {"dtype": "F32"}}', Kind.SAFETENSORS),
    "a web page": (b"<!DOCTYPE html><html>", Kind.UNKNOWN),
    "nothing": (b"", Kind.UNKNOWN),
}


@pytest.mark.parametrize("name", FILES)
def test_file_is_known_by_its_first_bytes(name: str, tmp_path: Path) -> None:
    content, kind = FILES[name]
    (tmp_path / "file.h5").write_bytes(content)
    assert kind_of(tmp_path / "file.h5") is kind


def refused(path: Path, network: str | None = None) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        import_own("mine", path, path.parent / "out", OwnNetwork(112, "arcface", "MIT", network=network))
    return caught.value


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("a PyTorch archive", "is a PyTorch file", "torch.onnx.export("),
        ("a frozen graph", "is a TensorFlow graph (.pb)", "SavedModel folder"),
        ("a SavedModel's graph", "is the graph of a SavedModel alone", "Name its folder"),
        ("safetensors", "is a safetensors file", "export the network as ONNX"),
        ("a web page", "is a file of an unknown kind", "downloaded completely"),
    ],
)
def test_import_says_what_a_file_is_and_what_is_taken(name: str, said: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "net.h5").write_bytes(FILES[name][0])
    error = refused(tmp_path / "net.h5")
    assert (said in error.message, ".keras, .h5 or .onnx file" in error.message, hint in error.hint) == (True,) * 3


def test_tensorflow_lite_file_is_called_so() -> None:
    path = shipped_models_dir() / "face-embedding.tflite"
    assert "is a TensorFlow Lite file" in refused(path).message


def test_whole_network_is_not_taken_for_weights_alone(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(onnx())
    assert "leave out --network" in refused(tmp_path / "net.onnx", network="mobilefacenet").hint


def test_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.keras").message
