"""Embeds folders of images with the door's own vision code, one face an image."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from convert.finder import central
from device.errors import ImageError
from device.images import read_image
from device.records import Embedding, Image
from device.vision.faces import FaceAnalyzer


@dataclass(frozen=True, slots=True)
class Embedded:
    """Embeddings by image, and the images that gave none: failures to acquire, with the reason."""

    embeddings: dict[Path, Embedding]
    failures: dict[Path, str]


def embed_images(paths: Iterable[Path], analyzer: FaceAnalyzer, counter: Callable[[], object]) -> Embedded:
    """Embeds each image once; `counter` is called after each."""
    embeddings: dict[Path, Embedding] = {}
    failures: dict[Path, str] = {}
    for path in paths:
        try:
            embeddings[path] = embed_central_face(read_image(path), analyzer)
        except ImageError as error:
            failures[path] = error.message
        counter()
    return Embedded(embeddings, failures)


def embed_central_face(image: Image, analyzer: FaceAnalyzer) -> Embedding:
    """The embedding of the face nearest to the middle, as data sets like LFW mean it, whatever its quality.

    Raises `ImageError` if there is no face.
    """
    face = central(analyzer.detector, image)
    return analyzer.probe(image, face, analyzer.mesh.locate(image, face)).embedding
