"""What stands between a weights file and a conversion: a Keras network, and beside it what only its maker knew.

`NAME.keras` is the network, `NAME.json` its sidecar: the chip it wants, the vector it gives, where it comes from and
what its license allows. `lintel-convert import` and training write such pairs; the conversion reads them.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from convert.errors import WeightsError
from device.failures import in_words
from device.vision.alignment import names_its_points
from device.vision.landmarks import LANDMARK_COUNT
from device.vision.manifest import Alignment, Source

if TYPE_CHECKING:
    import keras

MAX_SIDECAR_BYTES = 1 << 20
MAX_LENGTH = 4096


class NetworkSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The sidecar of a Keras network.

    The network takes float32 [n, s, s, 3] RGB 0..255, s being `alignment.size_px`, and gives float32 [n, `length`].
    `terms` says in plain words what the license and the data that the weights were trained on allow at a door.
    `held_out` is the share of people whom `lintel-convert train` never trained on; None where that is not known.
    """

    spec_version: Literal[1]
    name: Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+$")]
    description: str
    alignment: Alignment
    length: Annotated[int, msgspec.Meta(gt=0, le=MAX_LENGTH)]
    source: Source
    license: str
    terms: str
    held_out: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None


def sidecar(path: Path) -> Path:
    """The sidecar's path of the network at `path`, a `.keras` file or the folder of a SavedModel."""
    return path.with_suffix(".json") if path.suffix == ".keras" else path.with_name(f"{path.name}.json")


def write_network(model: "keras.Model", spec: NetworkSpec | None, path: Path) -> None:
    """Writes the pair whole: first both to temporary files beside `path`, then each into its place.

    Without a spec no sidecar is written, and one of an earlier network is removed.

    Raises `WeightsError` if `path` cannot be written.
    """
    from convert.tensorflow_backend import quiet

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".lintel-") as folder:
            network, beside = Path(folder) / "network.keras", Path(folder) / "network.json"
            with quiet():
                model.save(network)
            if spec is not None:
                beside.write_bytes(encoded(spec))
            sidecar(path).unlink(missing_ok=True)
            network.replace(path)
            if spec is not None:
                beside.replace(sidecar(path))
    except OSError as error:
        raise WeightsError(
            f"Cannot write the network {path}: {in_words(error, quoted=True)}.", hint="Name another folder with --out."
        ) from error


def encoded(spec: NetworkSpec) -> bytes:
    """The sidecar's JSON, for people to read."""
    return msgspec.json.format(msgspec.json.encode(spec), indent=2) + b"\n"


def read_spec(path: Path) -> NetworkSpec:
    """The sidecar of the network at `path`. Raises `WeightsError` if it is missing or does not keep the contract."""
    beside = sidecar(path)
    hint = "Import the network with `lintel-convert import`; it writes both files."
    try:
        with beside.open("rb") as file:
            content = file.read(MAX_SIDECAR_BYTES + 1)
        if len(content) > MAX_SIDECAR_BYTES:
            raise WeightsError(f"{beside} has more than {MAX_SIDECAR_BYTES} bytes.", hint=hint)
        spec = msgspec.json.decode(content, type=NetworkSpec)
    except FileNotFoundError:
        if not path.exists():
            raise WeightsError(f"There is no network {path}.", hint="Check the name, or import the network.") from None
        raise WeightsError(f"The network {path} has no sidecar {beside.name} beside it.", hint=hint) from None
    except OSError as error:
        raise WeightsError(f"Cannot read {beside}: {in_words(error)}.", hint=hint) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WeightsError(f"{beside} is not a valid sidecar: {error}.", hint=hint) from None
    if not names_its_points(spec.alignment):
        raise WeightsError(
            f"{beside} names other points for its alignment than the face mesh has: one landmark for each point, "
            f"0 to {LANDMARK_COUNT - 1}.",
            hint=hint,
        )
    return spec
