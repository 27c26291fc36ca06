"""What reads which published form of weights: the `importer` of an entry in `convert/catalogue.toml` to a function."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from convert import keras_backend
from convert.catalogue import hash_of_file

# Each imports its reader when it is called: `--help` needs none of them.


def _dlib(path: Path) -> Any:  # noqa: ANN401 - Keras is untyped
    from convert.networks.dlib_resnet import CAP
    from convert.weights.dlib import load, parse

    keras_backend.load_keras()
    hash_of_file(path)
    return load(parse(path.read_bytes()), cap=CAP)


def _openface(path: Path) -> Any:  # noqa: ANN401
    from convert.weights import openface

    return openface.load(path)


def _mobilefacenet(path: Path) -> Any:  # noqa: ANN401
    from convert.weights import mobilefacenet

    return mobilefacenet.load(path)


def _minifasnet_v2(path: Path) -> Any:  # noqa: ANN401
    from convert.networks.minifasnet import Variant
    from convert.weights import minifasnet

    return minifasnet.load(path, Variant.V2)


def _minifasnet_v1se(path: Path) -> Any:  # noqa: ANN401
    from convert.networks.minifasnet import Variant
    from convert.weights import minifasnet

    return minifasnet.load(path, Variant.V1SE)


def _minifasnet_v2_se(path: Path) -> Any:  # noqa: ANN401
    from convert.weights import minifasnet

    return minifasnet.load_onnx(path)


IMPORTERS: dict[str, Callable[[Path], Any]] = {
    "dlib": _dlib,
    "openface": _openface,
    "mobilefacenet": _mobilefacenet,
    "minifasnet-v2": _minifasnet_v2,
    "minifasnet-v1se": _minifasnet_v1se,
    "minifasnet-v2-se": _minifasnet_v2_se,
}
"""From a file or a folder to the network in Keras with its weights. Raises `WeightsError`, `DependencyMissing`."""
