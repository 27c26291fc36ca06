"""A Keras network out of a file that may be anybody's: `.keras`, a whole `.h5`, or weights for a network one has.

Nothing of the file is executed, nothing is read before its declared size is checked, and Keras sees a private copy
whose description holds only its own computing layers. What is missing, left over, of another shape or no number is
named.
"""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convert import keras_backend
from convert.errors import WeightsError, cause
from convert.tensorflow_backend import quiet
from convert.weights.keras_files.config import Json, parse_config, refused
from convert.weights.keras_files.hdf5 import damaged, opened, stored_tensors
from convert.weights.keras_files.layout import account, check_named, layout_of_file, layout_of_network
from convert.weights.keras_files.legacy import assign, is_legacy
from device.failures import in_words

if TYPE_CHECKING:
    import keras

MAX_WEIGHTS_BYTES = 1 << 30
MAX_CONFIG_BYTES = 16 << 20
MAX_METADATA_BYTES = 1 << 20
MAX_RATIO = 100
"""Weights are noise to a packer; what unpacks to more than this many times its size is a bomb."""
MAX_ACTIVATION = 1 << 27
"""Numbers in one layer's output for one face: dlib's largest has 165,888."""

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"

_END = b"PK\x05\x06"
_END_BYTES = 22
_LOCATOR = b"PK\x06\x07"
_MAX_DIRECTORY_BYTES = 1 << 16


def read_network(path: Path, *, leave_out_lambda: bool = False) -> "keras.Model":
    """The network in a `.keras` file or a whole-model `.h5` file, its weights loaded and every one accounted for.

    With `leave_out_lambda`, without its last layer, which has to be a Lambda; else that is refused as code.
    Raises `WeightsError` for a file that is damaged, too large, or holds anything but Keras's own computing layers;
    `DependencyMissing` without Keras.
    """
    keras_backend.load_keras()
    with _private_copy(path, MAX_WEIGHTS_BYTES + MAX_CONFIG_BYTES) as copy:
        read = _of_archive if _is_archive(copy) else _of_whole_hdf5
        return read(copy, leave_out_lambda)


def load_weights_into(model: "keras.Model", path: Path) -> None:
    """Loads a weights-only `.h5` file of Keras 3 or 2 into `model`, every tensor accounted for by name and shape.

    Names that Keras made itself, `conv2d_3`, are the same if their order is. Raises `WeightsError`, naming what is
    missing, left over, or of another name or shape.
    """
    keras_backend.load_keras()
    with _private_copy(path, MAX_WEIGHTS_BYTES, suffix=".weights.h5") as copy:
        _load_weights(model, copy, described=False)


def _of_archive(archive: Path, leave_out_lambda: bool) -> "keras.Model":
    with tempfile.TemporaryDirectory(prefix="lintel-") as folder:
        weights = Path(folder) / WEIGHTS
        try:
            config = _unpacked(archive, weights)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ) as error:
            raise refused(f"its archive cannot be read: {error}") from error
        model = _network(parse_config(config, leave_out_lambda=leave_out_lambda), room_bytes=weights.stat().st_size)
        _load_weights(model, weights, described=True)
        return model


def _of_whole_hdf5(path: Path, leave_out_lambda: bool) -> "keras.Model":
    with opened(path) as file:
        stored_tensors(file)
        if "model_config" not in file.attrs:
            raise damaged("it holds weights without a network; name the network with --network")
        config = file.attrs["model_config"]
    content = config if isinstance(config, bytes) else str(config).encode(errors="surrogatepass")
    if len(content) > MAX_CONFIG_BYTES:
        raise refused(f"its description has {len(content)} bytes, expected at most {MAX_CONFIG_BYTES}")
    model = _network(parse_config(content, leave_out_lambda=leave_out_lambda), room_bytes=path.stat().st_size)
    _load_weights(model, path, described=True)
    return model


@contextmanager
def _private_copy(path: Path, limit: int, *, suffix: str = "") -> Iterator[Path]:
    """A copy of the file, which can't change between a check and its use."""
    with tempfile.TemporaryDirectory(prefix="lintel-") as folder:
        copy = Path(folder) / f"copy{suffix}"
        try:
            with path.open("rb") as file, copy.open("wb") as into:
                size = path.stat().st_size
                if size > limit:
                    raise damaged(f"{path.name} has {size} bytes, expected at most {limit}")
                for _ in range(0, size, 1 << 20):
                    into.write(file.read(1 << 20))
        except OSError as error:
            raise WeightsError(
                f"Cannot read {path}: {in_words(error, quoted=True)}.",
                hint="Name a file that is there and can be read.",
            ) from error
        yield copy


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _unpacked(archive: Path, weights: Path) -> bytes:
    """Writes the weights to `weights` and gives the description, once the archive's directory promises no bomb."""
    _check_directory(archive)
    with zipfile.ZipFile(archive) as opened_archive:
        members = _members(opened_archive)
        with opened_archive.open(members[WEIGHTS]) as packed, weights.open("wb") as into:
            shutil.copyfileobj(packed, into, 1 << 20)
        return opened_archive.read(members[CONFIG])


