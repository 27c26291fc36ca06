"""Reads and writes a folder of recorded presentations: each whole, or not at all.

A presentation is there once the manifest names it, which is replaced in one step after its files are on the disk.
"""

import contextlib
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import msgspec

from device.errors import ImageError, StoreError
from device.failures import in_words, named
from device.files import make_private, opened_folder, write_whole
from device.pad.manifest import FILE, MOST_BYTES, FrameRecord, Frames, PadFolder, Recorded

MOST_CLIP_BYTES = 256 << 20
"""Of an encrypted clip that is read."""
_PRIVATE = 0o600
_HINT = "Name a folder that `lintel pad record` wrote, or one of clips by species: live/, print/, phone/, tablet/."
_AGAIN = "Record it again, in another folder."
_Decoded = TypeVar("_Decoded", PadFolder, Frames)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a presentation: each frame's values, and an encrypted clip if the owner chose so."""

    frames: tuple[FrameRecord, ...]
    clip: bytes = b""


def has_manifest(folder: Path) -> bool:
    """Whether a folder was made by `lintel pad record`."""
    return os.path.lexists(folder / FILE)


def read_manifest(folder: Path) -> PadFolder:
    """Raises `ImageError` for a folder without one, or one that does not keep its contract."""
    manifest = _decoded(folder / FILE, read_file(folder / FILE), PadFolder)
    names = [one.name for one in manifest.presentations]
    if len(set(names)) != len(names):
        raise ImageError(f"The manifest {folder / FILE} names a presentation twice.", hint=_AGAIN)
    for one in manifest.presentations:
        if one.name.rpartition("-")[0] != one.species:
            raise ImageError(f"{one.name} in {folder / FILE} is not of the species {one.species!r}.", hint=_AGAIN)
    return manifest


def read_frames(folder: Path, recorded: Recorded) -> tuple[FrameRecord, ...]:
    """The frames of a presentation, in the order of their times. Raises `ImageError` if its file is another."""
    path = folder / f"{recorded.name}.json"
    content = read_file(path)
    if hashlib.sha256(content).hexdigest() != recorded.frames_sha256:
        raise ImageError(f"{path} is not the file that was recorded: it was changed or damaged.", hint=_AGAIN)
    frames = _decoded(path, content, Frames).frames
    if any(later.at <= earlier.at for earlier, later in pairwise(frames)):
        raise ImageError(f"{path} has frames that are not in the order of their times.", hint=_AGAIN)
    return frames


def read_clip(folder: Path, recorded: Recorded) -> bytes:
    """The encrypted clip of a presentation. Raises `ImageError` if it is not the one that was kept."""
    path = folder / f"{recorded.name}.clip"
    content = read_file(path, MOST_CLIP_BYTES)
    if hashlib.sha256(content).hexdigest() != recorded.clip_sha256:
        raise ImageError(f"{path} is not the clip that was recorded: it was changed or damaged.", hint=_AGAIN)
    return content


def read_file(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """The content of a plain file, not a link, of `most_bytes` at most. Raises `ImageError`."""
    with named(ImageError, f"Cannot read {path}", hint=_HINT):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise ImageError(f"{path} is not a file.", hint=_HINT)
            if found.st_size > most_bytes:
                raise ImageError(f"{path} has {found.st_size} bytes, expected at most {most_bytes}.", hint=_HINT)
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(most_bytes)
        finally:
            os.close(descriptor)


def _decoded(path: Path, content: bytes, kind: type[_Decoded]) -> _Decoded:
    try:
        return msgspec.json.decode(content, type=kind)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise ImageError(f"{path} does not keep its contract: {error}.", hint=_HINT) from None


class PadStore:
    """A folder that presentations are recorded into, by one process at a time."""

    def __init__(self, folder: Path, manifest: PadFolder) -> None:
        """Of `opened`."""
        self._folder = folder
        self.manifest = manifest

    def next_name(self, species: str) -> str:
        """The name of the next presentation of a species; a number is not given twice."""
        numbers = [int(one.name[-4:]) for one in self.manifest.presentations if one.species == species]
        return f"{species}-{max(numbers, default=0) + 1:04d}"

    def add(self, recorded: Recorded, kept: Kept) -> None:
        """Keeps a presentation; its hashes are filled in. Raises `OSError`, and then nothing of it is kept."""
        frames = msgspec.json.encode(Frames(frames=kept.frames))
        files = {f"{recorded.name}.json": frames, **({f"{recorded.name}.clip": kept.clip} if kept.clip else {})}
        named_so = msgspec.structs.replace(
            recorded,
            frames_sha256=hashlib.sha256(frames).hexdigest(),
            clip_sha256=hashlib.sha256(kept.clip).hexdigest() if kept.clip else "",
        )
        manifest = msgspec.structs.replace(self.manifest, presentations=(*self.manifest.presentations, named_so))
        try:
            for name, content in files.items():
                write_whole(self._folder / name, content, durable=True, mode=_PRIVATE)
            self._write(manifest)
        except BaseException:
            self._give_up(recorded.name, files)
            raise
        self.manifest = manifest

    def _give_up(self, name: str, files: Iterable[str]) -> None:
        """Removes what was written, unless the manifest is in its place already and only its flushing failed."""
        with contextlib.suppress(ImageError):
            if name in {one.name for one in read_manifest(self._folder).presentations}:
                return
        for file in files:
            with contextlib.suppress(OSError):
                (self._folder / file).unlink()

    def write_manifest(self) -> None:
        """Writes the manifest as it is. Raises `OSError`."""
        self._write(self.manifest)

    def _write(self, manifest: PadFolder) -> None:
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        write_whole(self._folder / FILE, content, durable=True, mode=_PRIVATE)


@contextlib.contextmanager
def opened(folder: Path, fresh: PadFolder) -> Iterator[PadStore]:
    """The folder to record into, made if need be; `fresh` is the manifest of a new one.

    Raises `StoreError` if another process records there, the folder holds something else, or was recorded with other
    networks; `ImageError` if its manifest is damaged.
    """
    with named(StoreError, f"Cannot make the folder {folder}", hint="Name another folder."):
        make_private(folder)
    with contextlib.ExitStack() as stack:
        with named(StoreError, f"Cannot open the folder {folder}", hint="Name another folder."):
            descriptor = stack.enter_context(opened_folder(folder))
        _lock(descriptor, folder)
        if has_manifest(folder):
            store = PadStore(folder, read_manifest(folder))
            _refuse_other_networks(folder, store.manifest, fresh)
        else:
            _refuse_full(folder)
            store = PadStore(folder, fresh)
            store.write_manifest()
        yield store


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        why = "another `lintel pad record` is at work there" if isinstance(error, BlockingIOError) else in_words(error)
        raise StoreError(f"Cannot record into {folder}: {why}.", hint="Wait for its end, or name another.") from None


def _refuse_full(folder: Path) -> None:
    if any(folder.iterdir()):
        raise StoreError(
            f"The folder {folder} holds other files and no {FILE}.", hint="Name a new folder, or one recorded before."
        )


def _refuse_other_networks(folder: Path, there: PadFolder, now: PadFolder) -> None:
    """What was recorded with one network says nothing of another."""
    if (there.network_sha256, there.embedding_sha256) != (now.network_sha256, now.embedding_sha256):
        raise StoreError(
            f"What is in {folder} was recorded with other networks than are in use now.",
            hint="Record into a new folder.",
        )
