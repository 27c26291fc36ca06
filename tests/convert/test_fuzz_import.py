"""Whatever a file holds, an importer gives a network or a `LintelError`, and takes no more memory than the file may."""

import json
import random
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.conversion.named_network import load_network, spec_of
from convert.errors import WeightsError
from convert.spec import NetworkSpec, write_network
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights import dlib, dlib_layout, mobilefacenet, onnx_file, openface, torch_file
from convert.weights.keras_files.archive import load_weights_into, read_network
from convert.weights.keras_files.config import parse_config
from convert.weights.keras_files.hdf5 import opened, stored_tensors
from convert.weights.keras_files.saved_model import GRAPH, check_saved_model
from device.vision.manifest import Alignment, Source
from tests.convert.mutations import FEW, MUTATIONS, Mutation, survives

if TYPE_CHECKING:
    import keras


def network() -> "keras.Model":
    load_tensorflow()
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    pixels = keras.Input((8, 8, 3), name="pixels")
    x = layers.Conv2D(4, 3, name="conv")(pixels)
    return keras.Model(pixels, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)), name="small")


@pytest.fixture(scope="module")
def own() -> "keras.Model":
    return network()


@pytest.fixture(scope="module")
def files(own: "keras.Model", tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    with quiet():
        own.save(folder / "net.keras")
        own.save(folder / "net.h5")
        own.save_weights(folder / "net.weights.h5")
        own.export(folder / "saved", verbose=False)
    return folder


@FEW
@given(MUTATIONS, st.sampled_from(["net.keras", "net.h5"]))
def test_a_damaged_keras_file(files: Path, mutation: Mutation, name: str) -> None:
    path = files / f"damaged-{name}"
    path.write_bytes(mutation((files / name).read_bytes()))
    survives(lambda: read_network(path))


@pytest.fixture(scope="module")
def imported(own: "keras.Model", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with its sidecar, as `quantize` takes it."""
    path = tmp_path_factory.mktemp("imported") / "small.keras"
    alignment = Alignment(size_px=8, template=((2.0, 3.0), (5.0, 3.0)), landmarks=(33, 263))
    source = Source(package="own", member="net.keras", member_sha256="0" * 64)
    spec = NetworkSpec(
        spec_version=1,
        name="small",
        description="",
        alignment=alignment,
        length=5,
        source=source,
        license="MIT",
        terms="",
    )
    write_network(own, spec, path)
    return path


def test_an_undamaged_network_is_what_the_quantizer_takes(imported: Path) -> None:
    assert load_network(str(imported), spec_of(str(imported))).output_shape == (None, 5)


@FEW
@given(MUTATIONS, st.sampled_from([".keras", ".json"]))
def test_a_damaged_network_or_sidecar_for_the_quantizer(
    imported: Path, tmp_path_factory: pytest.TempPathFactory, mutation: Mutation, suffix: str
) -> None:
    folder = shutil.copytree(imported.parent, tmp_path_factory.mktemp("damaged") / "copy")
    path = folder / imported.name
    altered = path.with_suffix(suffix)
    altered.write_bytes(mutation(altered.read_bytes()))
    survives(lambda: load_network(str(path), spec_of(str(path))))


@FEW
@given(MUTATIONS, st.sampled_from(["net.weights.h5", "net.h5"]))
def test_damaged_weights(files: Path, own: "keras.Model", mutation: Mutation, name: str) -> None:
    path = files / f"damaged-{name}"
    path.write_bytes(mutation((files / name).read_bytes()))
    survives(lambda: load_weights_into(own, path))


@FEW
@given(MUTATIONS)
def test_a_damaged_hdf5_file(files: Path, mutation: Mutation) -> None:
    path = files / "damaged.h5"
    path.write_bytes(mutation((files / "net.weights.h5").read_bytes()))

    def read() -> None:
        with opened(path) as file:
            stored_tensors(file)

    survives(read)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["class_name", "module", "config", "layers", "name", "seed"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(FEW, max_examples=100)
@given(JSON)
def test_a_description_of_anything(config: object) -> None:
    survives(lambda: parse_config(json.dumps(config).encode()))


@pytest.mark.slow(small="test_a_description_of_anything")
@settings(FEW, max_examples=12)
@given(st.integers(0, 1 << 30), JSON)
def test_a_description_with_anything_in_one_place(files: Path, seed: int, value: object) -> None:
    with zipfile.ZipFile(files / "net.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    holder, key = random.Random(seed).choice(list(places(config)))
    holder[key] = value
    path = files / "damaged.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, "config.json": json.dumps(config).encode()}.items():
            archive.writestr(name, content)
    survives(lambda: read_network(path))


def places(value: dict[str, Any] | list[Any]) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value: the object or list, and the key in it."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


@FEW
@given(MUTATIONS, st.sampled_from([GRAPH, "variables/variables.index", "variables/variables.data-00000-of-00001"]))
def test_a_damaged_saved_model(files: Path, mutation: Mutation, name: str) -> None:
    folder = Path(shutil.copytree(files / "saved", files / "damaged", dirs_exist_ok=True))
    (folder / name).write_bytes(mutation((files / "saved" / name).read_bytes()))
    survives(lambda: check_saved_model(folder))


@pytest.fixture(scope="module")
def onnx_content() -> bytes:
    from onnx import helper, numpy_helper

    tensors = [numpy_helper.from_array(np.ones((2, 3), np.float32), f"onnx::Conv_{n}") for n in (529, 530)]
    node = helper.make_node("Identity", ["x"], ["y"])
    value = [helper.make_tensor_value_info(name, 1, [1]) for name in "xy"]
    graph = helper.make_graph([node], "net", value[:1], value[1:], tensors)
    return bytes(helper.make_model(graph).SerializeToString())


@settings(FEW, max_examples=100)
@given(MUTATIONS)
def test_a_damaged_onnx_file(tmp_path_factory: pytest.TempPathFactory, onnx_content: bytes, mutation: Mutation) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    path.write_bytes(mutation(onnx_content))
    survives(lambda: onnx_file.read_initializers(path))


def test_an_onnx_file_of_another_network(tmp_path: Path, onnx_content: bytes) -> None:
    (tmp_path / "net.onnx").write_bytes(onnx_content)
    with pytest.raises(WeightsError, match="Not the tensors of foamliu's MobileFaceNet"):
        mobilefacenet.load(tmp_path / "net.onnx")


def state_dict() -> bytes:
    """A state dict as PyTorch pickles it: one storage of four numbers, and one tensor on it."""
    return (
        b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01X\x01\x00\x00\x00wq\x02ctorch._utils\n_rebuild_tensor_v2\nq\x03"
        b"((X\x07\x00\x00\x00storageq\x04ctorch\nFloatStorage\nq\x05X\x01\x00\x00\x000q\x06X\x03\x00\x00\x00cpuq\x07"
        b"K\x04tq\x08QK\x00K\x02K\x02\x86q\tK\x02K\x01\x86q\n\x89h\x00)Rq\x0btq\x0cRq\rs."
    )


@pytest.fixture(scope="module")
def torch_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("torch") / "net.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", state_dict())
        archive.writestr("net/data/0", np.arange(4, dtype="<f4").tobytes())
        archive.writestr("net/version", b"3\n")
    return path


def test_an_undamaged_state_dict_is_read(torch_archive: Path) -> None:
    assert {name: tensor.tolist() for name, tensor in torch_file.read_state_dict(torch_archive).items()} == {
        "w": [[0.0, 1.0], [2.0, 3.0]]
    }


@settings(FEW, max_examples=100)
@given(MUTATIONS)
def test_a_damaged_state_dict(torch_archive: Path, mutation: Mutation) -> None:
    path = torch_archive.with_name("damaged.pth")
    path.write_bytes(mutation(torch_archive.read_bytes()))
    survives(lambda: torch_file.read_state_dict(path))


@settings(FEW, max_examples=100)
@given(MUTATIONS)
def test_a_damaged_pickle_in_a_sound_archive(torch_archive: Path, mutation: Mutation) -> None:
    path = torch_archive.with_name("pickle.pth")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", mutation(state_dict()))
        archive.writestr("net/data/0", np.arange(4, dtype="<f4").tobytes())
    survives(lambda: torch_file.read_state_dict(path))


@settings(FEW, max_examples=3)
@given(MUTATIONS)
def test_a_damaged_csv_folder(tmp_path_factory: pytest.TempPathFactory, mutation: Mutation) -> None:
    folder = tmp_path_factory.getbasetemp() / "csv"
    folder.mkdir(exist_ok=True)
    (folder / "bn1_b.csv").write_bytes(mutation(b",".join([b"0.5"] * 64)))
    survives(lambda: openface.load(folder))


HEADERS = b"".join(piece.content for piece in dlib_layout.layout() if isinstance(piece, dlib_layout.Fixed))[:4096]


@settings(FEW, max_examples=100)
@given(MUTATIONS)
def test_a_damaged_dlib_file(mutation: Mutation) -> None:
    survives(lambda: dlib.parse(mutation(HEADERS)))
