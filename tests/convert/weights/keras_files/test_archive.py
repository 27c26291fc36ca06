"""Keras files: what Keras wrote is read to its last tensor; code, links, bombs and anything odd are refused by name."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from convert.errors import WeightsError
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights.keras_files import archive, saved_model
from convert.weights.keras_files.archive import load_weights_into, read_network
from convert.weights.keras_files.config import ALLOWED, parse_config
from convert.weights.keras_files.saved_model import check_saved_model

PIXELS = np.random.default_rng(1).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
CONV = "layers/conv2d/vars/0"


def small_network():
    """A network within a network, with weights, running statistics and a layer that draws random numbers."""
    load_tensorflow()
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    x = pixels = keras.Input((8, 8, 3), name="pixels")
    x = layers.Rescaling(1 / 128, -1.0, name="normalization")(x)
    x = layers.Conv2D(4, 3, kernel_regularizer="l2", activation="relu", name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Add(name="sum")([x, layers.PReLU(shared_axes=[1, 2], name="slopes")(x)])
    x = layers.Dropout(0.1, name="drop")(x)
    inner = [layers.GlobalAveragePooling2D(), layers.BatchNormalization(), layers.Dense(5, name="dense")]
    return keras.Model(pixels, keras.Sequential(inner, name="inner")(x), name="small")


@pytest.fixture(scope="module")
def network():
    """The small network after a step of training, so that it carries an optimizer."""
    model = small_network()
    with quiet():
        model.compile(loss="mse", metrics=["mae"])
        model.train_on_batch(PIXELS, np.ones((2, 5), np.float32))
    return model


@pytest.fixture(scope="module")
def fresh():
    """A network to load weights into."""
    return small_network()


@pytest.fixture(scope="module")
def files(network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that Keras can make of it."""
    folder = tmp_path_factory.mktemp("keras")
    with quiet():
        network.save(folder / "net.keras")
        network.save(folder / "net.h5")
        network.save_weights(folder / "net.weights.h5")
        network.export(folder / "saved", verbose=False)
    return folder


