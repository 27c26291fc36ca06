"""`lintel-convert import`: published weights, or a network of one's own, to a Keras network and its sidecar.

Known by name is what stands in `convert/catalogue.toml`; the networks themselves in `convert/networks/table.py`, how
faces are brought to them in `convert/alignments.py`. The weights are read by `convert/weights/`.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convert.alignments import alignment_named, resized
from convert.catalogue import Entry, catalogue, hash_of, hash_of_file, hash_of_folder
from convert.errors import WeightsError, cause
from convert.networks.table import NETWORKS, network_named
from convert.spec import MAX_LENGTH, NetworkSpec, encoded, sidecar, write_network
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights.archive import check_hash, unpacked
from convert.weights.keras_files.archive import load_weights_into, read_network
from convert.weights.keras_files.saved_model import check_saved_model
from convert.weights.kinds import Kind, expect
from convert.weights.onnx_files.network import read_onnx_network
from convert.weights.published import IMPORTERS
from device.failures import in_words
from device.vision.manifest import AttackSpec, Source

if TYPE_CHECKING:
    import keras

NORMALIZATION = "normalization"
OWN_TERMS = "Your own network: check its license and its training data yourself."


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported, and where it lies: a `.keras` file or the folder of a SavedModel."""

    path: Path
    spec: NetworkSpec
    tensors: int
    weights: int


@dataclass(frozen=True, slots=True)
class OwnNetwork:
    """What the file of one's own network does not say of it.

    The network wants `pixel * scale + offset` of RGB 0..255, or of BGR. `network` names one of `NETWORKS` for a file
    that holds weights alone; it brings its own normalization. Some of these give as many numbers as `length` says.
    `leave_out_lambda` leaves out the last layer of a Keras file, a Lambda that only gives vectors unit length.
    `attack` is for a network against presentation attacks; its `alignment` is "", as it takes crops of boxes.
    """

    size_px: int
    alignment: str
    license: str
    terms: str = OWN_TERMS
    scale: float = 1.0
    offset: float = 0.0
    bgr: bool = False
    network: str | None = None
    length: int | None = None
    leave_out_lambda: bool = False
    attack: AttackSpec | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the network takes RGB pixels 0..255 as they are."""
        return (self.scale, self.offset, self.bgr) == (1.0, 0.0, False)


def import_known(name: str, source: Path, out: Path, *, any_hash: bool = False) -> Imported:
    """Imports the network `name` of the catalogue from the file or folder `source` into `out`.

    Raises `WeightsError` for an unknown name, for another hash unless `any_hash`, and for a file that is not the
    network; `DependencyMissing`.
    """
    entry, model, origin = read_known(name, source, any_hash=any_hash)
    path = out / f"{name}.keras"
    spec = entry.spec(name, origin)
    write_network(model, spec, path)
    return _imported(path, spec, model)


def read_known(name: str, source: Path, *, any_hash: bool = False) -> "tuple[Entry, keras.Model, Source]":
    """The entry `name` of the catalogue, its network with the weights in `source`, and where these come from.

    Raises as `import_known`.
    """
    entry = known(name)
    if not entry.readable:
        raise WeightsError(
            f"Cannot read {name} as it is published ({entry.file}).",
            hint=f"Bring its weights into a Keras file, and import that under another name: {_as_own(entry)}",
        )
    with unpacked(source, entry, any_hash=any_hash) as published:
        received = hash_of(published, entry)
        check_hash(source, received, entry, any_hash=any_hash)
        model = IMPORTERS[entry.importer](published)
    return entry, model, Source(package=entry.address, member=entry.file, member_sha256=received)


def import_own(name: str, source: Path, out: Path, own: OwnNetwork) -> Imported:
    """Imports one's own network: a `.keras` or `.onnx` file, a whole or weights-only `.h5`, a SavedModel's folder.

    Raises `WeightsError` if it is not a network of `own.size_px` RGB pixels, channels last, to one vector.
    """
    if source.is_dir():
        return _import_saved_model(name, source, out, own)
    network = read_own(name, source, own)
    spec = _spec_of_own(
        name,
        own,
        int(network.output_shape[1]),
        origin_of_own(source),
    )
    path = out / f"{name}.keras"
    write_network(network, spec, path)
    return _imported(path, spec, network)


def read_own(name: str, source: Path, own: OwnNetwork) -> "keras.Model":
    """One's own network in a file, with its normalization in front, so that it takes RGB 0..255.

    Raises as `import_own`.
    """
    return _with_normalization(_own_model(source, own), own, name)


def origin_of_own(source: Path) -> Source:
    """Where one's own network comes from: a file and its hash. Raises `WeightsError`."""
    return Source(package="own", member=source.name, member_sha256=hash_of_file(source))


