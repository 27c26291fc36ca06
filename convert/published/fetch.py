"""First step of a build: files of pinned packages, out of the cache or through pip, and never one of a wrong hash."""

import hashlib
import tarfile
import tempfile
import zipfile
from pathlib import Path

from convert.errors import SourceError
from convert.progress import Progress, silent
from convert.published.download import download
from convert.published.sources import MEMBERS, Member, Package
from device.failures import in_words
from device.files import write_whole
from device.user_folders import own_cache


def cache_folder() -> Path:
    """Where fetched files are kept: `$XDG_CACHE_HOME/lintel`, by default `~/.cache/lintel`. Raises `SourceError`."""
    folder = own_cache()
    if folder is None:
        raise SourceError(
            "No folder for the cache: this user has no home folder.",
            hint="Name one, by its absolute path, in the environment variable XDG_CACHE_HOME.",
        )
    return folder


def fetch(name: str, *, progress: Progress = silent) -> Path:
    """The cached file `name` of `sources.MEMBERS`, its hash checked; downloaded at need. Raises `SourceError`."""
    try:
        return _fetch_member(MEMBERS[name], progress)
    except OSError as error:
        raise SourceError(
            f"Cannot use the cache {cache_folder()}: {in_words(error, quoted=True)}.",
            hint="Make room there, or name another folder in the environment variable XDG_CACHE_HOME.",
        ) from error


def is_cached(name: str) -> bool:
    """Whether `fetch` would answer without the network."""
    member = MEMBERS[name]
    return _is(cache_folder() / name, member.sha256) or _is(_archive_path(member.package), member.package.sha256)


def fetch_archive(package: Package, *, progress: Progress = silent) -> Path:
    """The cached archive of `package`, its hash checked; downloaded at need. Raises `SourceError` and `OSError`."""
    path = _archive_path(package)
    if not _is(path, package.sha256):
        progress(f"Downloading {package.name} {package.version} ({package.size_mb} MB) with pip")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            _checked(download(package, Path(folder)), package).replace(path)
    return path


def read_member(archive: Path, member: Member) -> bytes:
    """The bytes of `member` in `archive`, its hash checked. Raises `SourceError`."""
    try:
        content = _read_zip(archive, member.path) if zipfile.is_zipfile(archive) else _read_tar(archive, member.path)
    except (KeyError, EOFError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise _wrong(f"{archive.name} has no readable member {member.path}: {error}.") from error
    received = hashlib.sha256(content).hexdigest()
    if received != member.sha256:
        raise _wrong(f"{member.path} in {archive.name} has SHA-256 {received}, expected {member.sha256}.")
    return content


def _fetch_member(member: Member, progress: Progress) -> Path:
    path = cache_folder() / member.name
    if not _is(path, member.sha256):
        content = read_member(fetch_archive(member.package, progress=progress), member)
        write_whole(path, content, durable=False)
    return path


def _archive_path(package: Package) -> Path:
    return cache_folder() / package.archive


def _read_zip(archive: Path, path: str) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        return opened.read(path)


def _read_tar(archive: Path, path: str) -> bytes:
    with tarfile.open(archive) as opened:
        file = opened.extractfile(path)
        if file is None:
            raise KeyError(f"{path} is not a file")
        return file.read()


def _checked(archive: Path, package: Package) -> Path:
    if not _is(archive, package.sha256):
        raise _wrong(f"pip brought {archive.name} with another SHA-256 than {package.sha256}.")
    return archive


def _is(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _wrong(message: str) -> SourceError:
    return SourceError(message, hint="Do not use it. Find out which package index pip uses: `pip config list`.")
