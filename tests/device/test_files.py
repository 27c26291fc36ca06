"""A file is replaced whole, or it stays as it was."""

import errno
import os
import stat
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from device.files import write_whole


def test_a_file_is_written(tmp_path: Path) -> None:
    write_whole(tmp_path / "new", b"content", durable=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"new": b"content"}


def test_a_disk_that_fills_up_leaves_the_file_that_was(tmp_path: Path, full_disk: AbstractContextManager[None]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"what was")
    with full_disk, pytest.raises(OSError, match=os.strerror(errno.EFBIG)) as refused:
        write_whole(path, bytes(2000), durable=True)
    assert refused.value.filename == str(path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"what was"}


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_who_may_read_it_stays(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"what was")
    path.chmod(mode)
    write_whole(path, b"new", durable=True)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_bytes(b"what was")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "file")
    write_whole(link, b"new", durable=True)
    assert link.is_symlink()
    assert (tmp_path / "there" / "file").read_bytes() == b"new"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as refused:
        write_whole(tmp_path / "no" / "file", b"", durable=True)
    assert Path(refused.value.filename) == tmp_path / "no" / "file"
