"""A network against presentation attacks that any test can open: Lintel's own embedding network under another manifest.

It takes every face for a picture: of its 128 numbers none stands out.
"""

import shutil
from pathlib import Path

import msgspec

from device.vision.manifest import AttackSpec, Preprocessing, read_manifest, write_manifest
from device.vision.models import EMBEDDING, shipped_models_dir


def passive_pair(folder: Path, name: str = "mine", *, threshold: float = 0.6) -> str:
    """Puts the pair into a folder; the network's SHA-256."""
    folder.mkdir(parents=True, exist_ok=True)
    shipped = read_manifest(shipped_models_dir() / f"{EMBEDDING}.json")
    shutil.copy(shipped_models_dir() / shipped.file, folder / f"{name}.tflite")
    manifest = msgspec.structs.replace(
        shipped,
        name=name,
        task="presentation-attack",
        file=f"{name}.tflite",
        preprocessing=Preprocessing(color="BGR", scale=1.0, offset=0.0),
        attack=AttackSpec(crop_scale=2.7, output="logits", live_index=1, threshold=threshold),
    )
    write_manifest(manifest, folder / f"{name}.json")
    return manifest.sha256