def known(name: str) -> Entry:
    """The entry of the catalogue. Raises `WeightsError`, naming those there are."""
    if name not in catalogue():
        raise WeightsError(
            f"Unknown network {name!r}. Known: {', '.join(catalogue())}.",
            hint="To import a network of your own, also give --size, --alignment and --license.",
        )
    return catalogue()[name]


def _as_own(entry: Entry) -> str:
    length = f" --length {entry.length}" if NETWORKS[entry.network].of_any_length else ""
    return f"--from FILE --network {entry.network}{length} --size PIXELS --alignment NAME --license {entry.license}"


def _spec_of_own(name: str, own: OwnNetwork, length: int, source: Source) -> NetworkSpec:
    return NetworkSpec(
        spec_version=1,
        name=name,
        description=f"Own network {name}, imported from {source.member}.",
        alignment=resized(alignment_named(own.alignment), own.size_px),
        length=length,
        source=source,
        license=own.license,
        terms=own.terms,
    )


def _imported(path: Path, spec: NetworkSpec, model: "keras.Model") -> Imported:
    return Imported(path, spec, len(model.weights), int(model.count_params()))


def _own_model(source: Path, own: OwnNetwork) -> "keras.Model":
    model = _read(source, own)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise _unfit(f"expected one input and one output, received {len(model.inputs)} and {len(model.outputs)}")
    if model.inputs[0].dtype != "float32" or model.outputs[0].dtype != "float32":
        raise _unfit(f"expected float32 in and out, received {model.inputs[0].dtype} and {model.outputs[0].dtype}")
    _check_shapes(tuple(model.input_shape), tuple(model.output_shape), own.size_px)
    return model


def _read(source: Path, own: OwnNetwork) -> "keras.Model":
    """The network in the file, whichever kind of file it is. Raises `WeightsError` for one that is not taken."""
    if own.network is not None:
        return _with_weights(own.network, source, own)
    if expect(source, Kind.KERAS, Kind.HDF5, Kind.ONNX) is Kind.ONNX:
        return read_onnx_network(source, own.size_px, scale=own.scale, offset=own.offset)
    return read_network(source, leave_out_lambda=own.leave_out_lambda)


def _with_weights(name: str, source: Path, own: OwnNetwork) -> "keras.Model":
    """The project's network `name` with the weights in `source`."""
    if not own.is_plain:
        raise _unfit(f"{name} normalizes its input itself", "Leave out --scale, --offset and --color.")
    model = _network(name, own.length)
    expect(source, Kind.HDF5)
    try:
        load_weights_into(model, source)
    except WeightsError as error:
        hint = f"Weights of another network or another length than {model.output_shape[1]} need --network or --length."
        raise WeightsError(error.message, hint=f"{error.hint} {hint}") from error
    return model


def _network(name: str, length: int | None) -> "keras.Model":
    """One of `NETWORKS` without its weights. Raises `WeightsError` if it cannot have that length."""
    model = network_named(name, length)
    if length not in (None, model.output_shape[1]):
        raise _unfit(
            f"{name} gives {model.output_shape[1]} numbers, received a length of {length}", "Leave out --length."
        )
    return model


