"""Where model pairs lie and how one is opened: manifest first, then the file, whose hash must be the manifest's."""

import hashlib
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from device.errors import ModelError
from device.failures import in_words
from device.vision.manifest import Manifest, read_manifest

DETECTION = "face-detection"
LANDMARKS = "face-landmarks"
EMBEDDING = "face-embedding"

MOST_KEPT = 4
"""Files whose bytes are kept: those of one set of models, and an owner's network against presentation attacks."""
_READING = threading.Lock()
_KEPT: dict[Path, "_Read"] = {}
"""Those read last, the last one at the end."""
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


def load_model(name: str, folder: Path, *, task: str | None = None) -> Model:
    """Reads the pair `name` in `folder`. Lintel's own are named for their `task`; an imported one as its owner likes.

    Raises `ModelError` if a part is missing, altered or for another task.
    """
    task = task or name
    manifest = read_manifest(folder / f"{name}.json")
    if manifest.name != name:
        raise ModelError(f"{folder / name}.json is the manifest of {manifest.name!r}, expected {name!r}.", hint=_HINT)
    if manifest.task != task:
        raise ModelError(f"{folder / name}.json is for the task {manifest.task!r}, expected {task!r}.", hint=_HINT)
    content, digest = _hashed(folder / manifest.file)
    if digest != manifest.sha256:
        raise ModelError(
            f"{folder / manifest.file} has been altered: expected SHA-256 {manifest.sha256}, received {digest}.",
            hint=_HINT,
        )
    return Model(manifest, content)


def embedding_sha256(models_dir: str) -> str:
    """The hash by which references name the network that made them; "" is Lintel's own folder. Raises `ModelError`."""
    return embedding_manifest(models_dir).sha256


def embedding_manifest(models_dir: str) -> Manifest:
    """That network's manifest, likewise."""
    return load_model(EMBEDDING, Path(models_dir) if models_dir else shipped_models_dir()).manifest


class _Read(NamedTuple):
    """A file that was read, and what says that it's still the same one: inode, size, and times of change."""

    stamp: tuple[int, int, int, int]
    content: bytes
    digest: str


def _hashed(path: Path) -> tuple[bytes, str]:
    """The bytes of a file and their SHA-256. A service loads the models for each door and looks at them once more at
    the start: what hasn't changed since is neither read nor hashed again, and its bytes are shared.
    """
    try:
        with _READING, path.open("rb") as file:
            status = os.fstat(file.fileno())
            stamp = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            read = _KEPT.pop(path, None)
            if read is None or read.stamp != stamp:
                content = file.read()
                read = _Read(stamp, content, hashlib.sha256(content).hexdigest())
            _KEPT[path] = read
            while len(_KEPT) > MOST_KEPT:
                del _KEPT[next(iter(_KEPT))]
        return read.content, read.digest
    except FileNotFoundError:
        raise ModelError(f"No model at {path}.", hint=_HINT) from None
    except OSError as error:
        raise ModelError(f"Cannot read the model {path}: {in_words(error)}.", hint=_HINT) from None
