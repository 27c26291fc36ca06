"""Proves committed models: a rebuild gives the same bytes, or, with another TensorFlow or CPU, the same embeddings."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.build import build
from convert.finder import Finder
from convert.measuring.embedding import embed_central_face
from convert.progress import Progress, silent
from convert.representative_set import portraits_dir
from device.images import image_files, read_image
from device.vision.embedder import Embedder
from device.vision.manifest import Manifest
from device.vision.models import DETECTION, EMBEDDING, LANDMARKS, load_model

MIN_COSINE = 0.999


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a committed file is what its sources give, and how that is known."""

    file: str
    proven: bool
    how: str
    identical: bool
    min_cosine: float | None = None


def check_models(
    folder: Path, *, representative: Path | None = None, progress: Progress = silent
) -> tuple[Finding, ...]:
    """Rebuilds and compares the three pairs in `folder`. Raises as `build` does, and `ModelError` for a broken pair."""
    committed = {name: load_model(name, folder) for name in (DETECTION, LANDMARKS, EMBEDDING)}
    with tempfile.TemporaryDirectory(prefix="lintel-") as rebuilt:
        finder = build(Path(rebuilt), representative=representative, progress=progress).finder
        again = {name: load_model(name, Path(rebuilt)) for name in committed}
        copied = tuple(
            _copied(committed[name].manifest, identical=committed[name].content == again[name].content)
            for name in (DETECTION, LANDMARKS)
        )
        identical = committed[EMBEDDING].content == again[EMBEDDING].content
        same_maker = committed[EMBEDDING].manifest.built_with == again[EMBEDDING].manifest.built_with
        lowest = min_cosine(folder, Path(rebuilt), finder)
        return *copied, _converted(lowest, identical=identical, same_maker=same_maker)


def _copied(manifest: Manifest, *, identical: bool) -> Finding:
    how = "the published bytes" if identical else "not the published bytes"
    return Finding(manifest.file, identical, how, identical)


def _converted(lowest: float, *, identical: bool, same_maker: bool) -> Finding:
    if identical:
        how = "byte for byte what the recorded TensorFlow makes"
    elif same_maker:
        how = f"the recorded TensorFlow makes other bytes (cosine on the portraits at least {lowest:.6f})"
    else:
        how = f"another TensorFlow or CPU makes other bytes; cosine on the portraits at least {lowest:.6f}"
    proven = lowest >= MIN_COSINE and (identical or not same_maker)
    return Finding(f"{EMBEDDING}.tflite", proven, how, identical, lowest)


def min_cosine(folder: Path, rebuilt: Path, finder: Finder) -> float:
    """The lowest cosine between the two embedding models' vectors of the portraits' faces, found by `finder`."""
    one, other = (finder.analyzer(Embedder(load_model(EMBEDDING, models))) for models in (folder, rebuilt))
    images = [read_image(path) for path in image_files(portraits_dir())]
    return float(min(np.dot(embed_central_face(image, one), embed_central_face(image, other)) for image in images))
