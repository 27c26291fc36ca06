"""Keras files: what Keras wrote is read to its last tensor; code and anything odd are refused by name."""

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convert.errors import WeightsError
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights.keras_files import archive
from convert.weights.keras_files.archive import load_weights_into, read_network
from convert.weights.keras_files.config import ALLOWED, parse_config
from tests.convert.weights.keras_files.bench import PIXELS, archive_of, with_layer

if TYPE_CHECKING:
    import keras


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_a_network_comes_back_as_it_was(name: str, files: Path, network: "keras.Model") -> None:
    assert np.array_equal(np.asarray(read_network(files / name)(PIXELS)), np.asarray(network(PIXELS)))


@pytest.mark.parametrize("name", ["net.weights.h5", "net.h5"])
def test_weights_alone_come_into_a_network_one_has(
    name: str, files: Path, network: "keras.Model", fresh: "keras.Model"
) -> None:
    load_weights_into(fresh, files / name)
    assert np.array_equal(np.asarray(fresh(PIXELS)), np.asarray(network(PIXELS)))


def test_what_training_left_is_not_looked_at(tmp_path: Path, parts: dict[str, bytes]) -> None:
    config = json.loads(parts["config.json"])
    config["compile_config"] = {"loss": {"module": "evil", "class_name": "Loss", "config": {}}}
    changed = archive_of(tmp_path / "net.keras", {**parts, "config.json": json.dumps(config).encode()})
    assert read_network(changed).name == "small"


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ({"class_name": "Lambda"}, "Lambda, layer 'normalization', is refused, for it carries Python code"),
        ({"class_name": "TorchModuleWrapper"}, "it unpickles Python objects"),
        ({"class_name": "TFSMLayer"}, "it loads another model from a path"),
        ({"class_name": "StringLookup"}, "it can read files"),
        ({"class_name": "Rescaling", "module": "evil.module"}, r"evil\.module\.Rescaling.* not one of Keras's layers"),
        ({"class_name": "Rescaling", "registered_name": "own>Rescaling"}, "registered as 'own>Rescaling'"),
        ({"class_name": "get_file", "module": "keras.utils"}, r"keras\.utils\.get_file.* not one of Keras's layers"),
        ({"class_name": "Rescaling", "module": ["keras.layers"]}, "not one of Keras's layers"),
        ({"class_name": 7}, "the name of a class is not text"),
        ({"class_name": "Rescaling", "config": {"scale": {"class_name": "__lambda__", "config": {}}}}, "Python code"),
        (
            {"class_name": "Activation", "config": {"activation": {"class_name": "function", "config": "run"}}},
            "a function by its name can be any function",
        ),
        (
            {"class_name": "Rescaling", "build_config": {"a": [{"class_name": "Lambda", "config": {}}]}},
            "it carries Python code",
        ),
        ({"class_name": "Dense", "config": {"units": 1 << 40}}, "has the number 1099511627776"),
        ({"class_name": "Rescaling", "config": {"nonsense": 1}}, "Keras cannot build it"),
    ],
)
def test_description_with_other_than_computing_layers_is_refused(
    layer: dict[str, object], reason: str, parts: dict[str, bytes], tmp_path: Path
) -> None:
    path = archive_of(tmp_path / "net.keras", {**parts, "config.json": with_layer(parts, layer)})
    with pytest.raises(WeightsError, match=reason):
        read_network(path)


@pytest.mark.parametrize(
    ("layer", "config", "reason"),
    [
        ("Dense", {"units": 1_000_000}, "it has 4000000 weights, but its file has"),
        ("UpSampling2D", {"size": 50_000, "name": "wide"}, "layer 'wide' gives 480000000000 numbers"),
    ],
)
def test_a_description_of_what_no_memory_holds_is_refused(
    layer: str, config: dict[str, int | str], reason: str, parts: dict[str, bytes], tmp_path: Path
) -> None:
    layers = [("InputLayer", {"batch_shape": [None, 8, 8, 3]}), (layer, config)]
    entries = [{"module": "keras.layers", "class_name": name, "config": given} for name, given in layers]
    network = {"module": "keras", "class_name": "Sequential", "config": {"name": "net", "layers": entries}}
    with pytest.raises(WeightsError, match=reason):
        read_network(archive_of(tmp_path / "net.keras", {**parts, "config.json": json.dumps(network).encode()}))


