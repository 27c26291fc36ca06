"""`lintel-convert build`: published files in, the three pairs of `models/` out."""

import tempfile
from pathlib import Path

import msgspec

from convert.manifests import detection_draft, dlib_alignment, embedding_draft, landmarks_draft, sealed
from convert.networks import dlib_resnet
from convert.progress import Progress, silent
from convert.published.fetch import fetch
from convert.published.sources import FACE_MESH, RESNET_WEIGHTS, SHORT_RANGE_DETECTOR, Member
from convert.quantize import Quantization, quantize
from convert.representative import Chips, augmented, place_faces, portraits_dir, read_chips
from convert.tensorflow import cpu_class, load_tensorflow
from convert.weights.dlib import parse
from device.errors import ModelError
from device.vision.manifest import BuiltWith, Manifest, read_manifest, write_manifest
from device.vision.models import Model
from device.vision.runtime import Interpreter


def build(out: Path, *, representative: Path | None = None, progress: Progress = silent) -> tuple[Manifest, ...]:
    """Writes the three pairs into `out` and returns their manifests; a decision rule that is there already is kept.

    `representative` is a folder of the user's own chips for the quantizer. Raises `DependencyMissing`, `SourceError`,
    `WeightsError`, `ImageError`, `ModelError`.
    """
    load_tensorflow()
    try:
        out.mkdir(parents=True, exist_ok=True)
        detection = _take(SHORT_RANGE_DETECTOR, detection_draft(), out, progress)
        landmarks = _take(FACE_MESH, landmarks_draft(), out, progress)
        return detection, landmarks, _convert(out, representative, progress)
    except OSError as error:
        raise ModelError(
            f"Cannot write the models into {out}: {error.strerror or error}.", hint="Name another folder with --out."
        ) from error


def representative_chips(models: Path, representative: Path | None) -> Chips:
    """The chips that the quantizer sees: the user's own, or those made of the portraits with the models in `models`."""
    alignment = dlib_alignment()
    if representative is not None:
        return read_chips(representative, alignment.size_px)
    return augmented(place_faces(portraits_dir(), models, alignment), alignment.size_px)


def _take(member: Member, draft: Manifest, out: Path, progress: Progress) -> Manifest:
    progress(f"{draft.file}: taking {member.name} from {member.package.name} {member.package.version}")
    return _write(draft, fetch(member.name, progress=progress).read_bytes(), out)


def _convert(out: Path, representative: Path | None, progress: Progress) -> Manifest:
    draft = embedding_draft()
    weights = parse(fetch(RESNET_WEIGHTS.name, progress=progress).read_bytes())
    chips = representative_chips(out, representative)
    progress(f"{draft.file}: quantizing {RESNET_WEIGHTS.name} with {len(chips)} representative chips")
    content = quantize(dlib_resnet.load(weights, cap=dlib_resnet.CAP), Quantization.FULL_INT8, chips)
    return _write(_with_rule_of_before(_with_maker(draft), out, progress), content, out)


def _with_maker(draft: Manifest) -> Manifest:
    maker = BuiltWith(tensorflow=load_tensorflow().__version__, cpu=cpu_class(), quantization="full-int8")
    return msgspec.structs.replace(draft, built_with=maker)


def _with_rule_of_before(draft: Manifest, out: Path, progress: Progress) -> Manifest:
    path = out / f"{draft.name}.json"
    rule = read_manifest(path).decision if path.exists() else None
    if rule is not None:
        progress(
            f"{draft.file}: keeping the threshold {rule.threshold(1, 1)}; `lintel-convert calibrate` sets a new one"
        )
    return msgspec.structs.replace(draft, decision=rule)


def _write(draft: Manifest, content: bytes, out: Path) -> Manifest:
    """Writes the pair, once the device's own interpreter has found that the manifest fits the file."""
    manifest = sealed(draft, content)
    Interpreter(Model(manifest, content))
    with tempfile.TemporaryDirectory(dir=out) as folder:
        (Path(folder) / "model").write_bytes(content)
        write_manifest(manifest, Path(folder) / "manifest")
        (Path(folder) / "model").replace(out / manifest.file)
        (Path(folder) / "manifest").replace(out / f"{manifest.name}.json")
    return manifest
