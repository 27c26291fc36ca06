"""Where the service keeps its files, and writing them whole: the old content or the new, never half of it."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

RUNTIME_DIR = Path("/run/lintel")


def runtime_dir() -> Path | None:
    """The service's folder that lasts until it is stopped; None where Lintel is run by hand and there is none."""
    named = os.environ.get("RUNTIME_DIRECTORY")
    if named:
        return Path(named)
    return RUNTIME_DIR if RUNTIME_DIR.is_dir() else None


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
