"""What was measured of a network of the catalogue, so that it can be installed without data: `convert/measured/`.

For each network that the gate let pass a JSON file has its thresholds and error rates, and what it gives for the two
portraits that come with Lintel, by which a file that was made elsewhere is known again. `scripts/measured_network.py`
writes it.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from convert.errors import WeightsError
from convert.figures import Figures
from device.failures import in_words
from device.records import Embedding
from device.vision.manifest import BuiltWith, DecisionRule, Sha256, Turned

Vector = Annotated[tuple[float, ...], msgspec.Meta(min_length=1)]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Numbers(_Record, frozen=True):
    """The unit vector of a portrait's face, chip and mirror: of the network in float, and of the file."""

    network: Vector
    file: Vector


class GateFacts(_Record, frozen=True):
    """What the quantization cost in TAR, all people compared with all: the change with its 95 % interval, shares."""

    target_fmr: float
    change: float
    low: float
    high: float
    mated: int
    non_mated: int


class Facts(_Record, frozen=True):
    """Everything that was measured of the network's file `file_sha256`, made of the weights `weights_sha256`."""

    facts_version: Literal[1]
    name: str
    weights_sha256: Sha256
    file_sha256: Sha256
    built_with: BuiltWith
    pythons: tuple[str, ...]
    gate: GateFacts
    portraits: dict[str, Numbers]
    decision: DecisionRule
    figures: Figures
    turned: Turned | None = None


def measured_dir() -> Path:
    """The folder of the facts that come with Lintel."""
    return Path(__file__).with_name("measured")


def measured_names(folder: Path | None = None) -> tuple[str, ...]:
    """The networks that can be installed, by name."""
    return tuple(sorted(path.stem for path in (folder or measured_dir()).glob("*.json")))


def read_facts(name: str, folder: Path | None = None) -> Facts:
    """What was measured of the network `name`. Raises `WeightsError` for one that was not measured."""
    where = folder or measured_dir()
    if name not in measured_names(where):
        raise WeightsError(
            f"No thresholds come with Lintel for {name!r}. Measured: {', '.join(measured_names(where))}.",
            hint="Set them on labelled pictures of your own: `lintel-convert import`, then `lintel-convert quantize "
            "--pairs PAIRS --images IMAGES --into FOLDER`. Lintel's own network needs neither.",
        )
    try:
        return msgspec.json.decode((where / f"{name}.json").read_bytes(), type=Facts)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WeightsError(
            f"The facts of {name} cannot be read: {in_words(error)}.", hint="Install Lintel again."
        ) from None


def encoded_facts(facts: Facts) -> bytes:
    """JSON with a line for each field, as vectors have many numbers."""
    fields = msgspec.to_builtins(facts)
    lines = (f"  {_json(name)}: {_json(value)}" for name, value in fields.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def as_vector(numbers: Vector) -> Embedding:
    """float32 [n]."""
    return np.asarray(numbers, np.float32)


def as_numbers(vector: Embedding) -> Vector:
    """Six digits of each number, by which cosines are known to 1e-5."""
    return tuple(round(float(number), 6) for number in vector)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
