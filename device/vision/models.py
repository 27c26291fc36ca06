"""Where model pairs lie and how one is opened: manifest first, then the file, whose hash must be the manifest's."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from device.errors import ModelError
from device.failures import in_words
from device.vision.manifest import Manifest, read_manifest

DETECTION = "face-detection"
LANDMARKS = "face-landmarks"
EMBEDDING = "face-embedding"

_HINT = "Install Lintel again, or rebuild the models with `lintel-convert build`."


@dataclass(frozen=True, slots=True)
class Model:
    """A model file's bytes, proven to be those its manifest speaks of."""

    manifest: Manifest
    content: bytes = field(repr=False)


def shipped_models_dir() -> Path:
    """The folder of the models that came with this installation: inside the package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def load_model(name: str, folder: Path) -> Model:
    """Reads the pair `name` in `folder`. Raises `ModelError` if a part is missing, altered or for another task."""
    manifest = read_manifest(folder / f"{name}.json")
    if manifest.name != name:
        raise ModelError(f"{folder / name}.json is the manifest of {manifest.name!r}, expected {name!r}.", hint=_HINT)
    if manifest.task != name:
        raise ModelError(f"{folder / name}.json is for the task {manifest.task!r}, expected {name!r}.", hint=_HINT)
    content = _read(folder / manifest.file)
    digest = hashlib.sha256(content).hexdigest()
    if digest != manifest.sha256:
        raise ModelError(
            f"{folder / manifest.file} has been altered: expected SHA-256 {manifest.sha256}, received {digest}.",
            hint=_HINT,
        )
    return Model(manifest, content)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"No model at {path}.", hint=_HINT) from None
    except OSError as error:
        raise ModelError(f"Cannot read the model {path}: {in_words(error)}.", hint=_HINT) from None
