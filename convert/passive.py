"""`lintel-convert import` of a presentation-attack network: published weights in, the pair that a door opens out.

The network is read by `convert.importing`, quantized to dynamic range, and refused if too many verdicts are others
than the network's in Keras, float32. The pair goes into the owner's folder: such weights are never part of Lintel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert.errors import WeightsError
from convert.finder import Finder
from convert.gate import POINT, Outcome, Verdict
from convert.importing import OwnNetwork, origin_of_own, read_known, read_own
from convert.manifests import sealed
from convert.progress import Progress, silent
from convert.quantize import Quantization, quantize
from convert.representative_set import Chips, PlacedFace, augmented, portraits_dir
from convert.tensorflow_backend import cpu_class, load_tensorflow, quiet
from device.errors import ModelError
from device.failures import in_words
from device.images import image_files, read_image
from device.vision.attack.passive import TASK, Crop, PassiveNetwork, crop_around, live_probability
from device.vision.manifest import AttackSpec, BuiltWith, Manifest, Preprocessing, Source, TensorSpec, write_pair
from device.vision.models import Model, shipped_models_dir

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float64]

MOST_FLIPPED = 3 * POINT
"""Share of verdicts that may flip: dynamic range flipped 0.3 to 2.3 % of such networks', full integer 8 to 14 %."""
LEAST_CROPS = 100
"""Rule of three: a share of 3 % shows in as many crops (95 % confidence)."""
LEAST_OF_A_KIND = 10
"""Crops that the network takes for live, and for attacks: where all verdicts are the same, none can flip."""


@dataclass(frozen=True, slots=True)
class Flips:
    """How many of the `crops` get another verdict than in float; `live` of them are live in float.

    `largest` is the largest difference of a probability of a live face, 0..1.
    """

    flipped: int
    crops: int
    live: int
    largest: float

    @property
    def share(self) -> float:
        """Of the crops, those whose verdict flips, 0..1."""
        return self.flipped / self.crops


@dataclass(frozen=True, slots=True)
class Unquantized:
    """A network in Keras, which takes RGB 0..255 as all of Lintel's do, and what its file does not say."""

    name: str
    network: "keras.Model"
    attack: AttackSpec
    source: Source
    description: str
    license: str
    terms: str


@dataclass(frozen=True, slots=True)
class ImportedPassive:
    """What was made of the weights, what the quantization cost, and the weights' terms.

    Only a network that passed lies at `path`, its manifest beside it.
    """

    path: Path
    manifest: Manifest
    flips: Flips
    verdict: Verdict
    terms: str


def import_passive(
    name: str, source: Path, out: Path, *, any_hash: bool = False, progress: Progress = silent
) -> ImportedPassive:
    """Writes NAME.tflite and NAME.json into `out`, from the weights in `source` of a network in the catalogue.

    Nothing is written unless the gate lets it pass. Raises `ModelError` for a folder that cannot be written or is
    Lintel's own, and as `import_known`.
    """
    check_folder(out)
    entry, network, origin = read_known(name, source, any_hash=any_hash)
    if entry.attack is None:
        raise WeightsError(f"{name} gives no verdict on a face.", hint="Import it with `lintel-convert import`.")
    read = Unquantized(name, network, entry.attack, origin, entry.description, entry.license, entry.all_terms)
    return converted(read, out, progress)


def import_own_passive(
    name: str, source: Path, out: Path, *, own: OwnNetwork, progress: Progress = silent
) -> ImportedPassive:
    """The same of one's own network, which gives logits: a `.keras`, `.h5` or `.onnx` file.

    Raises as `import_own`, `ValueError` without `own.attack`.
    """
    check_folder(out)
    attack = own.attack
    if attack is None:
        raise ValueError("expected a network against presentation attacks")
    network = read_own(name, source, own)
    classes = int(network.output_shape[1])
    if classes <= max(attack.live_index, 1):
        raise WeightsError(
            f"{source} gives {classes} numbers, expected logits of at least two classes, and one at the live index "
            f"{attack.live_index}.",
            hint="Give the number of the live class with --live-index, the first is 0.",
        )
    description = f"Own network {name}, imported from {source.name}"
    read = Unquantized(name, network, attack, origin_of_own(source), description, own.license, own.terms)
    return converted(read, out, progress)


def converted(read: Unquantized, out: Path, progress: Progress = silent) -> ImportedPassive:
    """Quantizes and judges a network, and writes its pair into `out` if it passes. Raises `ModelError`."""
    size_px = int(read.network.input_shape[1])
    progress(f"{read.name}: quantizing to dynamic range")
    content = quantize(read.network, Quantization.DYNAMIC_RANGE, np.zeros((0, size_px, size_px, 3), np.uint8))
    manifest = sealed(drafted(read), content)
    crops = portrait_crops(Finder(shipped_models_dir()), read.attack.crop_scale, size_px)
    progress(f"{read.name}: comparing verdicts with float32 on {len(crops)} crops")
    flips = flips_of(read.network, PassiveNetwork(Model(manifest, content)), crops)
    verdict = judged(flips)
    if verdict.outcome is Outcome.PASSED:
        _write(manifest, content, out)
    return ImportedPassive(out / manifest.file, manifest, flips, verdict, read.terms)