def _check_shapes(taken: tuple[int | None, ...], given: tuple[int | None, ...], size_px: int) -> None:
    expected = (size_px, size_px, 3)
    if len(taken) == 4 and taken[1] == 3 and taken[3] != 3:
        raise _unfit(
            f"it takes {list(taken)}, channels first, which TFLite has no kernels for on a CPU",
            "Build it with channels last (`keras.config.set_image_data_format('channels_last')`) and load its weights.",
        )
    if len(taken) != 4 or any(size not in (None, wanted) for size, wanted in zip(taken[1:], expected, strict=True)):
        raise _unfit(f"expected pixels {[None, *expected]}, received {list(taken)}")
    if len(given) != 2 or given[1] is None or not 1 <= given[1] <= MAX_LENGTH:
        raise _unfit(f"expected one vector of at most {MAX_LENGTH} numbers, received {list(given)}")


def _with_normalization(model: "keras.Model", own: OwnNetwork, name: str) -> "keras.Model":
    """The network with its own normalization in front; one that has it inside stays as it is."""
    inside = any(layer.name == NORMALIZATION for layer in model.layers)
    if inside and own.is_plain:
        return model
    import keras
    import numpy as np

    x = pixels = keras.Input((own.size_px, own.size_px, 3), name="pixels")
    x = keras.layers.Rescaling(own.scale, own.offset, name=NORMALIZATION)(x)
    if own.bgr:
        turn = keras.layers.Conv2D(3, 1, use_bias=False, trainable=False, name="bgr")
        x = turn(x)
        turn.set_weights([np.eye(3, dtype=np.float32)[::-1].reshape(1, 1, 3, 3)])
    return keras.Model(pixels, model(x), name=name.replace("-", "_"))


def _import_saved_model(name: str, source: Path, out: Path, own: OwnNetwork) -> Imported:
    """A SavedModel stays one: a new one with the normalization in front calls it."""
    if own.network is not None:
        raise _unfit("a SavedModel is a whole network, not weights for another", "Leave out --network and --length.")
    signature = check_saved_model(source)
    _check_shapes(signature.input_shape, signature.output_shape, own.size_px)
    path = out / name
    if path.exists():
        raise WeightsError(f"{path} exists already.", hint="Remove it, or name another folder with --out.")
    length = signature.output_shape[1] or 0
    member = Source(package="own", member=source.name, member_sha256=hash_of_folder(source, "**/*"))
    spec = _spec_of_own(name, own, length, member)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".lintel-") as folder:
            new = Path(folder) / "network"
            copy = shutil.copytree(source, Path(folder) / "copy")
            check_saved_model(copy)
            tensors, weights = _save_with_normalization(copy, new, own)
            check_saved_model(new)
            (Path(folder) / "spec").write_bytes(encoded(spec))
            new.replace(path)
            (Path(folder) / "spec").replace(sidecar(path))
    except OSError as error:
        raise WeightsError(
            f"Cannot write the network {path}: {in_words(error, quoted=True)}.", hint="Name another folder with --out."
        ) from error
    return Imported(path, spec, tensors, weights)


def _save_with_normalization(source: Path, new: Path, own: OwnNetwork) -> tuple[int, int]:
    """Writes the SavedModel `new`: pixels [n, s, s, 3] to `embedding`; the number of its tensors and of its weights."""
    tf = load_tensorflow()
    try:
        with quiet():
            module = tf.Module()
            module.inner = tf.saved_model.load(str(source))
            call = module.inner.signatures["serving_default"]
            (given,) = call.structured_input_signature[1].values()

            def serve(pixels: Any) -> dict[str, Any]:  # noqa: ANN401 - TensorFlow is untyped
                x = pixels * own.scale + own.offset
                x = tf.reverse(x, [3]) if own.bgr else x
                (embedding,) = call(**{given.name: x}).values()
                return {"embedding": embedding}

            size = (given.shape[0], own.size_px, own.size_px, 3)
            module.serve = tf.function(serve).get_concrete_function(tf.TensorSpec(size, tf.float32, name="pixels"))
            tf.saved_model.save(module, str(new), signatures={"serving_default": module.serve})
            variables = call.variables
            return len(variables), sum(int(variable.shape.num_elements() or 0) for variable in variables)
    except Exception as error:
        raise _unfit(f"TensorFlow cannot load it: {cause(error)}") from error


def _unfit(
    what: str, hint: str = "Give the network's size with --size; it takes RGB pixels, channels last."
) -> WeightsError:
    return WeightsError(f"Not a network for a door: {what}.", hint=hint)
