"""What a network's description may name: Keras's own layers that only compute, never code, files or other classes.

Keras builds whatever class a description names. It is therefore read here first, entry by entry, against one table.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from convert.errors import WeightsError
from convert.weights.keras_files.lambdas import without_final_lambda

Json = Any
"""What a JSON text holds; nothing about it is known until it is checked."""

MAX_LAYERS = 2_000
MAX_DEPTH = 48
MAX_NUMBER = 1 << 20
"""Units, sizes and strides of a network for faces are far below."""


def words(text: str) -> frozenset[str]:
    """A table of names, as people read it."""
    return frozenset(text.split())


LAYERS = words("""
    Activation ActivityRegularization Add AlphaDropout Average AveragePooling2D BatchNormalization CenterCrop
    Concatenate Conv2D Conv2DTranspose Cropping2D Dense DepthwiseConv2D Dot Dropout ELU Flatten GaussianDropout
    GaussianNoise GlobalAveragePooling2D GlobalMaxPooling2D GroupNormalization Identity InputLayer LayerNormalization
    LeakyReLU MaxPooling2D Maximum Minimum MultiHeadAttention Multiply Normalization PReLU Permute RMSNormalization
    ReLU RepeatVector Rescaling Reshape Resizing SeparableConv2D Softmax SpatialDropout2D Subtract UnitNormalization
    UpSampling2D ZeroPadding2D
""")
OPERATIONS = {
    "keras.src.ops.numpy": words("""
        Absolute Add Clip Concatenate Divide Exp Maximum Mean Minimum Multiply Negative Power Reshape Sqrt Square
        Squeeze Subtract Sum Transpose TrueDivide
    """),
    "keras.src.ops.nn": words("""
        Elu Gelu HardSigmoid HardSilu LeakyRelu LogSoftmax Normalize Relu Relu6 Sigmoid Silu Softmax Softplus
    """),
    "keras.src.ops.math": words("Rsqrt"),
    "keras.src.activations.activations": words("ReLU"),
}
INITIALIZERS = words("""
    Constant GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform Ones Orthogonal RandomNormal
    RandomUniform TruncatedNormal VarianceScaling Zeros
""")
REGULARIZERS = words("L1 L1L2 L2 OrthogonalRegularizer")
CONSTRAINTS = words("MaxNorm MinMaxNorm NonNeg UnitNorm")
MARKERS = frozenset({"__keras_tensor__", "__slice__"})
"""Entries that stand for a value, not for a class."""

ALLOWED = {
    "keras": frozenset({"Sequential", "DTypePolicy"}),
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.src.models.sequential": frozenset({"Sequential"}),
    "keras.layers": LAYERS,
    "keras.initializers": INITIALIZERS,
    "keras.regularizers": REGULARIZERS,
    "keras.constraints": CONSTRAINTS,
    **OPERATIONS,
}
"""Module by module, the classes that may be built."""

_LEGACY_MODULES = {
    "Functional": "keras.src.models.functional",
    "Model": "keras.src.models.functional",
    "Sequential": "keras",
    "Policy": "keras",
    **{name: module for module, names in reversed(ALLOWED.items()) for name in names if module != "keras"},
    "DTypePolicy": "keras",
    **dict.fromkeys(LAYERS, "keras.layers"),
}
_KERNEL = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
_NO_LONGER = {
    "Conv2DTranspose": ("groups",),
    "DepthwiseConv2D": ("groups",),
    "SeparableConv2D": ("groups", *_KERNEL),
}
"""Arguments that Keras 2 wrote for layers which have no use for them, and which Keras 3 refuses; of groups, one."""
_OF_KERAS_2 = (".src.engine.functional", ".src.engine.sequential")
"""How the modules end that a `.keras` file of Keras 2 names for its network."""
_REASONS = {
    "Lambda": "it carries Python code",
    "__lambda__": "it is Python code",
    "function": "a function by its name can be any function",
    "TorchModuleWrapper": "it unpickles Python objects",
    "FlaxLayer": "it carries Python code",
    "JaxLayer": "it carries Python code",
    "TFSMLayer": "it loads another model from a path",
    "IntegerLookup": "it can read files",
    "StringLookup": "it can read files",
    "TextVectorization": "it can read files",
}


def parse_config(content: bytes, *, leave_out_lambda: bool = False) -> dict[str, Json]:
    """The checked description of a network, in the form of Keras 3 and without what only training needs.

    With `leave_out_lambda`, without its last layer, a Lambda. Raises `WeightsError`, naming the layer and why, before
    Keras sees any of it.
    """
    try:
        config = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise refused(f"its description is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise refused("its description is not an object")
    _check_numbers(config)
    if leave_out_lambda:
        config = without_final_lambda(config)
    checked: dict[str, Json] = _without_training(config if "module" in config else _upgraded(config))
    entries = tuple(_entries(checked))
    if len(entries) > MAX_LAYERS * MAX_DEPTH or sum(entry["class_name"] in LAYERS for entry in entries) > MAX_LAYERS:
        raise refused(f"it has more than {MAX_LAYERS} layers")
    for entry in entries:
        _check(entry)
    return checked


def refused(
    what: str,
    hint: str = "Save it as Functional or Sequential from Keras's own layers, with `model.save('network.keras')`.",
) -> WeightsError:
    """The error of a Keras file that is not taken."""
    return WeightsError(f"Not a Keras network that can be imported: {printable(what)}.", hint=hint)


def printable(text: str) -> str:
    """The text without what would move a terminal's cursor: names in a file are untrusted."""
    return "".join(letter if letter.isprintable() else "?" for letter in re.sub(r"\x1b\[[0-9;]*m", "", text))


