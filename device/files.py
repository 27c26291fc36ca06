"""Writes files that others rely on: the old content or the new one is there at any moment, never half of it."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Replaces the file, or makes it; who may read an old one may read the new one. A link keeps pointing to it.

    Raises `OSError`, with `path` as its file name; then the file is as it was.
    """
    try:
        _replace(path.resolve(), content)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def _replace(path: Path, content: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".lintel-") as folder:
        unfinished = Path(folder) / "unfinished"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            _hand_over(unfinished, path)
        unfinished.replace(path)


def _hand_over(unfinished: Path, path: Path) -> None:
    """To the old file's owner, where this user may, with its mode."""
    before = path.stat()
    with contextlib.suppress(PermissionError):
        os.chown(unfinished, before.st_uid, before.st_gid)
    unfinished.chmod(stat.S_IMODE(before.st_mode))
