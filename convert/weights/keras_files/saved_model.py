"""A SavedModel, read as what it is, a program of TensorFlow: every operation is looked up before TensorFlow loads it.

Its graph can read, write and fetch as TensorFlow can, so only operations that compute are let through; the few that
load and save its own variables are known by their place. `convert.quantize` takes the folder once it is checked.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from convert.errors import WeightsError, cause
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights.keras_files.config import printable, words
from device.failures import in_words

MAX_GRAPH_BYTES = 64 << 20
MAX_INDEX_BYTES = 16 << 20
MAX_VARIABLES_BYTES = 1 << 30
MAX_SMALL_BYTES = 16 << 20
MAX_NODES = 200_000
MAX_FUNCTIONS = 2_000
SIGNATURE = "serving_default"

GRAPH, INDEX, VARIABLES = "saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"
FILES = {
    GRAPH: MAX_GRAPH_BYTES,
    INDEX: MAX_INDEX_BYTES,
    VARIABLES: MAX_VARIABLES_BYTES,
    "fingerprint.pb": MAX_SMALL_BYTES,
    "keras_metadata.pb": MAX_SMALL_BYTES,
}
"""What may lie in the folder, and how large it may be; the first three must be there."""

OPERATIONS = words("""
    Abs Add AddN AddV2 ArgMax AssignVariableOp AvgPool BatchMatMulV2 BatchToSpaceND BiasAdd Cast ClipByValue ConcatV2
    Const Conv2D DepthToSpace DepthwiseConv2dNative DisableCopyOnRead Div DivNoNan Einsum Elu Equal Exp ExpandDims
    FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Greater GreaterEqual Identity IdentityN L2Loss LRN LeakyRelu Less
    LessEqual Log LogSoftmax MatMul Max MaxPool Maximum Mean Min Minimum MirrorPad Mul Neg NoOp NotEqual Pack Pad PadV2
    PartitionedCall Placeholder PlaceholderWithDefault Pow Prod Rank ReadVariableOp RealDiv Relu Relu6 Reshape
    ResizeBilinear ResizeNearestNeighbor ReverseV2 Rsqrt Select SelectV2 Selu Shape Sigmoid Slice Softmax Softplus
    SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StatefulPartitionedCall StopGradient
    StridedSlice Sub Sum Tanh Transpose Unpack VarHandleOp VarIsInitializedOp ZerosLike
""")
OF_SAVING = words("MergeV2Checkpoints SaveV2 ShardedFilename StaticRegexFullMatch StringJoin")
OF_RESTORING = words("RestoreV2")
OBJECTS = words("bare_concrete_function captured_tensor constant function user_object variable")
"""Objects that hold no file and no resource of their own."""

_SAVE, _RESTORE = "__inference__traced_save_", "__inference__traced_restore_"

Proto = Any
"""A message of TensorFlow, which is untyped."""


@dataclass(frozen=True, slots=True)
class SavedModelSignature:
    """What the signature `serving_default` takes and gives, both float32; None is a size that is left open."""

    input_name: str
    input_shape: tuple[int | None, ...]
    output_name: str
    output_shape: tuple[int | None, ...]


def check_saved_model(path: Path) -> SavedModelSignature:
    """The signature of the SavedModel in the folder `path`, if nothing in it does more than compute.

    Raises `WeightsError`, naming the operation or the file that is refused, before TensorFlow loads the graph.
    """
    load_tensorflow()
    from tensorflow.core.protobuf import saved_model_pb2

    _check_files(path)
    try:
        message = saved_model_pb2.SavedModel.FromString((path / GRAPH).read_bytes())
    except Exception as error:
        raise _refused(f"{GRAPH} cannot be read: {error}") from error
    if len(message.meta_graphs) != 1:
        raise _refused(f"expected one graph, received {len(message.meta_graphs)}")
    graph = message.meta_graphs[0]
    _check_graph(graph)
    _check_constants(graph)
    signature = _signature(graph)
    _check_numbers(path)
    return signature


def _check_files(path: Path) -> None:
    try:
        entries = list(islice(path.rglob("*"), len(FILES) + 8))
        for entry in entries:
            _check_file(entry, entry.relative_to(path).as_posix())
    except OSError as error:
        raise _refused(f"its folder cannot be read: {in_words(error, quoted=True)}") from error
    present = {entry.relative_to(path).as_posix() for entry in entries}
    for name in (GRAPH, INDEX, VARIABLES):
        if name not in present:
            raise _refused(f"{name} is missing")


def _check_file(entry: Path, name: str) -> None:
    if entry.is_symlink() or (entry.is_dir() and name not in {"variables", "assets"}):
        raise _refused(f"{name[:80]} does not belong into a SavedModel that only computes")
    if not entry.is_dir():
        if name not in FILES or not entry.is_file():
            raise _refused(f"{name[:80]} does not belong into a SavedModel that only computes")
        if entry.stat().st_size > FILES[name]:
            raise _refused(f"{name} has {entry.stat().st_size} bytes, expected at most {FILES[name]}")


def _check_graph(graph: Proto) -> None:
    functions = {function.signature.name: function for function in graph.graph_def.library.function}
    nodes = sum(len(function.node_def) for function in functions.values()) + len(graph.graph_def.node)
    if nodes > MAX_NODES or len(functions) > MAX_FUNCTIONS:
        raise _refused(f"it has {nodes} operations in {len(functions)} functions")
    _check_start(graph)
    _check_operations("the graph", graph.graph_def.node, OPERATIONS)
    for name, function in functions.items():
        _check_operations(f"function {name[:80]}", function.node_def, _allowed_in(name))
        _check_restored_from(function)
    _check_calls(graph, functions)


def _check_start(graph: Proto) -> None:
    """Nothing runs when it is loaded, and nothing but variables belongs to it."""
    started = {name for key in graph.collection_def for name in graph.collection_def[key].node_list.value}
    doing = [node for node in graph.graph_def.node if node.name in started and (node.op != "NoOp" or node.input)]
    if set(graph.collection_def) - {"saved_model_main_op"} or doing:
        raise _refused("it runs something when it is loaded")
    if graph.asset_file_def:
        raise _refused("it brings files of its own (assets)")
    for held in graph.object_graph_def.nodes:
        if held.WhichOneof("kind") not in OBJECTS:
            raise _refused(f"it holds an object of the kind {held.WhichOneof('kind')!r}")


def _allowed_in(function: str) -> frozenset[str]:
    if function.startswith(_SAVE):
        return OPERATIONS | OF_SAVING
    return OPERATIONS | OF_RESTORING if function.startswith(_RESTORE) else OPERATIONS


def _check_operations(where: str, nodes: Iterable[Proto], allowed: frozenset[str]) -> None:
    for node in nodes:
        if node.op not in allowed:
            raise _refused(
                f"{where} has the operation {node.op[:60]!r} ({node.name[:60]}), which is not one that computes"
            )


def _check_restored_from(function: Proto) -> None:
    """Variables are read from the file that the loader names, not from one that the graph names."""
    arguments = {argument.name for argument in function.signature.input_arg}
    for node in function.node_def:
        if node.op == "RestoreV2" and (not node.input or node.input[0] not in arguments):
            raise _refused(f"function {function.signature.name[:80]} reads a file of its own choice")


def _check_calls(graph: Proto, functions: dict[str, Proto]) -> None:
    """No function calls itself, and only the saver's own two nodes call what saves and restores."""
    saver = {graph.saver_def.save_tensor_name.partition(":")[0], graph.saver_def.restore_op_name.partition(":")[0]}
    for node in graph.graph_def.node:
        if node.name not in saver and any(name.startswith((_SAVE, _RESTORE)) for name in _called(node)):
            raise _refused(f"operation {node.name[:80]} saves or restores")
    calls = {name: {called for node in one.node_def for called in _called(node)} for name, one in functions.items()}
    for name, called in calls.items():
        if any(other.startswith((_SAVE, _RESTORE)) for other in called):
            raise _refused(f"function {name[:80]} saves or restores")
    waiting = deque(name for name, called in calls.items() if not called & functions.keys())
    left = {name: called & functions.keys() for name, called in calls.items()}
    while waiting:
        done = waiting.popleft()
        left.pop(done)
        for name, called in left.items():
            if done in called:
                called.discard(done)
                if not called:
                    waiting.append(name)
    if left:
        raise _refused(f"function {min(left)[:80]} calls itself")


