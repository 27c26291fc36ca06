"""`lintel-convert install`: published weights of a network that was measured here, to a models folder a door opens.

No data is needed: the file is made by a seeded recipe from the portraits that come with Lintel, and proven to be the
one whose thresholds and error rates are in `convert/measured/`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from convert.card import write_card
from convert.check import MIN_COSINE
from convert.conversion.install import manifest_for, write_into
from convert.errors import WeightsError
from convert.facts import Facts, as_vector, read_facts
from convert.finder import Finder
from convert.importing import known, read_known
from convert.progress import Progress, silent
from convert.quantize import Quantization, quantize
from convert.representative_set import augmented, place_faces, portraits_dir
from convert.tensorflow_backend import quiet
from device.errors import ModelError
from device.images import image_files, read_image
from device.records import Embedding, Image
from device.vision.alignment import align
from device.vision.embedder import Embedder, unit_length
from device.vision.manifest import Alignment, Manifest
from device.vision.models import Model, shipped_models_dir

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True)
class Installed:
    """What was installed, and how it is known to be what was measured.

    `is_same_file` says whether it is byte for byte the file that was measured; the cosines are the least of the two
    portraits: of the network in float, and of the file, with the numbers on record.
    """

    folder: Path
    manifest: Manifest
    facts: Facts
    is_same_file: bool
    network_cosine: float
    file_cosine: float


def terms_of(name: str) -> tuple[str, str]:
    """License and terms of a network that can be installed. Raises `WeightsError`."""
    entry = known(name)
    read_facts(name)
    return entry.license, entry.all_terms


def install_known(
    name: str, source: Path, folder: Path, *, any_hash: bool = False, progress: Progress = silent
) -> Installed:
    """Writes the models folder, thresholds and card included, from the published weights in `source`.

    Nothing is written unless network and file are proven. Raises as `import_known`, `ModelError` for a folder that
    cannot be written or is Lintel's own.
    """
    _expect_own(folder)
    facts = read_facts(name)
    entry, network, origin = read_known(name, source, any_hash=any_hash)
    spec, finder = entry.spec(name, origin), Finder(shipped_models_dir())
    chips = portrait_chips(finder, spec.alignment)
    progress(f"{name}: comparing with the numbers on record")
    of_network = {portrait: embedded_in_float(network, chip) for portrait, chip in chips.items()}
    network_cosine = _least_cosine(of_network, {one: as_vector(had.network) for one, had in facts.portraits.items()})
    _expect_cosine(network_cosine, f"{source} is not the network that was measured")
    quantization = Quantization(facts.built_with.quantization)
    progress(f"{name}: quantizing ({quantization.value}), which takes a minute")
    content = quantized(network, spec.alignment, quantization, finder)
    measured = {"decision": facts.decision, "turned": facts.turned}
    manifest = msgspec.structs.replace(manifest_for(spec, quantization, content), **measured)
    embedder = Embedder(Model(manifest, content))
    of_file = {portrait: embedder.embed(chip) for portrait, chip in chips.items()}
    file_cosine = _least_cosine(of_file, {one: as_vector(had.file) for one, had in facts.portraits.items()})
    _expect_cosine(file_cosine, "the file that was made of it is not the one that was measured")
    written = write_into(manifest, content, folder, shipped_models_dir())
    write_card(folder, msgspec.structs.replace(facts.figures, manifest_seal=written.seal))
    same = manifest.sha256 == facts.file_sha256
    return Installed(folder, written, facts, same, network_cosine, file_cosine)


def quantized(network: "keras.Model", alignment: Alignment, quantization: Quantization, finder: Finder) -> bytes:
    """The file, made with the chips that a seeded generator makes of the portraits: turned, stretched, lit, noisy."""
    chips = augmented(place_faces(portraits_dir(), finder, alignment), alignment.size_px)
    return quantize(network, quantization, chips)


def portrait_chips(finder: Finder, alignment: Alignment) -> dict[str, Image]:
    """The aligned face of each portrait by its name."""
    images = {path.stem: read_image(path) for path in image_files(portraits_dir())}
    return {name: align(image, finder.locate(image), alignment) for name, image in images.items()}


def embedded_in_float(network: "keras.Model", chip: Image) -> Embedding:
    """The unit vector that a network in Keras, float32, gives for chip and mirror."""
    both = np.stack([chip, chip[:, ::-1]]).astype(np.float32)
    with quiet():
        given = np.asarray(network(both, training=False), np.float32)
    return unit_length(np.asarray(given.sum(axis=0), np.float32))


def _least_cosine(found: dict[str, Embedding], recorded: dict[str, Embedding]) -> float:
    """Of two vectors of one portrait; recorded ones have length one but for their digits."""
    return min(float(found[name] @ unit_length(vector)) for name, vector in recorded.items())


def _expect_cosine(cosine: float, what: str) -> None:
    """Negated, so that what is not a number is refused."""
    if not cosine >= MIN_COSINE:
        raise WeightsError(
            f"Nothing was installed: {what}. For Lintel's portraits the cosine with the numbers on record is "
            f"{cosine:.4f}, expected at least {MIN_COSINE}.",
            hint="Take the published file, and the TensorFlow of Lintel's extra `convert`. For weights of your "
            "own set thresholds of your own: `lintel-convert quantize --into`.",
        )


def _expect_own(folder: Path) -> None:
    if folder.resolve().is_relative_to(shipped_models_dir().resolve()):
        raise ModelError(
            f"{folder} is in the folder of the models that Lintel comes with.",
            hint="Name a folder of your own with --into.",
        )
