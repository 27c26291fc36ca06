"""The portraits that came with Lintel: faces that a network or a mesh is tried on, wherever it runs."""

from collections.abc import Sequence
from pathlib import Path

from device.errors import ImageError, ModelError
from device.images import read_image
from device.records import Image
from device.vision.detector import Detector
from device.vision.landmarks import FaceMesh, Landmarks
from device.vision.models import shipped_models_dir

_HINT = "Install Lintel again."


def shipped_portraits() -> Sequence[Image]:
    """RGB pictures, one face in each. Raises `ModelError` if they are missing or altered."""
    folder = shipped_models_dir() / "portraits"
    if found := sorted(folder.glob("*.jpg")):
        return [_read(path) for path in found]
    raise ModelError(f"No portraits in {folder}, with which new references are compared.", hint=_HINT)


def mesh_of(portrait: Image, detector: Detector, mesh: FaceMesh) -> Landmarks:
    """The mesh of a portrait's face. Raises `ModelError` if none is found."""
    if not (faces := detector.detect(portrait)):
        raise ModelError("No face was found in a portrait that came with Lintel.", hint=_HINT)
    return mesh.locate(portrait, faces[0])


def _read(path: Path) -> Image:
    try:
        return read_image(path)
    except ImageError as error:
        raise ModelError(error.message, hint=_HINT) from error
