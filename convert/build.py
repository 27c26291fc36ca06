"""`lintel-convert build`: published files in, the three pairs of `models/` out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from convert.alignments import dlib_alignment
from convert.catalogue import DLIB_RESNET
from convert.finder import Finder
from convert.manifests import detection_draft, embedding_draft, landmarks_draft, sealed
from convert.networks.dlib_resnet import CAP
from convert.progress import Progress, silent
from convert.published.fetch import fetch
from convert.published.sources import FACE_MESH, RESNET_WEIGHTS, SHORT_RANGE_DETECTOR, Member
from convert.quantize import Quantization, quantize
from convert.representative_set import Chips, augmented, place_faces, portraits_dir, read_chips
from convert.tensorflow_backend import cpu_class, load_tensorflow
from convert.weights.dlib import load, parse
from device.errors import ModelError
from device.failures import in_words
from device.vision.manifest import BuiltWith, Manifest, read_manifest, write_pair
from device.vision.models import Model
from device.vision.runtime import Interpreter

GATED_SHA256 = "1815add536fe0668460b199f0df84da34ebcaa2d7f6281a5268b7e6eeaa45c3e"
"""The embedding model that Lintel comes with, the one file of a build that the gate has let pass."""


@dataclass(frozen=True, slots=True)
class Built:
    """The manifests of the pairs that were written: detector, mesh, embedding; and the first two, loaded."""

    manifests: tuple[Manifest, Manifest, Manifest]
    finder: Finder


def build(out: Path, *, representative: Path | None = None, progress: Progress = silent) -> Built:
    """Writes the three pairs into `out`; the same file keeps the thresholds it has there.

    `representative` is a folder of the user's own chips for the quantizer. Raises `DependencyMissing`, `SourceError`,
    `WeightsError`, `ImageError`, `ModelError`.
    """
    load_tensorflow()
    try:
        out.mkdir(parents=True, exist_ok=True)
        detection = _take(SHORT_RANGE_DETECTOR, detection_draft(), out, progress)
        landmarks = _take(FACE_MESH, landmarks_draft(), out, progress)
        finder = Finder(out)
        chips = representative_chips(finder, representative)
        return Built((detection, landmarks, _convert(out, chips, progress)), finder)
    except OSError as error:
        raise ModelError(
            f"Cannot write the models into {out}: {in_words(error, quoted=True)}.",
            hint="Name another folder with --out.",
        ) from error


def representative_chips(finder: Finder, representative: Path | None) -> Chips:
    """The chips that the quantizer sees: the user's own, or those made of the portraits, found by `finder`."""
    alignment = dlib_alignment()
    if representative is not None:
        return read_chips(representative, alignment.size_px)
    return augmented(place_faces(portraits_dir(), finder, alignment), alignment.size_px)


def with_rule_of_before(manifest: Manifest, out: Path, progress: Progress) -> Manifest:
    """The manifest with the thresholds in `out`, if they were set on this file: with another's, strangers match."""
    path = out / f"{manifest.name}.json"
    try:
        before = read_manifest(path) if path.exists() else None
    except ModelError as error:
        progress(f"{manifest.file}: dropping the thresholds: {error.message}")
        return manifest
    if before is None or before.decision is None:
        return manifest
    if _what_similarities_depend_on(before) != _what_similarities_depend_on(manifest):
        how = _fusion(before, manifest)
        progress(f"{manifest.file}: dropping the thresholds, which were set on another file{how}")
        return manifest
    progress(f"{manifest.file}: the same file, keeping the threshold {before.decision.threshold(1, 1)}")
    return msgspec.structs.replace(manifest, decision=before.decision, turned=before.turned)


def left_to_do(embedding: Manifest, out: Path, representative: Path | None = None) -> Iterator[str]:
    """What still stands between the embedding model of a build into `out` and a door, with the commands that do it."""
    if embedding.sha256 != GATED_SHA256:
        chips = "" if representative is None else f" --representative {representative}"
        yield (
            f"{embedding.file} is not the file that Lintel comes with, and the gate has not judged it: "
            f"`lintel-convert quantize {DLIB_RESNET}{chips} --pairs PAIRS --images FOLDER` does."
        )
    if embedding.decision is None:
        yield (
            f"{embedding.file} has no thresholds, so a door refuses it: "
            f"`lintel-convert calibrate --models {out} --images FOLDER` sets them."
        )


def _what_similarities_depend_on(manifest: Manifest) -> tuple[object, ...]:
    return manifest.sha256, manifest.preprocessing, manifest.alignment, manifest.embedding


def _fusion(before: Manifest, manifest: Manifest) -> str:
    """How to fuse as before, if that was the same network: `calibrate` finds it in the manifest no longer."""
    if before.decision is None or before.source != manifest.source:
        return ""
    fusion = before.decision.fusion
    return (
        f" (calibrate with --least-probe-length {fusion.least_probe_length} "
        f"--least-reference-length {fusion.least_reference_length} to fuse as before)"
    )


def _take(member: Member, draft: Manifest, out: Path, progress: Progress) -> Manifest:
    progress(f"{draft.file}: taking {member.name} from {member.package.name} {member.package.version}")
    content = fetch(member.name, progress=progress).read_bytes()
    return _write(sealed(draft, content), content, out)


def _convert(out: Path, chips: Chips, progress: Progress) -> Manifest:
    draft = embedding_draft()
    weights = parse(fetch(RESNET_WEIGHTS.name, progress=progress).read_bytes())
    progress(f"{draft.file}: quantizing {RESNET_WEIGHTS.name} with {len(chips)} representative chips")
    content = quantize(load(weights, cap=CAP), Quantization.FULL_INT8, chips)
    return _write(with_rule_of_before(sealed(_with_maker(draft), content), out, progress), content, out)


def _with_maker(draft: Manifest) -> Manifest:
    maker = BuiltWith(tensorflow=load_tensorflow().__version__, cpu=cpu_class(), quantization="full-int8")
    return msgspec.structs.replace(draft, built_with=maker)


def _write(manifest: Manifest, content: bytes, out: Path) -> Manifest:
    """Writes the pair, once the device's own interpreter has found that the manifest fits the file."""
    Interpreter(Model(manifest, content))
    write_pair(manifest, content, out)
    return manifest
