"""A SavedModel: a graph that only computes is taken; whatever does more is refused by name."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convert.errors import WeightsError
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights.keras_files import saved_model
from convert.weights.keras_files.saved_model import check_saved_model


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


def mean(pixels: Any) -> Any:
    return load_tensorflow().reduce_mean(pixels, [1, 2])


def writes(pixels: Any) -> Any:
    load_tensorflow().io.write_file("/tmp/written", "x")
    return mean(pixels)


def reads(pixels: Any) -> Any:
    tf = load_tensorflow()
    return mean(pixels) + tf.strings.to_number(tf.io.read_file("/etc/hostname"))


def runs_python(pixels: Any) -> Any:
    tf = load_tensorflow()
    return tf.py_function(lambda x: x, [mean(pixels)], tf.float32)


def saves(pixels: Any) -> Any:
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
    with pytest.raises(WeightsError, match=f"{name} does not belong into a SavedModel"):
        check_saved_model(saved)


def test_a_saved_model_with_a_link_is_refused(saved: Path) -> None:
    (saved / "fingerprint.pb").unlink()
    (saved / "fingerprint.pb").symlink_to("/etc/passwd")
    with pytest.raises(WeightsError, match=r"fingerprint\.pb does not belong"):
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


def restore_of(graph: Any) -> Any:
    return next(one for one in graph.graph_def.library.function if "traced_restore" in one.signature.name)


def calls_itself(graph: Any) -> None:
    function = next(one for one in graph.graph_def.library.function if "_traced_" not in one.signature.name)
    node = function.node_def.add(name="again", op="StatefulPartitionedCall")
    node.attr["f"].func.name = function.signature.name


def reads_another_file(graph: Any) -> None:
    next(node for node in restore_of(graph).node_def if node.op == "RestoreV2").input[0] = "name:output:0"


def saves_from_elsewhere(graph: Any) -> None:
    node = graph.graph_def.node.add(name="again", op="StatefulPartitionedCall")
    node.attr["f"].func.name = restore_of(graph).signature.name


def starts_something(graph: Any) -> None:
    graph.collection_def["saved_model_main_op"].node_list.value[:] = ["serving_default_pixels"]


def brings_a_file(graph: Any) -> None:
    graph.asset_file_def.add(filename="words.txt")


def holds_a_resource(graph: Any) -> None:
    graph.object_graph_def.nodes.add().resource.device = ""


def huge_constant(graph: Any) -> None:
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