def drafted(read: Unquantized) -> Manifest:
    """The manifest of a network whose file is yet to be made."""
    return Manifest(
        manifest_version=2,
        name=read.name,
        task=TASK,
        description=f"{read.description.rstrip('.')}; {Quantization.DYNAMIC_RANGE.value}.",
        file=f"{read.name}.tflite",
        sha256="0" * 64,
        size_bytes=1,
        inputs=(_tensor((1, *read.network.input_shape[1:])),),
        outputs=(_tensor((1, *read.network.output_shape[1:])),),
        preprocessing=Preprocessing(color="RGB", scale=1.0, offset=0.0),
        source=read.source,
        license=read.license,
        built_with=BuiltWith(
            tensorflow=load_tensorflow().__version__, cpu=cpu_class(), quantization=Quantization.DYNAMIC_RANGE.value
        ),
        attack=read.attack,
    )


def portrait_crops(finder: Finder, scale: float, size_px: int) -> Chips:
    """300 crops of `scale` face boxes of Lintel's portraits, moved, stretched and lit, uint8 [300, size, size, 3]."""
    faces = tuple(_placed(path, finder, scale, size_px) for path in image_files(portraits_dir()))
    return augmented(faces, size_px)


def flips_of(network: "keras.Model", file: PassiveNetwork, crops: Chips) -> Flips:
    """How many verdicts on RGB crops, uint8 [n, size, size, 3], the network in Keras and its file give differently.

    Raises `WeightsError` for a network that gives probabilities: as logits they would make other ones.
    """
    with quiet():
        logits = np.asarray(network(crops.astype(np.float32), training=False))
    _check_logits(logits)
    in_float = np.array([live_probability(row, file.spec.live_index) for row in logits])
    return flips_between(in_float, np.array([file.live_crop(crop) for crop in crops]), file.threshold)


def flips_between(in_float: Floats, quantized: Floats, threshold: float) -> Flips:
    """Probabilities of a live face, float64 [n] each, at a threshold from which on a face counts as live."""
    live = in_float >= threshold
    flipped = live != (quantized >= threshold)
    return Flips(int(flipped.sum()), len(live), int(live.sum()), float(np.abs(in_float - quantized).max(initial=0)))


def judged(flips: Flips) -> Verdict:
    """Refused if more than 3 % of the verdicts flip; not judged on too few crops, or crops of nearly one verdict."""
    missing = tuple(_missing(flips))
    if missing:
        return Verdict(Outcome.NOT_JUDGED, missing)
    if not flips.share <= MOST_FLIPPED:
        flipped = f"{flips.flipped} of {flips.crops} verdicts flip ({flips.share / POINT:.1f} %)"
        return Verdict(Outcome.REFUSED, (f"{flipped}, expected at most {MOST_FLIPPED / POINT:g} %",))
    return Verdict(Outcome.PASSED)


def _check_logits(given: NDArray[np.float32]) -> None:
    if np.all(given >= 0) and np.all(np.abs(given.sum(axis=1) - 1) < 1e-3):
        raise WeightsError(
            "The network gives probabilities, expected logits.", hint="Leave out its last layer, the softmax."
        )


def _missing(flips: Flips) -> Iterator[str]:
    if flips.crops < LEAST_CROPS:
        yield f"{flips.crops} crops cannot show a share of {MOST_FLIPPED / POINT:g} %: it takes {LEAST_CROPS}"
    elif min(flips.live, flips.crops - flips.live) < LEAST_OF_A_KIND:
        yield (
            f"in float {flips.live} of {flips.crops} crops are live: it takes {LEAST_OF_A_KIND} live ones and "
            f"{LEAST_OF_A_KIND} attacks to see verdicts flip"
        )


def _placed(path: Path, finder: Finder, scale: float, size_px: int) -> PlacedFace:
    image = read_image(path)
    crop = crop_around(finder.detector.detect(image)[0].box, image.shape[:2], scale)
    return PlacedFace(image, _to_size(crop, size_px))


def _to_size(crop: Crop, size_px: int) -> Floats:
    """The float64 [2, 3] transform from the picture's pixels to those of the resized crop."""
    x, y = size_px / crop.width, size_px / crop.height
    return np.array([[x, 0, (0.5 - crop.left) * x - 0.5], [0, y, (0.5 - crop.top) * y - 0.5]])


def _tensor(shape: tuple[int, ...]) -> TensorSpec:
    return TensorSpec(shape=shape, dtype="float32")


def check_folder(out: Path) -> None:
    """Raises `ModelError` for the folder of Lintel's own models: what lies there would go into its wheel."""
    if out.resolve().is_relative_to(shipped_models_dir().resolve()):
        raise ModelError(
            f"{out} is in the folder of the models that Lintel comes with.",
            hint="Name a folder of your own with --out.",
        )


def _write(manifest: Manifest, content: bytes, out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_pair(manifest, content, out)
    except OSError as error:
        raise ModelError(
            f"Cannot write the network into {out}: {in_words(error, quoted=True)}.",
            hint="Name another folder with --out.",
        ) from error