@pytest.fixture(scope="module")
def parts(files: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(files / "net.keras") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def with_layer(parts: dict[str, bytes], layer: dict[str, object]) -> bytes:
    """The description with another second layer, wired as the one before."""
    config = json.loads(parts["config.json"])
    before = config["config"]["layers"][1]
    kept = {key: before[key] for key in ("name", "inbound_nodes")}
    config["config"]["layers"][1] = {"module": "keras.layers", "config": {"name": "odd"}, **kept, **layer}
    return json.dumps(config).encode()


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_a_network_comes_back_as_it_was(name: str, files: Path, network) -> None:
    assert np.array_equal(np.asarray(read_network(files / name)(PIXELS)), np.asarray(network(PIXELS)))


@pytest.mark.parametrize("name", ["net.weights.h5", "net.h5"])
def test_weights_alone_come_into_a_network_one_has(name: str, files: Path, network, fresh) -> None:
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
        ({"class_name": "Rescaling", "module": "evil.module"}, r"evil\.module\.Rescaling.* none of Keras's layers"),
        ({"class_name": "Rescaling", "registered_name": "own>Rescaling"}, "registered as 'own>Rescaling'"),
        ({"class_name": "get_file", "module": "keras.utils"}, r"keras\.utils\.get_file.* none of Keras's layers"),
        ({"class_name": "Rescaling", "module": ["keras.layers"]}, "none of Keras's layers"),
        ({"class_name": 7}, "a class's name is no text"),
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
def test_a_description_that_names_more_than_computing_layers_is_refused(
    layer, reason: str, parts: dict[str, bytes], tmp_path: Path
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
    entry = {"class_name": "Rescaling", "module": "keras.layers\x1b[2J\n"}
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
        (b'{"config": 1}', "no network"),
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


@pytest.fixture
def weights(files: Path, tmp_path: Path) -> Path:
    """A copy of the weights to tamper with."""
    return Path(shutil.copy(files / "net.weights.h5", tmp_path / "tampered.weights.h5"))


def soft_link(file: h5py.File) -> None:
    file["layers/link"] = h5py.SoftLink("/" + CONV)


def external_link(file: h5py.File) -> None:
    file["layers/link"] = h5py.ExternalLink("/etc/passwd", "/")


def twice(file: h5py.File) -> None:
    file["layers/again"] = file[CONV]


def circle(file: h5py.File) -> None:
    file["layers/conv2d/up"] = file["layers"]


def external_numbers(file: h5py.File) -> None:
    del file[CONV]
    file.create_dataset(CONV, (3, 3, 3, 4), "f4", external=[("/etc/passwd", 0, 432)])


def virtual_numbers(file: h5py.File) -> None:
    del file[CONV]
    layout = h5py.VirtualLayout((3, 3, 3, 4), "f4")
    layout[...] = h5py.VirtualSource("/etc/passwd", "x", (3, 3, 3, 4))
    file.create_virtual_dataset(CONV, layout)


def compressed(file: h5py.File) -> None:
    del file[CONV]
    file.create_dataset(CONV, (3, 3, 3, 4), "f4", compression="gzip")


def terabyte(file: h5py.File) -> None:
    file.create_dataset("layers/huge/vars/0", (1 << 40,), "f4", chunks=(1024,))


def text(file: h5py.File) -> None:
    file["layers/text"] = "text"


def type_of_its_own(file: h5py.File) -> None:
    file["layers/type"] = np.dtype("f8")


def missing(file: h5py.File) -> None:
    del file[CONV]


def left_over(file: h5py.File) -> None:
    file["layers/more/vars/0"] = np.zeros(3, np.float32)


def transposed(file: h5py.File) -> None:
    values = file[CONV][()].transpose(3, 2, 1, 0)
    del file[CONV]
    file[CONV] = values


def doubles(file: h5py.File) -> None:
    values = file[CONV][()].astype(np.float64)
    del file[CONV]
    file[CONV] = values


def not_a_number(file: h5py.File) -> None:
    file[CONV][0, 0, 0, 0] = np.nan


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (soft_link, r"layers/link is a link to another place \(SoftLink\)"),
        (external_link, r"layers/link is a link to another place \(ExternalLink\)"),
        (twice, "for the second time"),
        (circle, "for the second time"),
        (external_numbers, f"the numbers of {CONV} lie in another file"),
        (virtual_numbers, f"the numbers of {CONV} lie in another file"),
        (compressed, f"{CONV} is compressed"),
        (terabyte, r"declares float32 \[1099511627776\], but only 0 bytes"),
        (text, "layers/text is no tensor of numbers"),
        (type_of_its_own, "Datatype where a tensor was expected"),
        (missing, f"missing: {CONV}"),
        (left_over, "left over: layers/more/vars/0"),
        (transposed, rf"{CONV}: expected float32 \[3, 3, 3, 4\], received float32 \[4, 3, 3, 3\]"),
        (doubles, rf"{CONV}: expected float32 \[3, 3, 3, 4\], received float64"),
        (not_a_number, "conv/kernel: expected finite numbers"),
    ],
)
def test_tampered_weights_are_refused(tamper: Callable[..., Any], reason: str, weights: Path, fresh) -> None:
    with h5py.File(weights, "r+") as file:
        tamper(file)
    with pytest.raises(WeightsError, match=reason):
        load_weights_into(fresh, weights)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([b"conv/kernel"], "missing: conv/bias; left over: model_weights/conv/conv/bias"),
        ([b"conv/kernel", b"conv/none"], "missing: model_weights/conv/conv/none"),
        ([b"conv/bias", b"conv/kernel"], r"conv/kernel: expected float32 \[3, 3, 3, 4\], received"),
    ],
)
def test_an_older_file_s_names_are_accounted_for(
    names: list[bytes], reason: str, files: Path, fresh, tmp_path: Path
) -> None:
    path = Path(shutil.copy(files / "net.h5", tmp_path / "net.h5"))
    with h5py.File(path, "r+") as file:
        file["model_weights/conv"].attrs["weight_names"] = names
    with pytest.raises(WeightsError, match=reason):
        load_weights_into(fresh, path)


def test_weights_without_a_network_say_which_option_names_one(files: Path) -> None:
    with pytest.raises(WeightsError, match="--network"):
        read_network(files / "net.weights.h5")


def test_a_saved_model_s_signature_is_told(files: Path) -> None:
    signature = check_saved_model(files / "saved")
    assert (signature.input_shape, signature.output_shape) == ((None, 8, 8, 3), (None, 5))


def exported(folder: Path, function: Callable[..., Any]) -> Path:
    """A SavedModel of one function of pixels [n, 8, 8, 3]."""
    tf = load_tensorflow()
    module = tf.Module()
    module.weight = tf.Variable(1.0)
    module.call = tf.function(function, input_signature=[tf.TensorSpec([None, 8, 8, 3], tf.float32)])
    with quiet():
        tf.saved_model.save(module, str(folder), signatures={"serving_default": module.call})
    return folder


def mean(pixels):
    return load_tensorflow().reduce_mean(pixels, [1, 2])


def writes(pixels):
    load_tensorflow().io.write_file("/tmp/written", "x")
    return mean(pixels)


def reads(pixels):
    tf = load_tensorflow()
    return mean(pixels) + tf.strings.to_number(tf.io.read_file("/etc/hostname"))


def runs_python(pixels):
    tf = load_tensorflow()
    return tf.py_function(lambda x: x, [mean(pixels)], tf.float32)


