"""What a backup holds: its parts in their order, each with its size and hash, and how far the store was."""

import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta

from device.errors import BackupError

DATABASE, DATA_KEYS, LIST, SETTINGS = "lintel.db", "lintel-keys.db", "lintel.db-withdrawn", "lintel.toml"
KEYS, THRESHOLDS = "keys/", "pad/"
"""Begin the names of files beside the state folder, and of doors' own thresholds."""
_DAMAGED = "Take another copy of it, or an older backup."


class Part(msgspec.Struct, frozen=True):
    """A file of a backup."""

    name: Annotated[str, Meta(pattern=r"^((keys|pad)/)?[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    size: Annotated[int, Meta(ge=0, le=1 << 40)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class Manifest(msgspec.Struct, frozen=True):
    """The first thing in a backup. `made_at` is in UTC; `series` and `last` are how far the list of what was taken
    from people and badges was.
    """

    made_at: str
    version: str
    series: str
    last: int
    parts: tuple[Part, ...]

    def part(self, name: str) -> Part | None:
        """The part of that name, None without one."""
        return next((part for part in self.parts if part.name == name), None)


def part_of(name: str, content: bytes) -> Part:
    """The line of the manifest for a file."""
    return Part(name, len(content), hashlib.sha256(content).hexdigest())


def read_manifest(content: bytes) -> Manifest:
    """Raises `BackupError` for anything else."""
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except ValueError as error:
        raise BackupError(f"The manifest of the backup can't be read: {error}.", hint=_DAMAGED) from None
    if manifest.part(DATABASE) is None or len({part.name for part in manifest.parts}) < len(manifest.parts):
        raise BackupError("The backup has no database in it, or a file twice.", hint=_DAMAGED)
    return manifest
