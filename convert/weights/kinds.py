"""What a weights file is, by its first bytes and not by its name: so that an error can say it, and what is taken."""

import zipfile
from enum import Enum
from pathlib import Path

from convert.errors import WeightsError
from device.failures import in_words

HEAD_BYTES = 4096


class Kind(Enum):
    """What a file may be; the value is how a sentence calls it."""

    KERAS = "a .keras file"
    HDF5 = "an HDF5 file"
    ONNX = "an ONNX file"
    TFLITE = "a TensorFlow Lite file"
    GRAPH = "a TensorFlow graph (.pb)"
    SAVED_MODEL = "the graph of a SavedModel alone"
    PYTORCH = "a PyTorch file"
    SAFETENSORS = "a safetensors file"
    UNKNOWN = "a file of an unknown kind"


TAKEN = (
    "lintel-convert takes a whole network as a .keras, .h5 or .onnx file or as the folder of a SavedModel, "
    "and weights alone as an .h5 file with --network."
)
WAYS = {
    Kind.HDF5: "Give it as the network itself.",
    Kind.TFLITE: "Import the network that it was converted from: a .tflite file is quantized already.",
    Kind.GRAPH: "Export it as a SavedModel folder with the signature serving_default, or as ONNX.",
    Kind.SAVED_MODEL: "Name its folder, which holds its weights too.",
    Kind.PYTORCH: "Export it in PyTorch: torch.onnx.export(network.eval(), example, 'network.onnx', opset_version=17).",
    Kind.SAFETENSORS: "It holds weights without a network: export the network as ONNX, or save it with Keras.",
    Kind.ONNX: "An ONNX file is a whole network: leave out --network and --length.",
    Kind.KERAS: "A .keras file is a whole network: leave out --network and --length.",
    Kind.UNKNOWN: "Check that it is the network's own file and was downloaded completely.",
}
"""What to do with those that are not taken."""


def kind_of(path: Path) -> Kind:
    """What the file at `path` is. Raises `WeightsError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise WeightsError(
            f"Cannot read {path}: {in_words(error, quoted=True)}.", hint="Name a file that is there and can be read."
        ) from error
    if head[:8] == b"\x89HDF\r\n\x1a\n":
        return Kind.HDF5
    if head[4:8] == b"TFL3":
        return Kind.TFLITE
    if head[:2] == b"PK":
        return _kind_of_archive(path)
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05":
        return Kind.PYTORCH
    if head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < 1 << 27:
        return Kind.SAFETENSORS
    return _kind_of_message(head)


def expect(path: Path, *taken: Kind) -> Kind:
    """The kind of the file, one of `taken`. Raises `WeightsError` that says what it is and what is taken."""
    found = kind_of(path)
    if found not in taken:
        raise WeightsError(f"{path} is {found.value}. {TAKEN}", hint=WAYS[found])
    return found


def _kind_of_archive(path: Path) -> Kind:
    """Keras's and PyTorch's files are both zip archives; of neither more than the list of names is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return Kind.KERAS
    return Kind.PYTORCH if any(name.endswith("/data.pkl") for name in names) else Kind.KERAS


def _kind_of_message(head: bytes) -> Kind:
    """Protocol buffers have no mark: a SavedModel begins with version 1, ONNX with a later one, a graph with its
    first node.
    """
    if len(head) > 4 and head[0] == 0x08 and 1 <= head[1] <= 32:
        return Kind.SAVED_MODEL if head[1] == 1 else Kind.ONNX
    if len(head) > 4 and head[0] == 0x0A and 0x0A in head[2:4]:
        return Kind.GRAPH
    return Kind.UNKNOWN
