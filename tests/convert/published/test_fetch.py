"""Published files: through pip or out of the cache, of the right hash or not at all, and none of their code is run."""

import hashlib
import importlib.util
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convert.errors import SourceError
from convert.published import fetch as fetching
from convert.published.download import download
from convert.published.fetch import cache_folder, fetch, fetch_archive, is_cached, read_member
from convert.published.sources import MEMBERS, Member, Package

CONTENT = b"the weights"
FOLDER = "leaky_models-1.2"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_sdist(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{FOLDER}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What the package's setup.py leaves behind if it is run."""
    return tmp_path / "setup.py was run"


@pytest.fixture
def package(tmp_path: Path, marker: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """A source package with a setup.py, in a folder that pip's configuration names in place of any index."""
    setup = (
        f"open({str(marker)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='leaky-models', version='1.2')\n"
    )
    metadata = b"Metadata-Version: 1.1\nName: leaky_models\nVersion: 1.2\n"
    wheels = tmp_path / "index"
    wheels.mkdir()
    archive = wheels / f"{FOLDER}.tar.gz"
    write_sdist(archive, {"setup.py": setup.encode(), "PKG-INFO": metadata, "models/net.dat": CONTENT})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Package("leaky-models", "1.2", archive.name, sha256(archive.read_bytes()), 1, ())


@pytest.fixture
def member(package: Package, monkeypatch: pytest.MonkeyPatch) -> Member:
    """A file of that package, in the table."""
    member = Member(package, f"{FOLDER}/models/net.dat", sha256(CONTENT))
    monkeypatch.setitem(MEMBERS, member.name, member)
    return member


def test_a_package_is_downloaded_without_running_its_code(package: Package, marker: Path, tmp_path: Path) -> None:
    archive = download(package, tmp_path)
    assert (sha256(archive.read_bytes()), marker.exists()) == (package.sha256, False)


@pytest.mark.skipif(importlib.util.find_spec("setuptools") is None, reason="pip needs setuptools to run a setup.py")
@pytest.mark.usefixtures("package")
def test_pip_by_itself_would_have_run_it(marker: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--dest",
        str(tmp_path),
    ]
    subprocess.run([*command, "leaky-models==1.2"], env=os.environ, capture_output=True, check=True)
    assert marker.exists()


def test_an_archive_of_another_hash_is_not_even_looked_into(package: Package, marker: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="THESE PACKAGES DO NOT MATCH THE HASHES"):
        download(replace(package, sha256="0" * 64), tmp_path)
    assert not marker.exists()


def test_missing_package_is_an_error_with_pip_s_reason(package: Package, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"could not download leaky-models==9\.9: ERROR: .*9\.9") as caught:
        download(replace(package, version="9.9"), tmp_path)
    assert (caught.value.exit_code, "pip config list" in caught.value.hint) == (14, True)


def test_an_environment_without_pip_is_an_error_that_says_so(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'python: No module named pip' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(SourceError, match="has no pip") as caught:
        download(package, tmp_path)
    assert "ensurepip" in caught.value.hint


def test_a_member_is_fetched_into_the_cache(member: Member) -> None:
    path = fetch(member.name)
    assert (path, path.read_bytes()) == (cache_folder() / "net.dat", CONTENT)


def test_a_cached_archive_is_not_downloaded_again(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(member.name).unlink()
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    assert (is_cached(member.name), fetch(member.name).read_bytes()) == (True, CONTENT)


def test_a_cached_member_needs_no_archive(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(member.name)
    (cache_folder() / member.package.archive).unlink()
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    assert (is_cached(member.name), fetch(member.name).read_bytes()) == (True, CONTENT)


def test_an_empty_cache_has_nothing(member: Member) -> None:
    assert not is_cached(member.name)


@pytest.mark.parametrize("damaged", ["net.dat", f"{FOLDER}.tar.gz"])
def test_a_damaged_file_in_the_cache_is_replaced(member: Member, damaged: str) -> None:
    fetch(member.name)
    (cache_folder() / "net.dat").unlink()
    (cache_folder() / damaged).write_bytes(b"damaged")
    assert fetch(member.name).read_bytes() == CONTENT


def test_nothing_is_left_in_the_cache_beside_what_was_asked_for(member: Member) -> None:
    fetch(member.name)
    assert sorted(path.name for path in cache_folder().iterdir()) == [f"{FOLDER}.tar.gz", "net.dat"]


def test_a_failed_download_leaves_nothing_in_the_cache(package: Package) -> None:
    with pytest.raises(SourceError):
        fetch_archive(replace(package, version="9.9"))
    assert list(cache_folder().iterdir()) == []


def test_a_download_is_announced(member: Member) -> None:
    lines: list[str] = []
    fetch(member.name, progress=lines.append)
    fetch(member.name, progress=lines.append)
    assert lines == ["Downloading leaky-models 1.2 (1 MB) with pip"]


def test_a_cache_that_cannot_be_written_is_an_error(
    member: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(SourceError, match="Cannot use the cache") as caught:
        fetch(member.name)
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_the_cache_is_in_the_user_s_home_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert fetching.cache_folder() == Path.home() / ".cache" / "lintel"


def zipped(folder: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(folder / "some.whl", "w") as archive:
        archive.writestr(name, content)
    return folder / "some.whl"


def tarred(folder: Path, name: str, content: bytes) -> Path:
    write_sdist(folder / "some.tar.gz", {name.removeprefix(f"{FOLDER}/"): content})
    return folder / "some.tar.gz"


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_a_member_is_read_out_of_an_archive(packed: Callable[..., Any], member: Member, tmp_path: Path) -> None:
    assert read_member(packed(tmp_path, member.path, CONTENT), member) == CONTENT


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_a_missing_member_is_an_error(packed: Callable[..., Any], member: Member, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=f"no readable member {member.path}"):
        read_member(packed(tmp_path, f"{FOLDER}/models/other.dat", CONTENT), member)


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_an_altered_member_is_an_error(packed: Callable[..., Any], member: Member, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=f"has SHA-256 {sha256(b'altered')}, expected {sha256(CONTENT)}"):
        read_member(packed(tmp_path, member.path, b"altered"), member)


@pytest.mark.parametrize("content", [b"", b"no archive at all"])
def test_a_file_that_is_no_archive_is_an_error(content: bytes, member: Member, tmp_path: Path) -> None:
    (tmp_path / "some.tar.gz").write_bytes(content)
    with pytest.raises(SourceError, match="no readable member"):
        read_member(tmp_path / "some.tar.gz", member)


def test_a_truncated_archive_is_an_error(member: Member, tmp_path: Path) -> None:
    archive = tarred(tmp_path, member.path, os.urandom(10_000))
    archive.write_bytes(archive.read_bytes()[:5000])
    with pytest.raises(SourceError, match="no readable member"):
        read_member(archive, member)


def test_a_folder_is_no_member(package: Package, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "some.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("folder")
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    with pytest.raises(SourceError, match="folder is not a file"):
        read_member(tmp_path / "some.tar.gz", Member(package, "folder", sha256(b"")))


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_published_files_are_those_of_the_table(name: str, published: Callable[[str], Path]) -> None:
    assert sha256(published(name).read_bytes()) == MEMBERS[name].sha256
