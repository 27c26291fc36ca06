"""Weights that are published in a package: out of its archive, both known by their hashes. Before a file's reader."""

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convert.catalogue import Archive, Entry, hash_of_file
from convert.errors import WeightsError

MAX_MEMBER_BYTES = 64 << 20
_GZIP = b"\x1f\x8b"


@contextmanager
def unpacked(source: Path, entry: Entry, *, any_hash: bool = False) -> Iterator[Path]:
    """The entry's file at `source`, or, within the context, out of the package's archive there.

    Raises `WeightsError` for an archive of another hash unless `any_hash`, and for one without the file.
    """
    if entry.archive is None or not _is_gzip(source):
        yield source
        return
    received = hash_of_file(source)
    if received != entry.archive.sha256 and not any_hash:
        raise _of_another_hash(source, received, entry.archive.sha256, f"{entry.archive.file} or {entry.file}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(entry.file).name
        path.write_bytes(_member(source, entry.archive))
        yield path


def check_hash(source: Path, received: str, entry: Entry, *, any_hash: bool) -> None:
    """Raises `WeightsError` unless the file out of `source` has the entry's SHA-256."""
    if received != entry.sha256 and not any_hash:
        raise _of_another_hash(source, received, entry.sha256, f"{entry.file} from {entry.address}")


def _is_gzip(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_GZIP)) == _GZIP


def _member(path: Path, archive: Archive) -> bytes:
    """The bytes of the one file that is wanted; nothing else is unpacked."""
    try:
        with tarfile.open(path, "r:gz") as opened:
            found = opened.getmember(archive.member)
            if not found.isreg() or found.size > MAX_MEMBER_BYTES:
                raise KeyError(f"{archive.member}: expected a file of at most {MAX_MEMBER_BYTES} bytes")
            file = opened.extractfile(found)
            return file.read() if file is not None else b""
    except (KeyError, EOFError, OSError, tarfile.TarError) as error:
        raise WeightsError(
            f"{path} has no readable file {archive.member}: {error}.", hint=f"Give {archive.file}, or the file itself."
        ) from error


def _of_another_hash(source: Path, received: str, expected: str, what: str) -> WeightsError:
    return WeightsError(
        f"{source} has SHA-256 {received}, expected {expected}.",
        hint=f"Take {what}, or add --any-hash if you trust where your file comes from.",
    )
