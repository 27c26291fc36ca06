"""The JSON contract beside each .tflite file: what goes in, what comes out, and when two faces match.

`convert` writes it, `device` reads it and refuses a file that does not keep it. A manifest and its model are a pair
`models/NAME.json`, `models/NAME.tflite`.
"""

import hashlib
import math
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from device.errors import ModelError
from device.failures import in_words
from device.files import opened_folder, write_whole, write_within
from device.vision.rates import missing_comparisons, on_curve, rounded_up

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Positive = Annotated[int, msgspec.Meta(gt=0)]
Rate = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Point = tuple[float, float]
Length = Annotated[float, msgspec.Meta(ge=0, le=1)]
Threshold = Annotated[float, msgspec.Meta(ge=-1, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
LEAST_CROP_SCALE = 1.2
"""Face boxes across a crop below which a presentation-attack network has too little to go by."""


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class TensorSpec(_Record, frozen=True):
    """One input or output tensor, batch dimension included."""

    shape: tuple[Positive, ...]
    dtype: Literal["float32"]


class Preprocessing(_Record, frozen=True):
    """What the device does to RGB pixels 0..255 before the model: channels in this order, `pixel * scale + offset`."""

    color: Literal["RGB", "BGR"]
    scale: float
    offset: float


class Source(_Record, frozen=True):
    """Where the model or its weights come from: one file, of a pinned package if there is an archive's hash."""

    package: str
    member: str
    member_sha256: Sha256
    version: str = ""
    archive_sha256: Sha256 | None = None


class Alignment(_Record, frozen=True):
    """The chip a face is brought to by a similarity transform before the model sees it.

    `template` are points (x, y) in pixels of the chip, origin at its top left pixel's center; `landmarks` are the
    same points in the same order, each one of the face mesh's, by its index, or the mean of several.
    """

    size_px: Positive
    template: tuple[Point, ...]
    landmarks: tuple[int | tuple[int, ...], ...]


class Fusion(_Record, frozen=True):
    """How several embeddings of one person become one vector: see `device.vision.comparison.fused`."""

    least_probe_length: Length
    least_reference_length: Length


class OperatingPoint(_Record, frozen=True):
    """The threshold at which a share `target_fmr` of the `non_mated_comparisons` match, for this many images."""

    references: Positive
    probes: Positive
    threshold: Threshold
    non_mated_comparisons: Positive


class CurvePoint(_Record, frozen=True):
    """The threshold of single pairs for another false match rate, in manifests that have no `DesignCurve`."""

    fmr: Rate
    threshold: Threshold


class CountedPoint(_Record, frozen=True):
    """The threshold for a false match rate, and how many false matches lie at or above it."""

    fmr: Rate
    threshold: Threshold
    false_matches: Count


class DesignCurve(_Record, frozen=True):
    """The thresholds of one number of references x probes, laxest first, as far as their comparisons support them.

    `non_mated_comparisons` are those of all `draws` of the images of `people` people; 0 draws: all pairs, each once.
    """

    references: Positive
    probes: Positive
    people: Positive
    draws: Count
    non_mated_comparisons: Positive
    points: Annotated[tuple[CountedPoint, ...], msgspec.Meta(min_length=1)]


class DecisionRule(_Record, frozen=True):
    """When references and probes match: their similarity, -1..1, higher is closer, reaches the threshold.

    The thresholds were set on `dataset`. `points` are those for the false match rate `target_fmr`; `curves` have those
    for others, of each of the points' designs. Manifests from before `curves` have the `curve` of single pairs alone.
    """

    metric: Literal["cosine-similarity"]
    direction: Literal["higher-is-closer"]
    target_fmr: Rate
    dataset: str
    fusion: Fusion
    points: tuple[OperatingPoint, ...]
    curve: tuple[CurvePoint, ...] = ()
    curves: tuple[DesignCurve, ...] = ()

    def __post_init__(self) -> None:
        designs = [(point.references, point.probes) for point in self.points]
        if (1, 1) not in designs:
            raise ValueError("expected an operating point of 1 reference x 1 probe")
        if self.curves and [(one.references, one.probes) for one in self.curves] != designs:
            raise ValueError("expected a curve for each operating point")

    def threshold(self, references: int, probes: int, *, share: float = 1.0) -> float:
        """The strictest threshold of all points that ask for no more pictures than these, for a `share` of the target
        rate.

        Pictures of one visit may be so alike that they count as one; then the point of fewer pictures is the right one.
        For a smaller share it is read off the same designs' curves; without any curve only the same picture would do.
        """
        of_points = max(point.threshold for point in self.points if _within(point, references, probes))
        if share >= 1:
            return of_points
        fmr = self.target_fmr * share
        if self.curves:
            at_share = max(self._at(one, fmr) for one in self.curves if _within(one, references, probes))
            return min(1.0, max(of_points, at_share))
        return min(1.0, of_points + max(0.0, self._moved_by(fmr)))

    def at_target(self, fmr: float) -> "DecisionRule":
        """The rule for another target rate. Raises `ValueError` without a curve."""
        if fmr == self.target_fmr:
            return self
        if self.curves:
            return msgspec.structs.replace(self, target_fmr=fmr).read_off_curves()
        if len(dict(self.single_pairs)) < 2:
            raise ValueError("expected a curve")
        by = self._moved_by(fmr)
        return self._with([rounded_up(max(-1.0, point.threshold + by)) for point in self.points], fmr)

    def read_off_curves(self) -> "DecisionRule":
        """The rule with its points as its curves have them for the target; without curves, the rule itself."""
        return self._with([self._at(one, self.target_fmr) for one in self.curves] or None, self.target_fmr)

    def _with(self, thresholds: list[float] | None, fmr: float) -> "DecisionRule":
        if thresholds is None:
            return self
        moved = zip(self.points, thresholds, strict=True)
        points = tuple(msgspec.structs.replace(point, threshold=threshold) for point, threshold in moved)
        return msgspec.structs.replace(self, target_fmr=fmr, points=points)

    def missing(self, fmr: float) -> int:
        """How many comparisons of single pairs more it takes to offer a target rate; 0, it is supported."""
        single = next(point for point in self.points if point.references == point.probes == 1)
        return missing_comparisons(fmr, single.non_mated_comparisons)

    def is_extrapolated(self, references: int, probes: int) -> bool:
        """Whether this very design has too few comparisons for the target; without curves that is not known."""
        own = (one for one in self.curves if (one.references, one.probes) == (references, probes))
        return any(missing_comparisons(self.target_fmr, one.non_mated_comparisons) > 0 for one in own)

    def on_curve(self, fmr: float) -> float:
        """The threshold of single pairs at which a share `fmr` of the non-mated ones match, past the curve's ends too.

        Raises `ValueError` for a curve of fewer than two points.
        """
        return on_curve(self.single_pairs, fmr)

    @property
    def single_pairs(self) -> "tuple[tuple[float, float], ...]":
        """The curve of single pairs: false match rates with their thresholds."""
        single = next((one.points for one in self.curves if one.references == one.probes == 1), self.curve)
        return tuple((point.fmr, point.threshold) for point in single)

    def _at(self, curve: DesignCurve, fmr: float) -> float:
        """The threshold of a design for a rate: its own where its comparisons support that, else the stricter one of
        its last point and of single pairs.
        """
        last, points = curve.points[-1], {point.fmr: point.threshold for point in curve.points}
        if fmr in points:
            return points[fmr]
        if fmr >= last.fmr and len(points) > 1:
            return rounded_up(on_curve(points.items(), fmr))
        of_single = 1.0 if len(set(self.single_pairs)) < 2 else self.on_curve(fmr)
        return rounded_up(max(last.threshold, of_single))

    def _moved_by(self, fmr: float) -> float:
        """How much further up the curve of single pairs that rate lies than the target; by all, without a curve."""
        if len({point for point, _ in self.single_pairs}) < 2:
            return math.inf
        return self.on_curve(fmr) - self.on_curve(self.target_fmr)

    @property
    def most_references(self) -> int | None:
        """How many references are fused at most; None, as many as there are.

        The more different pictures a mean of unit length is of, the closer it lies to all people, so there are no more
        than a point asks for. With a shorter least length the threshold nearly holds: DECISIONS.md says how nearly.
        """
        unit_length = self.fusion.least_reference_length >= 1
        return max(point.references for point in self.points) if unit_length else None

    @property
    def most_probes(self) -> int | None:
        """How many probes are fused at most, likewise."""
        return max(point.probes for point in self.points) if self.fusion.least_probe_length >= 1 else None


def _within(design: OperatingPoint | DesignCurve, references: int, probes: int) -> bool:
    """Whether a design asks for no more pictures than these."""
    return design.references <= references and design.probes <= probes


class EmbeddingSpec(_Record, frozen=True):
    """The vector the device makes of the model's output: chip and mirror averaged, then unit length."""

    length: Positive
    normalization: Literal["unit-length"]
    mirror: Literal["mean"]


class AttackSpec(_Record, frozen=True):
    """How a presentation-attack network is asked, and what its answer means.

    It sees a square crop of `crop_scale` face boxes and gives logits, of which that at `live_index` is a live face's.
    `threshold` is the least probability 0..1 of a live face, as long as the door has none of its own.
    """

    crop_scale: Annotated[float, msgspec.Meta(ge=LEAST_CROP_SCALE, le=8)]
    output: Literal["logits"]
    live_index: Annotated[int, msgspec.Meta(ge=0)]
    threshold: Rate


class OwnFrames(_Record, frozen=True):
    """Frames of people whose heads are turned by `from_deg` to below `to_deg`; `matching` those that match their own
    references, `clips` how many clips they are from.
    """

    from_deg: Annotated[float, msgspec.Meta(ge=0)]
    to_deg: Annotated[float, msgspec.Meta(gt=0)]
    frames: Annotated[int, msgspec.Meta(ge=0)]
    matching: Annotated[int, msgspec.Meta(ge=0)]
    clips: Annotated[int, msgspec.Meta(ge=0)]

    @property
    def share(self) -> float | None:
        """Those of the frames that match, 0..1; None without a frame."""
        return self.matching / self.frames if self.frames else None


class Turned(_Record, frozen=True):
    """How well faces that turn are known by the network: each frame on its own, at the `threshold` for a false match
    rate of 1e-3, on `clips` of `dataset`.
    """

    dataset: str
    clips: Positive
    threshold: Annotated[float, msgspec.Meta(ge=-1, le=1)]
    own_frames: tuple[OwnFrames, ...]


class BuiltWith(_Record, frozen=True):
    """What made the file; with the same, a rebuild gives the same bytes."""

    tensorflow: str
    cpu: str
    quantization: Literal["float32", "float16", "dynamic-range", "full-int8"]


class Manifest(_Record, frozen=True):
    """A model file's contract. Of the optional parts `attack` belongs to a presentation-attack network, the rest to the
    embedding model.

    `seal` is the SHA-256 of all the rest. It does not stop a user who can write to the folder; it finds a threshold
    that was changed by hand, or by a failing disk.
    """

    manifest_version: Literal[2]
    name: str
    task: Literal["face-detection", "face-landmarks", "face-embedding", "presentation-attack"]
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
    turned: Turned | None = None
    attack: AttackSpec | None = None
    seal: str = ""

    def __post_init__(self) -> None:
        """Raises `ValueError` for a channel order that the other networks' code does not ask for."""
        if self.preprocessing.color != "RGB" and self.task != "presentation-attack":
            raise ValueError(f"expected RGB for {self.task}, received {self.preprocessing.color}")


def read_manifest(path: Path) -> Manifest:
    """The manifest in a JSON file. Raises `ModelError` if it is missing or does not keep the contract."""
    hint = "Install Lintel again, or rebuild the models with `lintel-convert build`."
    try:
        fields = msgspec.json.decode(path.read_bytes())
        manifest = msgspec.convert(fields, Manifest)
    except FileNotFoundError:
        raise ModelError(f"No manifest at {path}.", hint=hint) from None
    except OSError as error:
        raise ModelError(f"Cannot read the manifest {path}: {in_words(error)}.", hint=hint) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"The manifest {path} is invalid: {error}.", hint=hint) from None
    if manifest.seal != seal_of(fields):
        raise ModelError(
            f"The manifest {path} has been altered: its seal is not that of its content.",
            hint="Install Lintel again; a threshold is set by `lintel-convert calibrate`.",
        )
    return manifest


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Writes `manifest` whole. Raises `OSError`."""
    write_whole(path, encoded(manifest), durable=True)


def write_pair(manifest: Manifest, content: bytes, folder: Path) -> None:
    """Writes a model and its manifest into `folder`, both or neither if the disk is full. Raises `OSError`."""
    with opened_folder(folder) as descriptor:
        pair = {manifest.file: content, f"{manifest.name}.json": encoded(manifest)}
        write_within(descriptor, pair, durable=True)


def encoded(manifest: Manifest) -> bytes:
    """JSON that people can read, defaults left out, sealed."""
    fields = _without_absent(manifest)
    sealed = msgspec.json.encode({**fields, "seal": seal_of(fields)})
    return msgspec.json.format(sealed, indent=2) + b"\n"


def seal_of(fields: dict[str, object]) -> str:
    """The SHA-256, hexadecimal, of a manifest's JSON, keys in order, without its seal."""
    rest = {name: value for name, value in fields.items() if name != "seal"}
    return hashlib.sha256(msgspec.json.encode(rest, order="sorted")).hexdigest()


def _without_absent(manifest: Manifest) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(manifest)
    return {name: value for name, value in fields.items() if value is not None}
