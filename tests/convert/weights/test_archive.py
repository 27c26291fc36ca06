"""Weights out of the package they are published in, by both hashes, and fed in the order they were trained on."""

import hashlib
import io
import tarfile
from pathlib import Path

import msgspec
import numpy as np
import pytest

from convert.catalogue import Archive, Entry, catalogue, hash_of_file
from convert.errors import WeightsError
from convert.importing import read_known
from convert.weights.archive import unpacked
from convert.weights.minifasnet import load_onnx
from tests.convert.weights.onnx_files.bench import Net

KNOWN = catalogue()["minifasnet-v2-se"]
MEMBER = "package/model/fr_liveness.onnx"


def archive_of(path: Path, **files: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name.replace("__", "/").replace("_onnx", ".onnx"))
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return archive_of(tmp_path / "package.tgz", package__model__liveness_onnx=b"network", package__other=b"more")


@pytest.fixture
def entry(archive: Path) -> Entry:
    """An entry whose package and file are the made-up ones."""
    packed = Archive(file="package.tgz", sha256=hash_of_file(archive), member="package/model/liveness.onnx")
    return msgspec.structs.replace(KNOWN, sha256=hashlib.sha256(b"network").hexdigest(), archive=packed)


def test_the_known_package_and_file_are_named_by_hash() -> None:
    assert KNOWN.archive is not None
    assert (KNOWN.sha256[:8], KNOWN.archive.sha256[:8], KNOWN.archive.member) == ("afa783b7", "7ea06031", MEMBER)


def test_the_file_alone_comes_out_of_its_package(archive: Path, entry: Entry) -> None:
    with unpacked(archive, entry) as path:
        assert (path.read_bytes(), [one.name for one in path.parent.iterdir()]) == (b"network", ["fr_liveness.onnx"])
    assert not path.exists()


def test_a_file_outside_of_a_package_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"network")
    with unpacked(tmp_path / "net.onnx", KNOWN) as path:
        assert path == tmp_path / "net.onnx"


def test_another_package_is_refused(archive: Path) -> None:
    with pytest.raises(WeightsError, match="expected 7ea06031") as caught, unpacked(archive, KNOWN):
        pass
    assert "faceplugin-face-recognition-js-0.0.1.tgz" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bbroken"])
def test_a_package_without_the_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = archive_of(tmp_path / "package.tgz", other=b"")
    if content:
        path.write_bytes(content)
    with (
        pytest.raises(WeightsError, match=r"no readable file package/model/fr_liveness\.onnx"),
        unpacked(path, KNOWN, any_hash=True),
    ):
        pass


def test_a_link_in_a_package_is_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "package.tgz", "w:gz") as archive:
        info = tarfile.TarInfo(MEMBER)
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with (
        pytest.raises(WeightsError, match="expected a file"),
        unpacked(tmp_path / "package.tgz", KNOWN, any_hash=True),
    ):
        pass


def test_a_file_of_another_hash_in_the_package_is_refused(
    archive: Path, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = msgspec.structs.replace(entry, sha256="0" * 64)
    monkeypatch.setattr("convert.importing.known", lambda _name: wrong)
    with pytest.raises(WeightsError, match="expected 0000"):
        read_known("minifasnet-v2-se", archive)


def test_a_network_for_bgr_takes_rgb_after_its_import(tmp_path: Path) -> None:
    """The file's first channel is blue; fed RGB as it is, it would call red what is blue."""
    net = Net(128)
    pick = np.zeros((3, 3, 1, 1), np.float32)
    pick[[0, 1, 2], [0, 1, 2]] = 1
    maps = net.node("Conv", "image", net.constant(pick))
    path = net.write(tmp_path / "net.onnx", net.node("Flatten", net.node("GlobalAveragePool", maps)))
    red = np.zeros((1, 128, 128, 3), np.float32)
    red[..., 0] = 200
    assert np.asarray(load_onnx(path)(red)).tolist() == [[0, 0, 200]]
