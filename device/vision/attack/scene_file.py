"""A learnt scene as a file's content, and back: its edges alone, in coarse blocks, each without its own contrast.

The file outlasts a restart of the door. No picture and no person is in it; what could be drawn from it is a sketch of
the empty doorway, so that it is its owner's alone (`device.scenes`).
"""

import hashlib
from typing import Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta

from device.vision.attack.scene import BLOCK, TEXTURED, WIDTH, Scene

MOST_BYTES: Final = 1_000_000
"""No file of a scene is larger."""
_COLUMNS: Final = WIDTH // BLOCK
_VALUES: Final = 2 * BLOCK * BLOCK
_FULL: Final = 127.0
"""What the steepest edge of a block becomes."""


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first line of the file; the values follow, a byte each."""

    kind: Annotated[str, Meta(pattern="^lintel scene$")] = "lintel scene"
    version: Annotated[int, Meta(ge=1, le=1)] = 1
    camera: str
    rows: Annotated[int, Meta(ge=1, le=200)]
    sha256: str
    """Of the values."""


def encoded(scene: Scene, camera: str) -> bytes:
    """A file's content. `camera` says through what the scene was seen; with another one it is of no use."""
    edges = np.where(scene.textured[..., np.newaxis], scene.gradients, 0.0)
    steepest = np.abs(edges).max(axis=-1, keepdims=True, initial=0.0)
    values: bytes = np.rint(edges * (_FULL / np.maximum(steepest, TEXTURED))).astype(np.int8).tobytes()
    head = _Head(camera=camera, rows=scene.gradients.shape[0], sha256=hashlib.sha256(values).hexdigest())
    return msgspec.json.encode(head) + b"\n" + values


def decoded(content: bytes, camera: str) -> Scene | None:
    """The scene in a file's content; None if it was seen through another camera. Raises `ValueError` if damaged."""
    line, _, values = content.partition(b"\n")
    head = msgspec.json.decode(line, type=_Head)  # msgspec's errors are ValueErrors
    expected = head.rows * _COLUMNS * _VALUES
    if len(values) != expected:
        raise ValueError(f"expected {expected} bytes of edges, received {len(values)}")
    if hashlib.sha256(values).hexdigest() != head.sha256:
        raise ValueError("its hash is another one")
    if head.camera != camera:
        return None
    gradients = np.frombuffer(values, np.int8).astype(np.float32).reshape(head.rows, _COLUMNS, _VALUES)
    return Scene(gradients)
