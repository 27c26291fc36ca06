"""Where the service keeps its files, and writing them whole: the old content or the new, never half of it."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

RUNTIME_DIR = Path("/run/lintel")
SERVICE_USER = "lintel"


def runtime_dir() -> Path | None:
    """The service's folder that lasts until it is stopped; None where Lintel is run by hand and there is none."""
    named = os.environ.get("RUNTIME_DIRECTORY")
    if named:
        return Path(named)
    return RUNTIME_DIR if RUNTIME_DIR.is_dir() else None


def make_private(folder: Path) -> None:
    """Makes a folder that its owner alone may use, and the folders around it; one that is there stays as it is.

    What root makes belongs to the owner of the folder around it; where that is root, to the service's user if there is
    one, but in root's home to root. Raises `OSError`.
    """
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(folder, *heir(folder))


def heir(folder: Path) -> tuple[int, int]:
    """User and group that a folder belongs to if root makes it, as `make_private` does."""
    around = next(parent for parent in folder.absolute().parents if parent.is_dir()).stat()
    if around.st_uid != 0 or folder.is_relative_to(Path.home()):
        return around.st_uid, around.st_gid
    try:
        import pwd

        user = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        return 0, 0
    return user.pw_uid, user.pw_gid


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