def test_a_name_in_a_file_moves_no_cursor(parts: dict[str, bytes], tmp_path: Path) -> None:
    entry: dict[str, object] = {"class_name": "Rescaling", "module": "keras.layers\x1b[2J\n"}
    with pytest.raises(WeightsError) as caught:
        read_network(archive_of(tmp_path / "net.keras", {**parts, "config.json": with_layer(parts, entry)}))
    assert caught.value.message.isprintable()


def test_python_code_in_an_older_file_is_refused(tmp_path: Path) -> None:
    load_tensorflow()
    import keras

    pixels = keras.Input((8, 8, 3))
    with quiet():
        keras.Model(pixels, keras.layers.Lambda(lambda x: x * 2, name="evil")(pixels)).save(tmp_path / "net.h5")
    with pytest.raises(WeightsError, match="Lambda, layer 'evil', is refused, for it carries Python code"):
        read_network(tmp_path / "net.h5")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not an object"),
        (b"[" * 200_000, "not JSON"),
        (b'{"module":"keras","a":' + b"[" * 60 + b"]" * 60 + b"}", "nested deeper"),
        (b'{"config": 1}', "not a network"),
    ],
)
def test_a_description_that_is_none_is_refused(
    content: bytes, reason: str, parts: dict[str, bytes], tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=reason):
        read_network(archive_of(tmp_path / "net.keras", {**parts, "config.json": content}))


def test_too_many_layers_are_refused() -> None:
    layers = [{"module": "keras.layers", "class_name": "ReLU", "config": {}}] * 2_001
    with pytest.raises(WeightsError, match="more than 2000 layers"):
        parse_config(json.dumps({"module": "keras", "class_name": "Sequential", "config": {"layers": layers}}).encode())


def test_every_class_of_the_table_is_one_of_keras() -> None:
    load_tensorflow()
    import importlib

    absent = [
        (module, name)
        for module, names in ALLOWED.items()
        for name in names
        if not hasattr(importlib.import_module(module), name)
    ]
    assert absent == []


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"assets/vocabulary.txt": b"x"}, "expected the members config.json, metadata.json, model.weights.h5"),
        ({"model.weights.json": b"{}"}, "expected the members"),
        ({"../evil": b"x"}, "expected the members"),
    ],
)
def test_an_archive_with_more_in_it_is_refused(
    members: dict[str, bytes], reason: str, parts: dict[str, bytes], tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=reason):
        read_network(archive_of(tmp_path / "net.keras", {**parts, **members}))


def test_an_archive_with_a_member_twice_is_refused(parts: dict[str, bytes], tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(archive_of(tmp_path / "net.keras", parts), "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("config.json", parts["config.json"])
    with pytest.raises(WeightsError, match="expected the members"):
        read_network(tmp_path / "net.keras")


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_a_member_that_unpacks_to_a_hundred_times_its_size_is_refused(
    name: str, parts: dict[str, bytes], tmp_path: Path
) -> None:
    bomb = archive_of(tmp_path / "net.keras", {**parts, name: bytes(1 << 20)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(WeightsError, match=f"{name} would unpack from .* to 1048576 bytes"):
        read_network(bomb)


def test_a_member_above_its_limit_is_refused(
    parts: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_CONFIG_BYTES", 100)
    with pytest.raises(WeightsError, match=r"config\.json would unpack .* expected at most 100"):
        read_network(archive_of(tmp_path / "net.keras", parts))


def test_a_file_above_its_limit_is_refused(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_WEIGHTS_BYTES", 100)
    with pytest.raises(WeightsError, match="expected at most 100"):
        load_weights_into(None, files / "net.weights.h5")


def test_an_archive_of_thousands_of_members_is_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "net.keras", {f"{n:060}": b"" for n in range(1_000)})
    with pytest.raises(WeightsError, match="too many members"):
        read_network(path)


@pytest.mark.parametrize(("path", "why"), [("none.keras", "No such file"), ("", "Is a directory")])
def test_what_cannot_be_read_says_so(path: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=why):
        read_network(tmp_path / path)
