"""First step of a build: files of pinned packages, out of the cache or through pip, and never one of a wrong hash."""

import hashlib
import os
import tarfile
import tempfile
import zipfile
from pathlib import Path

from convert.download import download
from convert.errors import SourceError
from convert.progress import Progress, silent
from convert.sources import MEMBERS, Member, Package


def cache_folder() -> Path:
    """Where fetched files are kept: `$XDG_CACHE_HOME/lintel`, by default `~/.cache/lintel`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lintel"


def fetch(name: str, *, progress: Progress = silent) -> Path:
    """The cached file `name` of `sources.MEMBERS`, downloaded at need. Raises `SourceError`."""
    member = MEMBERS[name]
    path = cache_folder() / name
    if not _is(path, member.sha256):
        _write(path, read_member(fetch_archive(member.package, progress=progress), member))
    return path


def is_cached(name: str) -> bool:
    """Whether `fetch` would answer without the network."""
    member = MEMBERS[name]
    folder = cache_folder()
    return _is(folder / name, member.sha256) or _is(folder / member.package.archive, member.package.sha256)


def fetch_archive(package: Package, *, progress: Progress = silent) -> Path:
    """The cached archive of `package`, downloaded at need. Raises `SourceError`."""
    path = cache_folder() / package.archive
    if not _is(path, package.sha256):
        progress(f"Downloading {package.name} {package.version} ({package.size_mb} MB) with pip")
        _download_to(path, package)
    return path


def read_member(archive: Path, member: Member) -> bytes:
    """The bytes of `member` in `archive`, its hash checked. Raises `SourceError`."""
    try:
        content = _read_zip(archive, member.path) if zipfile.is_zipfile(archive) else _read_tar(archive, member.path)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise _wrong(f"{archive} holds no readable {member.path}: {error}.") from error
    _expect(content, member)
    return content


def _download_to(path: Path, package: Package) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        archive = download(package, Path(folder))
        if not _is(archive, package.sha256):
            raise _wrong(f"pip brought {archive.name} with another SHA-256 than {package.sha256}.")
        archive.replace(path)


def _read_zip(archive: Path, path: str) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        return opened.read(path)


def _read_tar(archive: Path, path: str) -> bytes:
    with tarfile.open(archive) as opened:
        file = opened.extractfile(path)
        if file is None:
            raise KeyError(f"{path} is not a file")
        return file.read()


def _expect(content: bytes, member: Member) -> None:
    received = hashlib.sha256(content).hexdigest()
    if received != member.sha256:
        raise _wrong(f"{member.path} of {member.package.archive} has SHA-256 {received}, expected {member.sha256}.")


def _is(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)


def _wrong(message: str) -> SourceError:
    hint = f"Do not use this file. Empty {cache_folder()}, check which package index pip uses, and try again."
    return SourceError(message, hint=hint)
