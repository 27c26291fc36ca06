"""The JSON contract beside each .tflite file: what goes in, what comes out, and when two faces match.

`convert` writes it, `device` reads it and refuses a file that does not keep it. A manifest and its model are a pair
`models/NAME.json`, `models/NAME.tflite`.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from device.errors import ModelError

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Positive = Annotated[int, msgspec.Meta(gt=0)]
Rate = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Point = tuple[float, float]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class TensorSpec(_Record, frozen=True):
    """One input or output tensor, batch dimension included."""

    shape: tuple[Positive, ...]
    dtype: Literal["float32"]


class Preprocessing(_Record, frozen=True):
    """What the device does to RGB pixels 0..255 before the model: `pixel * scale + offset`."""

    color: Literal["RGB"]
    scale: float
    offset: float


class Source(_Record, frozen=True):
    """Where the model or its weights come from: one member of one pinned package."""

    package: str
    version: str
    archive_sha256: Sha256
    member: str
    member_sha256: Sha256


class Alignment(_Record, frozen=True):
    """The chip a face is brought to by a similarity transform before the model sees it.

    `template` are points (x, y) in pixels of the chip, origin at its top left pixel's center; `landmarks` are the
    face mesh's
    indices of the same points, in the same order.
    """

    size_px: Positive
    template: tuple[Point, ...]
    landmarks: tuple[int, ...]


class DecisionRule(_Record, frozen=True):
    """When two embeddings match, and what that threshold means.

    `similarity` is the cosine of two unit vectors, -1..1, higher is closer; several references and probes are fused by
    the mean of all their similarities. `threshold` was set on `dataset` so that a share `target_fmr` of its
    `non_mated_comparisons` (of `references` x `probes`) would match.
    """

    metric: Literal["cosine-similarity"]
    direction: Literal["higher-is-closer"]
    threshold: Annotated[float, msgspec.Meta(ge=-1, le=1)]
    target_fmr: Rate
    references: Positive
    probes: Positive
    dataset: str
    non_mated_comparisons: Positive


class EmbeddingSpec(_Record, frozen=True):
    """The vector the device makes of the model's output: chip and mirror averaged, then unit length."""

    length: Positive
    normalization: Literal["unit-length"]
    mirror: Literal["mean"]


class BuiltWith(_Record, frozen=True):
    """What made the file; with the same, a rebuild gives the same bytes."""

    tensorflow: str
    cpu: str
    quantization: Literal["float32", "float16", "dynamic-range", "full-int8"]


class Manifest(_Record, frozen=True):
    """A model file's contract. The optional parts belong to the embedding model alone."""

    manifest_version: Literal[1]
    name: str
    task: Literal["face-detection", "face-landmarks", "face-embedding"]
    description: str
    file: Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+\.tflite$")]
    sha256: Sha256
    size_bytes: Positive
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    preprocessing: Preprocessing
    source: Source
    license: str
    built_with: BuiltWith | None = None
    alignment: Alignment | None = None
    embedding: EmbeddingSpec | None = None
    decision: DecisionRule | None = None


def read_manifest(path: Path) -> Manifest:
    """The manifest in a JSON file. Raises `ModelError` if it is missing or does not keep the contract."""
    hint = "Install Lintel again, or rebuild the models with `lintel-convert build`."
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise ModelError(f"No manifest at {path}.", hint=hint) from None
    except OSError as error:
        raise ModelError(f"Cannot read the manifest {path}: {error.strerror}.", hint=hint) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"The manifest {path} does not keep its contract: {error}.", hint=hint) from None


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Writes `manifest` as JSON that people can read, defaults left out."""
    encoded = msgspec.json.encode(_without_absent(manifest))
    path.write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")


def _without_absent(manifest: Manifest) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(manifest)
    return {name: value for name, value in fields.items() if value is not None}