def saves(pixels):
    load_tensorflow().raw_ops.SaveV2(prefix="/tmp/x", tensor_names=["x"], shape_and_slices=[""], tensors=[1.0])
    return mean(pixels)


@pytest.mark.parametrize(
    ("function", "operation"),
    [(writes, "WriteFile"), (reads, "ReadFile"), (runs_python, "EagerPyFunc"), (saves, "SaveV2")],
)
def test_a_graph_that_does_more_than_compute_is_refused(
    function: Callable[..., Any], operation: str, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=f"has the operation '{operation}'"):
        check_saved_model(exported(tmp_path / "saved", function))


def test_a_graph_without_one_vector_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="expected float32 with 2 dimensions"):
        check_saved_model(exported(tmp_path / "saved", lambda pixels: pixels))


@pytest.fixture
def saved(files: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(files / "saved", tmp_path / "saved"))


@pytest.mark.parametrize("name", [saved_model.GRAPH, saved_model.INDEX, saved_model.VARIABLES])
def test_a_saved_model_with_a_file_missing_is_refused(name: str, saved: Path) -> None:
    (saved / name).unlink()
    with pytest.raises(WeightsError, match=f"{name} is missing"):
        check_saved_model(saved)


@pytest.mark.parametrize("name", ["assets/words.txt", "code.py", "variables/more"])
def test_a_saved_model_with_another_file_is_refused(name: str, saved: Path) -> None:
    (saved / name).parent.mkdir(exist_ok=True)
    (saved / name).write_text("x")
    with pytest.raises(WeightsError, match=f"{name} is no file of a SavedModel"):
        check_saved_model(saved)


def test_a_saved_model_with_a_link_is_refused(saved: Path) -> None:
    (saved / "fingerprint.pb").unlink()
    (saved / "fingerprint.pb").symlink_to("/etc/passwd")
    with pytest.raises(WeightsError, match=r"fingerprint\.pb is no file"):
        check_saved_model(saved)


def test_a_saved_model_above_its_limits_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(saved_model.FILES, saved_model.GRAPH, 10)
    with pytest.raises(WeightsError, match="expected at most 10"):
        check_saved_model(saved)


def rewritten(folder: Path, change: Callable[..., Any]) -> Path:
    """The graph's file with one change to its message."""
    load_tensorflow()
    from tensorflow.core.protobuf import saved_model_pb2

    message = saved_model_pb2.SavedModel.FromString((folder / saved_model.GRAPH).read_bytes())
    change(message.meta_graphs[0])
    (folder / saved_model.GRAPH).write_bytes(message.SerializeToString())
    return folder


def restore_of(graph):
    return next(one for one in graph.graph_def.library.function if "traced_restore" in one.signature.name)


def calls_itself(graph) -> None:
    function = next(one for one in graph.graph_def.library.function if "_traced_" not in one.signature.name)
    node = function.node_def.add(name="again", op="StatefulPartitionedCall")
    node.attr["f"].func.name = function.signature.name


def reads_another_file(graph) -> None:
    next(node for node in restore_of(graph).node_def if node.op == "RestoreV2").input[0] = "name:output:0"


def saves_from_elsewhere(graph) -> None:
    node = graph.graph_def.node.add(name="again", op="StatefulPartitionedCall")
    node.attr["f"].func.name = restore_of(graph).signature.name


def starts_something(graph) -> None:
    graph.collection_def["saved_model_main_op"].node_list.value[:] = ["serving_default_pixels"]


def brings_a_file(graph) -> None:
    graph.asset_file_def.add(filename="words.txt")


def holds_a_resource(graph) -> None:
    graph.object_graph_def.nodes.add().resource.device = ""


def huge_constant(graph) -> None:
    tensor = graph.graph_def.node.add(name="huge", op="Const").attr["value"].tensor
    tensor.dtype = 1
    tensor.float_val.append(1.0)
    tensor.tensor_shape.dim.add(size=1 << 40)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (calls_itself, "calls itself"),
        (reads_another_file, "reads a file of its own choice"),
        (saves_from_elsewhere, "operation again saves or restores"),
        (starts_something, "it runs something when it is loaded"),
        (brings_a_file, "files of its own"),
        (holds_a_resource, "an object of the kind 'resource'"),
        (huge_constant, "its constants hold 1099511627"),
    ],
)
def test_a_graph_with_a_trick_is_refused(change: Callable[..., Any], reason: str, saved: Path) -> None:
    with pytest.raises(WeightsError, match=reason):
        check_saved_model(rewritten(saved, change))


def test_a_saved_model_with_a_weight_that_is_no_number_is_refused(saved: Path) -> None:
    (saved / saved_model.VARIABLES).write_bytes(b"\xff" * (saved / saved_model.VARIABLES).stat().st_size)
    with pytest.raises(WeightsError, match=r"its variables cannot be read|expected finite numbers"):
        check_saved_model(saved)
