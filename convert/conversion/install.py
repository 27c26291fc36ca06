"""Puts a file that the gate has let pass into a models folder, as the embedding pair that a door opens."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from convert.calibrate import Calibration, People, Target, calibrate, with_rule
from convert.conversion.conversions import Conversion
from convert.finder import Finder
from convert.manifests import embedding_draft, sealed
from convert.measuring.door_protocol import acquire
from convert.measuring.protocols import person_images
from convert.quantize import Quantization
from convert.spec import NetworkSpec
from convert.tensorflow_backend import cpu_class, load_tensorflow
from device.errors import ModelError
from device.failures import in_words
from device.vision.embedder import Embedder
from device.vision.manifest import (
    BuiltWith,
    EmbeddingSpec,
    Manifest,
    TensorSpec,
    read_manifest,
    write_manifest,
    write_pair,
)
from device.vision.models import DETECTION, EMBEDDING, LANDMARKS, Model, load_model
from device.vision.runtime import Interpreter

THREADS = 2
LEAST_PEOPLE = 4
"""A calibration is tried by halves, and each takes two people."""


def install(conversion: Conversion, folder: Path, models: Path, calibrated: Manifest | None = None) -> Manifest:
    """Writes the pair into `folder`; where that has no detector or mesh, those of `models`.

    Without its `calibrated` manifest it has no thresholds, and a door refuses to open with it. Raises `ModelError`.
    """
    manifest = calibrated or manifest_of(conversion)
    return write_into(manifest, conversion.content, folder, models)


def write_into(manifest: Manifest, content: bytes, folder: Path, models: Path) -> Manifest:
    """Writes an embedding pair into `folder`; where that has no detector or mesh, those of `models`.

    Gives the manifest as it was written, sealed. Raises `ModelError`.
    """
    Interpreter(Model(manifest, content))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (DETECTION, LANDMARKS):
            _copy_if_missing(name, models, folder)
        write_pair(manifest, content, folder)
    except OSError as error:
        raise ModelError(
            f"Cannot write the model into {folder}: {in_words(error, quoted=True)}.",
            hint="Name another folder with --into.",
        ) from error
    return read_manifest(folder / f"{manifest.name}.json")


def install_calibrated(
    conversion: Conversion, folder: Path, models: Path, calibrated: Callable[[Path], Calibration]
) -> Calibration:
    """Installs the file once `calibrated`, as `refit`, has set the thresholds of a trial folder that it is given.

    Until then nothing in `folder` changes. Raises as `install` and `refit`.
    """
    with tempfile.TemporaryDirectory(prefix="lintel-") as trial:
        install(conversion, Path(trial), models)
        found = calibrated(Path(trial))
        install(conversion, folder, models, read_manifest(Path(trial) / f"{EMBEDDING}.json"))
    return found


def manifest_of(conversion: Conversion) -> Manifest:
    """The contract of the file, from the sidecar of its network."""
    return manifest_for(conversion.network, conversion.quantization, conversion.content)


def manifest_for(spec: NetworkSpec, quantization: Quantization, content: bytes) -> Manifest:
    """The contract of a file that was made of a network, without thresholds."""
    size = spec.alignment.size_px
    draft = msgspec.structs.replace(
        embedding_draft(),
        description=f"{spec.description.rstrip('.')}; {quantization.value}.",
        inputs=(TensorSpec(shape=(1, size, size, 3), dtype="float32"),),
        outputs=(TensorSpec(shape=(1, spec.length), dtype="float32"),),
        source=spec.source,
        license=spec.license,
        built_with=BuiltWith(
            tensorflow=load_tensorflow().__version__, cpu=cpu_class(), quantization=quantization.value
        ),
        alignment=spec.alignment,
        embedding=EmbeddingSpec(length=spec.length, normalization="unit-length", mirror="mean"),
        decision=None,
    )
    return sealed(draft, content)


def refit(folder: Path, images: Path, target: Target, *, finder: Finder, step: Callable[[], object]) -> Calibration:
    """Sets the thresholds of the pair in `folder` on `images`, which has a subfolder for each person.

    `finder` finds their faces; `step` is called after each image. Raises `ModelError`, and `ImageError` if the data
    cannot support the target.
    """
    analyzer = finder.analyzer(Embedder(load_model(EMBEDDING, folder), threads=THREADS))
    acquired = acquire(person_images(images, LEAST_PEOPLE), analyzer, step)
    found = calibrate(People(acquired.templates, len(acquired.names)), target)
    path = folder / f"{EMBEDDING}.json"
    write_manifest(with_rule(read_manifest(path), found.rule), path)
    return found


def _copy_if_missing(name: str, models: Path, folder: Path) -> None:
    if not (folder / f"{name}.json").exists():
        manifest = load_model(name, models).manifest
        shutil.copyfile(models / manifest.file, folder / manifest.file)
        shutil.copyfile(models / f"{name}.json", folder / f"{name}.json")
