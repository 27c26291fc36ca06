"""Where the service keeps its files, and writing them whole: the old content or the new, never half of it."""

import codecs
import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from device.user_folders import home

RUNTIME_DIR = Path("/run/lintel")
SERVICE_USER = "lintel"


def runtime_dir() -> Path | None:
    """The service's folder that lasts until it is stopped; None where Lintel is run by hand and there is none.

    systemd sets absolute paths, several with colons between; a relative one would be elsewhere for each command.
    """
    named = Path(os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0])
    if named.is_absolute():
        return named
    return RUNTIME_DIR if RUNTIME_DIR.is_dir() else None


def keys_folder(state: Path) -> Path:
    """The folder of the device key of a state folder: beside it, so that a copy of the state folder has no key."""
    whole = state.absolute()
    return whole.with_name(f"{whole.name}-keys")


def text_of(content: bytes) -> str:
    """The text of a file that somebody wrote by hand: UTF-8, with or without a byte order mark.

    Raises `ValueError` that says what it is instead, as an editor elsewhere may have saved it.
    """
    if name := _other_encoding(content):
        raise ValueError(f"it is saved as {name}, expected UTF-8: save it again with the encoding UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"byte 0x{content[error.start]:02x} in line {line} is not UTF-8: save it again with the encoding UTF-8"
        ) from None


def _other_encoding(content: bytes) -> str:
    """UTF-16 or UTF-32, by its mark or by the zero bytes of its ASCII; "" for any other."""
    for mark, name in ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32")):
        if content.startswith(mark):
            return name
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    start = content[:8]
    is_utf16 = len(start) >= 4 and (not any(start[1::2]) or not any(start[::2])) and any(start)
    return "UTF-16" if is_utf16 else ""


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
    if around.st_uid != 0 or _is_in_home(folder):
        return around.st_uid, around.st_gid
    try:
        import pwd

        user = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        return 0, 0
    return user.pw_uid, user.pw_gid


def _is_in_home(folder: Path) -> bool:
    own = home()
    return own is not None and folder.is_relative_to(own)


def write_whole(path: Path, content: bytes, *, durable: bool, mode: int | None = None) -> None:
    """Replaces the file, or makes it. A crash at any moment leaves the old content or the new, never half of it.

    A `durable` file and its name are on the disk when this returns, and outlast a power cut. Without `mode` the new
    file keeps the old one's owner and mode, and a link keeps pointing to it. With `mode` the file is made with exactly
    that mode, replaces a link, and, if root writes it, belongs to the owner of its folder.

    Raises `OSError` with `path` as its file name. The file is then as it was, unless flushing the folder failed, which
    is the last step.
    """
    try:
        there = path.resolve() if mode is None else path
        with opened_folder(there.parent) as folder:
            write_within(folder, {there.name: content}, durable=durable, mode=mode)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def write_within(folder: int, contents: Mapping[str, bytes], *, durable: bool, mode: int | None = None) -> None:
    """`write_whole` for files that belong together: names and contents in the folder of a descriptor.

    All of them are complete beside their places before the first is moved, so a full disk changes none of them. Links
    are replaced. Raises `OSError`.
    """
    unfinished = {name: f".lintel-{os.urandom(8).hex()}" for name in contents}
    try:
        for name, content in contents.items():
            with _made(folder, unfinished[name], 0o666 if mode is None else mode) as file:
                file.write(content)
                file.flush()
                _hand_over(file.fileno(), folder, name, mode)
                if durable:
                    os.fsync(file.fileno())
        for name in contents:
            os.replace(unfinished[name], name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        for name in unfinished.values():
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=folder)
        raise
    if durable:
        _flush(folder)


def flush_folder(path: Path) -> None:
    """Makes the names in a folder outlast a power cut. Raises `OSError`."""
    with opened_folder(path) as folder:
        _flush(folder)


@contextlib.contextmanager
def opened_folder(path: Path, *, follow: bool = True) -> Iterator[int]:
    """A descriptor of a folder, which a link put in its place later can't redirect. `follow` takes a link to a folder.

    Raises `OSError`.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _made(folder: int, name: str, mode: int) -> BinaryIO:
    return os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode, dir_fd=folder), "wb")


def _hand_over(descriptor: int, folder: int, name: str, mode: int | None) -> None:
    """Gives the new file its owner and mode, as far as this user may."""
    if mode is not None:
        os.fchmod(descriptor, mode)
        if os.geteuid() == 0:
            owner = os.fstat(folder)
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        return
    with contextlib.suppress(FileNotFoundError):
        before = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(before.st_mode):
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def _flush(folder: int) -> None:
    """Some network file systems can't flush a folder and say so by EINVAL; there is nothing more to do there."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