def _check_numbers(config: Json) -> None:
    """Every number is small, and nothing is nested deeper than a network of networks is."""
    waiting = [(config, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise refused(f"its description is nested deeper than {MAX_DEPTH}")
        if isinstance(value, dict):
            waiting += ((inner, depth + 1) for key, inner in value.items() if key != "shared_object_id")
        elif isinstance(value, list):
            waiting += ((inner, depth + 1) for inner in value)
        elif isinstance(value, int) and abs(value) > MAX_NUMBER:
            raise refused(f"its description has the number {str(value)[:20]}, expected at most {MAX_NUMBER}")


def _without_training(value: Json) -> Json:
    """The same without optimizers, losses and metrics, which may be anybody's classes, and seeds."""
    match value:
        case dict():
            return {
                key: None if key == "seed" else _without_training(inner)
                for key, inner in value.items()
                if key not in {"compile_config", "training_config"}
            }
        case list():
            return [_without_training(inner) for inner in value]
        case _:
            return value


def _upgraded(value: Json) -> Json:
    """A description of Keras 2, or of an `.h5` file, with the modules that Keras 3 writes beside its classes."""
    match value:
        case {"class_name": str(name), "config": dict(config)} if not name.startswith("__"):
            entry = {key: _upgraded(inner) for key, inner in value.items() if key != "config"}
            config = _upgraded(_modern(name, config))
            name = {"Model": "Functional", "Policy": "DTypePolicy"}.get(name, name)
            return {**entry, "class_name": name, "module": _LEGACY_MODULES.get(name, ""), "config": config}
        case dict():
            return {key: _upgraded(inner) for key, inner in value.items()}
        case list():
            return [_upgraded(inner) for inner in value]
        case _:
            return value


def _modern(name: str, config: dict[str, Json]) -> dict[str, Json]:
    """Arguments as Keras 3 calls them."""
    renamed = dict(config)
    if (shape := renamed.pop("batch_input_shape", None)) is not None:
        renamed |= {"batch_shape": shape} if name == "InputLayer" else {"input_shape": shape[1:]}
    if isinstance(axis := renamed.get("axis"), list) and len(axis) == 1 and name == "BatchNormalization":
        renamed["axis"] = axis[0]
    if name == "LeakyReLU" and "alpha" in renamed:
        renamed["negative_slope"] = renamed.pop("alpha")
    for argument in _NO_LONGER.get(name, ()):
        if argument != "groups" or renamed.get("groups") == 1:
            renamed.pop(argument, None)
    return renamed


def _entries(value: Json) -> Iterator[dict[str, Json]]:
    """Every object that names a class, at whatever depth: Keras builds some of them where one would not look."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as entry:
                if "class_name" in entry:
                    if not isinstance(entry["class_name"], str):
                        raise refused("the name of a class is not text")
                    yield entry
                waiting += entry.values()
            case list() as values:
                waiting += values
            case _:
                pass


def _check(entry: dict[str, Json]) -> None:
    name, module, registered = (entry.get(key) for key in ("class_name", "module", "registered_name"))
    if name in MARKERS and module is None:
        return
    if name == "Lambda":
        raise refused(
            f"{_title(entry)} is refused, for {_REASONS['Lambda']}",
            "If it is the last layer and only gives vectors unit length, add --leave-out-lambda.",
        )
    if reason := _REASONS.get(str(name)):
        raise refused(f"{_title(entry)} is refused, for {reason}")
    if isinstance(module, str) and module.endswith(_OF_KERAS_2):
        raise refused(
            "it is a .keras file of Keras 2", "Save it there as an .h5 file, with `model.save('network.h5')`."
        )
    known = ALLOWED.get(module) if isinstance(module, str) else None
    if known is None or name not in known:
        raise refused(f"{_title(entry)} is not one of Keras's layers that only compute")
    if registered not in (None, name):
        raise refused(
            f"{_title(entry)} is registered as {str(registered)[:60]!r}, expected none but Keras's own classes"
        )


def _title(entry: dict[str, Json]) -> str:
    """How a person finds the entry: its class, and its layer's name."""
    config = entry.get("config")
    layer = entry.get("name") or (config.get("name") if isinstance(config, dict) else None)
    module = f"{str(entry.get('module'))[:60]}." if entry.get("module") else ""
    return f"{module}{str(entry['class_name'])[:60]}" + (f", layer {str(layer)[:60]!r}," if layer else "")