def _check_directory(archive: Path) -> None:
    """The archive ends as Keras ends it, so that no more than a small directory is read next."""
    content = archive.stat().st_size
    with archive.open("rb") as file:
        file.seek(max(0, content - _END_BYTES - 20))
        tail = file.read()
    end = tail[-_END_BYTES:]
    if len(end) < _END_BYTES or end[:4] != _END or end[-2:] != b"\0\0" or tail[:4] == _LOCATOR:
        raise refused("its archive is cut off, or not as Keras writes one")
    if int.from_bytes(end[12:16], "little") > _MAX_DIRECTORY_BYTES:
        raise refused("its archive has too many members")


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    limits = {CONFIG: MAX_CONFIG_BYTES, METADATA: MAX_METADATA_BYTES, WEIGHTS: MAX_WEIGHTS_BYTES}
    names = sorted(member.filename for member in archive.infolist())
    if names != sorted(limits):
        shown = ", ".join(name[:60] for name in names[:8])
        raise refused(f"expected the members {', '.join(sorted(limits))}, received {shown or 'none'}")
    for member in archive.infolist():
        if member.file_size > limits[member.filename] or member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise refused(
                f"{member.filename} would unpack from {member.compress_size} to {member.file_size} bytes, "
                f"expected at most {limits[member.filename]} and {MAX_RATIO} times its size"
            )
    return {member.filename: member for member in archive.infolist()}


def _network(config: dict[str, Json], *, room_bytes: int) -> "keras.Model":
    """Builds the network; its weights get their memory after it is seen that they could be in the file."""
    import keras

    with _keras_errors("Keras cannot build it"), keras.StatelessScope() as scope:
        try:
            model = _built(config)
            _check_sizes(model, room_bytes)
        except BaseException:
            scope.initialize_variables = False
            keras.backend.clear_session()
            raise
    return model


def _built(config: dict[str, Json]) -> "keras.Model":
    """The network; Keras changes what it is given, so each time it gets its own."""
    import keras
    import msgspec

    model = keras.saving.deserialize_keras_object(msgspec.json.decode(msgspec.json.encode(config)), safe_mode=True)
    if not isinstance(model, keras.Model) or not model.built:
        raise refused("it is not a network with a known input")
    return model


def _check_sizes(model: "keras.Model", room_bytes: int) -> None:
    weights = sum(int(np.prod(weight.shape, dtype=np.float64)) for weight in model.weights)
    if weights > room_bytes:
        raise refused(f"it has {weights} weights, but its file has {room_bytes} bytes")
    for layer in _all_layers(model):
        for output in _tensors(getattr(layer, "output", ())):
            numbers = int(np.prod([size or 1 for size in output.shape], dtype=np.float64))
            if numbers > MAX_ACTIVATION:
                raise refused(f"layer {layer.name!r} gives {numbers} numbers, expected at most {MAX_ACTIVATION}")


def _all_layers(model: "keras.Model") -> Iterator[Any]:
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _all_layers(layer)


def _tensors(output: Any) -> Iterator[Any]:  # noqa: ANN401 - Keras is untyped
    if isinstance(output, list | tuple):
        yield from output
    elif hasattr(output, "shape"):
        yield output


def _load_weights(model: "keras.Model", path: Path, *, described: bool) -> None:
    """Loads the file at `path`, of Keras 3 (`*.weights.h5`) or older, and looks at every number.

    Where the file's own description made the network, `described`, its layers need no names to be told apart.
    """
    with _keras_errors("Keras cannot load its weights"):
        with opened(path) as file:
            tensors = stored_tensors(file)
            if legacy := is_legacy(file):
                assign(model, file, tensors)
            else:
                expected, received = layout_of_network(model), layout_of_file(file, tensors)
                account(expected, received)
                if not described:
                    check_named(expected, received)
        if not legacy:
            with quiet():
                model.load_weights(path)
        _check_finite(model)


def _check_finite(model: "keras.Model") -> None:
    for weight in model.weights:
        if not np.isfinite(np.asarray(weight)).all():
            raise damaged(f"{weight.path}: expected finite numbers, received NaN or infinity")


@contextmanager
def _keras_errors(what: str) -> Iterator[None]:
    """Whatever Keras raises over a file is the file's fault, and reported with its cause."""
    try:
        yield
    except WeightsError:
        raise
    except Exception as error:
        raise refused(f"{what}: {cause(error)}") from error