def _called(node: Proto) -> list[str]:
    """The functions in an operation's attributes."""
    single = [value.func.name for value in node.attr.values() if value.HasField("func")]
    return single + [one.name for value in node.attr.values() for one in value.list.func]


def _check_constants(graph: Proto) -> None:
    """No constant is larger than the file that holds it: one number can stand for any number of them."""
    functions = graph.graph_def.library.function
    nodes = [*graph.graph_def.node, *(node for function in functions for node in function.node_def)]
    tensors = [node.attr["value"].tensor for node in nodes if node.op == "Const"]
    numbers = sum(np.prod([float(size.size) for size in tensor.tensor_shape.dim]) for tensor in tensors)
    if not numbers <= MAX_GRAPH_BYTES:
        raise _refused(f"its constants hold {numbers:.0f} numbers, expected at most {MAX_GRAPH_BYTES}")


def _signature(graph: Proto) -> SavedModelSignature:
    if SIGNATURE not in graph.signature_def:
        raise _refused(f"it has no signature {SIGNATURE!r}")
    signature = graph.signature_def[SIGNATURE]
    if len(signature.inputs) != 1 or len(signature.outputs) != 1:
        raise _refused(f"expected one input and one output, received {len(signature.inputs)}, {len(signature.outputs)}")
    ((input_name, taken),) = signature.inputs.items()
    ((output_name, given),) = signature.outputs.items()
    return SavedModelSignature(input_name, _shape(taken, 4), output_name, _shape(given, 2))


def _shape(tensor: Proto, dimensions: int) -> tuple[int | None, ...]:
    """A float32 tensor's shape. Raises `WeightsError` for one with another number of dimensions."""
    shape = tuple(None if size.size < 0 else int(size.size) for size in tensor.tensor_shape.dim)
    if tensor.dtype != 1 or tensor.tensor_shape.unknown_rank or len(shape) != dimensions:
        raise _refused(f"expected float32 with {dimensions} dimensions, received data type {tensor.dtype}, {shape}")
    return shape


def _check_numbers(path: Path) -> None:
    """Every stored weight is a finite number."""
    tf = load_tensorflow()
    try:
        with quiet():
            reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
            types = reader.get_variable_to_dtype_map()
            broken = [
                name
                for name in sorted(types)
                if types[name].is_floating and not np.isfinite(reader.get_tensor(name)).all()
            ]
    except Exception as error:
        raise _refused(f"its variables cannot be read: {cause(error)}") from error
    if broken:
        raise _refused(f"{broken[0]}: expected finite numbers, received NaN or infinity")


def _refused(what: str) -> WeightsError:
    return WeightsError(
        f"Not a SavedModel that can be imported: {printable(what)}.",
        hint="Export the network from Keras's own layers with `model.export('folder')`, or save it as `.keras`.",
    )
