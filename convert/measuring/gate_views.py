"""Looks at labelled pictures in each condition of `degradations`, as the door would: measures and embedding of each.

Looking costs minutes and counting does not: what was seen can be kept in a folder, and is looked at again when a model,
a measure or a condition has changed.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.finder import nearest
from convert.measuring import degradations
from device.errors import ImageError
from device.failures import in_words
from device.images import read_image
from device.records import Image, Quality
from device.vision.alignment import align
from device.vision.faces import FaceAnalyzer
from device.vision.landmarks import Landmarks
from device.vision.quality import judging

SOURCES = ("covering", "light", "pixels", "plate", "pose", "worsening")
"""The files of `device.vision.quality` that a view depends on."""
MEASURES = tuple(each.name for each in fields(Quality))


@dataclass(frozen=True, slots=True)
class Views:
    """What was seen of n pictures in one condition.

    `qualities` are float32 [n, measures] in the order of `MEASURES`, not a number where no face was found;
    `embeddings` are float32 [n, length], zero there.
    """

    qualities: NDArray[np.float32] = field(repr=False)
    embeddings: NDArray[np.float32] = field(repr=False)

    def quality(self, index: int) -> Quality | None:
        """The quality of one picture, None where no face was found."""
        row = self.qualities[index]
        return None if np.isnan(row).all() else Quality(*(float(value) for value in row))


def half_of(names: Sequence[str], *, second: bool) -> tuple[str, ...]:
    """The people of one half, which depends on their names alone: limits are chosen on the first."""
    return tuple(name for name in names if (hashlib.sha256(name.encode()).digest()[0] & 1 == 1) is second)


class Pictures:
    """Labelled pictures, each with the mesh of the face nearest to its middle, which is located once."""

    def __init__(self, paths: Sequence[Path], analyzer: FaceAnalyzer) -> None:
        self.paths = tuple(paths)
        self._analyzer = analyzer
        self._meshes: dict[Path, Landmarks | None] = {}

    def look_at(self, condition: str, step: Callable[[], object]) -> Views:
        """What is seen of each picture in that condition, with the seed 0; `step` is called after each."""
        rows = []
        for path in self.paths:
            rows.append(self._seen(path, condition))
            step()
        return Views(np.stack([quality for quality, _ in rows]), np.stack([embedding for _, embedding in rows]))

    def kept_or_looked_at(self, condition: str, folder: Path | None, step: Callable[[], object]) -> Views:
        """The same from the folder, if it was kept there; else looked at, and kept. Raises `ImageError`."""
        if folder is None:
            return self.look_at(condition, step)
        file = folder / f"{condition}-{_key(self.paths, self._analyzer)}.npz"
        if file.exists():
            with np.load(file) as kept:
                return Views(kept["qualities"], kept["embeddings"])
        views = self.look_at(condition, step)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            np.savez(file, qualities=views.qualities, embeddings=views.embeddings)
        except OSError as error:
            raise ImageError(
                f"Cannot keep what was seen in {folder}: {in_words(error)}.", hint="Leave out --cache."
            ) from error
        return views

    def _seen(self, path: Path, condition: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        analyzer, image = self._analyzer, read_image(path)
        nothing = np.full(len(MEASURES), np.nan, np.float32), np.zeros(analyzer.embedder.spec.length, np.float32)
        if path not in self._meshes:
            self._meshes[path] = self._located(image)
        clean = self._meshes[path]
        if clean is None:
            return nothing
        picture = degradations.degrade(condition, image, clean, seed=0)
        faces = analyzer.detector.detect(picture)
        if not faces:
            return nothing
        face = nearest(faces, picture)
        mesh = analyzer.mesh.locate(picture, face)
        quality = judging.measure(picture, face, mesh)
        embedding = analyzer.embedder.embed(align(picture, mesh, analyzer.embedder.alignment))
        return np.array([getattr(quality, name) for name in MEASURES], np.float32), embedding

    def _located(self, image: Image) -> Landmarks | None:
        faces = self._analyzer.detector.detect(image)
        return self._analyzer.mesh.locate(image, nearest(faces, image)) if faces else None


def _key(paths: Sequence[Path], analyzer: FaceAnalyzer) -> str:
    """What the views depend on: pictures, network, and the code that measures and makes worse."""
    digest = hashlib.sha256(analyzer.embedder.model_sha256.encode())
    sources = [Path(judging.__file__).with_name(f"{name}.py") for name in SOURCES]
    for source in (*sources, Path(degradations.__file__)):
        digest.update(source.read_bytes())
    digest.update("\n".join(map(str, paths)).encode())
    return digest.hexdigest()[:16]
