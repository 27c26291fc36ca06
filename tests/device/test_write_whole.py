"""A file is written whole whatever cuts the write short, and a durable one outlasts a power cut."""

import errno
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.files import opened_folder, write_whole, write_within
from tests.rig.strace import missing

STEPS = ("open", "fsync", "replace", "fchmod", "fchown", "unlink", "close")
DURABLE = ["fsync file", "replace", "fsync folder"]
AT_WHICH_STEP = range(8)


class PowerCut(BaseException):
    """The process is gone: not even what it wanted to clean up happens any more."""


class Kernel:
    """The module `os` as `device.files` sees it: lists its steps, and fails or ends at one of them."""

    def __init__(self, *, cut_at: int = -1, full_at: int = -1) -> None:
        self.steps: list[str] = []
        self._cut_at = cut_at
        self._full_at = full_at

    def __getattr__(self, name: str) -> object:
        known = getattr(os, name)
        return self._step(name, known) if name in STEPS else known

    @property
    def is_cut(self) -> bool:
        return 0 <= self._cut_at < len(self.steps)

    def flushes_and_moves(self) -> list[str]:
        return [step for step in self.steps if step.startswith(("fsync", "replace"))]

    def _step(self, name: str, known: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **named: object) -> object:
            if self.is_cut or len(self.steps) == self._cut_at:
                self.steps.append("")
                raise PowerCut
            self.steps.append(name if name != "fsync" else f"fsync {kind_of(arguments[0])}")
            if len(self.steps) == self._full_at and name not in ("unlink", "close"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return known(*arguments, **named)

        return step


def kind_of(descriptor: object) -> str:
    assert isinstance(descriptor, int)
    return "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"


def placed(monkeypatch: pytest.MonkeyPatch, kernel: Kernel) -> Kernel:
    monkeypatch.setattr("device.files.os", kernel)
    return kernel


@pytest.mark.parametrize("mode", [None, 0o600])
def test_durable_file_is_flushed_before_and_after_its_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int | None
) -> None:
    kernel = placed(monkeypatch, Kernel())
    write_whole(tmp_path / "file", b"new", durable=True, mode=mode)
    assert kernel.flushes_and_moves() == DURABLE


def test_other_file_waits_for_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = placed(monkeypatch, Kernel())
    write_whole(tmp_path / "file", b"new", durable=False)
    assert kernel.flushes_and_moves() == ["replace"]


def test_pair_is_flushed_before_either_is_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = placed(monkeypatch, Kernel())
    with opened_folder(tmp_path) as folder:
        write_within(folder, {"model": b"m", "manifest": b"j"}, durable=True)
    assert kernel.flushes_and_moves() == ["fsync file", "fsync file", "replace", "replace", "fsync folder"]


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_kernel_sees_the_same_order(tmp_path: Path) -> None:
    traced = tmp_path / "traced"
    code = "import sys; from pathlib import Path; from device.files import write_whole\n"
    code += "write_whole(Path(sys.argv[1]), b'new', durable=True)"
    calls = "trace=fsync,rename,renameat,renameat2"
    strace = ["strace", "-f", "-qq", "-y", "-e", calls, "-o", str(traced)]
    subprocess.run([*strace, sys.executable, "-c", code, str(tmp_path / "file")], check=True)
    assert re.findall(r"\b(fsync|rename)(?:at2?)?\(", traced.read_text()) == ["fsync", "rename", "fsync"]


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("mode", [None, 0o600])
@pytest.mark.parametrize("step", AT_WHICH_STEP)
def test_power_cut_at_any_step_leaves_old_or_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, mode: int | None, durable: bool
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    kernel = placed(monkeypatch, Kernel(cut_at=step))
    try:
        write_whole(path, b"new" * 99999, durable=durable, mode=mode)
    except PowerCut:
        done = "replace" in kernel.steps
    else:
        done = True
    assert path.read_bytes() == (b"new" * 99999 if done else b"old")


def test_power_cuts_are_tried_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"old")
    kernel = placed(monkeypatch, Kernel())
    write_whole(tmp_path / "file", b"new", durable=True)
    assert len(kernel.steps) == len(AT_WHICH_STEP)


@pytest.mark.parametrize("mode", [None, 0o600])
@pytest.mark.parametrize("step", range(2, 6))
def test_full_disk_at_any_step_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, mode: int | None
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    placed(monkeypatch, Kernel(full_at=step))
    with pytest.raises(OSError, match="No space left on device") as refused:
        write_whole(path, b"new", durable=True, mode=mode)
    assert refused.value.filename == str(path)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"file": b"old"}


@pytest.mark.parametrize("step", range(1, 10))
def test_full_disk_changes_none_of_a_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    before = {"model": b"old", "manifest": b"old"}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    with opened_folder(tmp_path) as folder:
        placed(monkeypatch, Kernel(full_at=step))
        with pytest.raises(OSError, match="No space left on device"):
            write_within(folder, dict.fromkeys(before, b"new"), durable=True)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_folder_that_cannot_be_flushed_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Network(Kernel):
        def fsync(self, descriptor: int) -> None:
            if kind_of(descriptor) == "folder":
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            os.fsync(descriptor)

    placed(monkeypatch, Network())
    write_whole(tmp_path / "file", b"new", durable=True)
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_mode_is_exact_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "file", b"new", durable=False, mode=0o640)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_secret_is_never_readable_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    placed(monkeypatch, Kernel(cut_at=2))
    with pytest.raises(PowerCut):
        write_whole(tmp_path / "file", b"secret", durable=True, mode=0o600)
    assert [stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()] == [0o600]


def test_file_with_a_mode_replaces_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    write_whole(tmp_path / "link", b"new", durable=False, mode=0o600)
    assert (tmp_path / "elsewhere").read_bytes() == b"old"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_file_of_root_belongs_to_the_owner_of_its_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12346)
    write_whole(tmp_path / "file", b"new", durable=False, mode=0o600)
    assert ((tmp_path / "file").stat().st_uid, (tmp_path / "file").stat().st_gid) == (12345, 12346)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_owner_of_the_old_file_keeps_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    os.chown(tmp_path / "file", 12345, 12346)
    write_whole(tmp_path / "file", b"new", durable=False)
    assert ((tmp_path / "file").stat().st_uid, (tmp_path / "file").stat().st_gid) == (12345, 12346)


@given(contents=st.lists(st.binary(max_size=20_000), min_size=1, max_size=5), durable=st.booleans())
def test_last_content_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], durable: bool
) -> None:
    folder = tmp_path_factory.mktemp("written")
    for content in contents:
        write_whole(folder / "file", content, durable=durable)
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == {"file": contents[-1]}
