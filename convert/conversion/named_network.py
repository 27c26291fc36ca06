"""A network by what the command line calls it: a `.keras` file or a SavedModel with its sidecar, or `dlib-resnet`."""

from pathlib import Path
from typing import TYPE_CHECKING

from convert.catalogue import DLIB_RESNET, catalogue
from convert.errors import WeightsError
from convert.manifests import embedding_draft
from convert.progress import Progress, silent
from convert.spec import NetworkSpec, read_spec
from convert.tensorflow_backend import quiet

if TYPE_CHECKING:
    import keras


def spec_of(name: str) -> NetworkSpec:
    """What there is to know of the network before it is loaded. Raises `WeightsError`."""
    return dlib_spec() if name == DLIB_RESNET else read_spec(Path(name))


def load_network(name: str, spec: NetworkSpec, *, progress: Progress = silent) -> "keras.Model":
    """The network in Keras, as it is converted: dlib's with its last stage bounded.

    Raises `WeightsError` also for a network that does not give what its sidecar says, `SourceError` if published
    weights cannot be had, `DependencyMissing`.
    """
    if name == DLIB_RESNET:
        return _dlib_resnet(progress)
    model = _saved_model(Path(name), spec) if Path(name).is_dir() else _keras_file(Path(name))
    size = spec.alignment.size_px
    expected, received = ((None, size, size, 3), (None, spec.length)), (model.input_shape, model.output_shape)
    if received != expected:
        raise WeightsError(
            f"The network {name} does not fit its sidecar: expected {expected} in and out, received {received}.",
            hint="Import the network with `lintel-convert import`; it writes both files.",
        )
    return model


def dlib_spec() -> NetworkSpec:
    """The sidecar that dlib's network would have."""
    return catalogue()[DLIB_RESNET].spec(DLIB_RESNET, embedding_draft().source)


def _keras_file(path: Path) -> "keras.Model":
    from convert.weights.keras_files.archive import read_network

    return read_network(path)


def _saved_model(path: Path, spec: NetworkSpec) -> "keras.Model":
    """The graph as one layer, once every operation in it has been looked up."""
    from convert.weights.keras_files.saved_model import SIGNATURE, check_saved_model

    signature = check_saved_model(path)
    import keras

    size = spec.alignment.size_px
    pixels = keras.Input((size, size, 3), name=signature.input_name)
    with quiet():
        given = keras.layers.TFSMLayer(str(path), call_endpoint=SIGNATURE)(pixels)
    vector = keras.layers.Reshape((spec.length,), name="vector")(given[signature.output_name])
    return keras.Model(pixels, vector, name=spec.name)


def _dlib_resnet(progress: Progress) -> "keras.Model":
    from convert.networks.dlib_resnet import CAP
    from convert.published.fetch import fetch
    from convert.published.sources import RESNET_WEIGHTS
    from convert.weights.dlib import load, parse

    weights = parse(fetch(RESNET_WEIGHTS.name, progress=progress).read_bytes())
    return load(weights, cap=CAP)
