"""Key files of OSDP readers: who may read them, what may be in them, and that none is ever half written."""

import os
import stat
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ReaderError
from device.readers.osdp.keys import DEFAULT_KEY, KeyFiles, _parsed
from device.readers.osdp.panel import Peer

KEY, NEXT_KEY = bytes(range(100, 116)), bytes(range(50, 66))


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    return KeyFiles(tmp_path, "front")


@pytest.fixture
def path(tmp_path: Path, files: KeyFiles) -> Path:
    """The file of a key in use."""
    files.propose(KEY)
    files.accept()
    return tmp_path / "osdp" / "front.key"


def test_key_is_read_as_it_was_written(files: KeyFiles, path: Path) -> None:
    assert (files.key(), path.read_text()) == (KEY, KEY.hex() + "\n")


def test_nobody_else_can_read_it(path: Path) -> None:
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644])
def test_key_that_others_can_reach_is_refused(files: KeyFiles, path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(ReaderError, match=f"mode {mode:04o} instead of 0600"):
        files.key()


@pytest.mark.parametrize(
    "content",
    [
        KEY.hex().encode(),
        f"{KEY.hex()}\r\n".encode(),
        f"\ufeff{KEY.hex()}".encode(),
        f"\ufeff{KEY.hex()}\r\n".encode(),
        f"  {KEY.hex().upper()} \n\n".encode(),
    ],
    ids=["no end", "CRLF", "mark", "mark and CRLF", "spaces"],
)
def test_key_file_of_another_editor_is_read(files: KeyFiles, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert (files.key(), files.candidates()) == (KEY, (KEY,))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_key_file_in_another_encoding_is_refused(files: KeyFiles, path: Path, encoding: str) -> None:
    path.write_bytes(KEY.hex().encode(encoding))
    with pytest.raises(ReaderError, match="does not hold 32 hexadecimal digits in UTF-8") as refused:
        files.key()
    assert KEY.hex() not in refused.value.message


@pytest.mark.parametrize("text", ["", "\n", "64", KEY.hex() + "00", KEY.hex()[:-1], "zz" * 16, KEY.hex(" "), "é" * 32])
def test_malformed_key_is_refused_and_not_repeated(files: KeyFiles, path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ReaderError, match="does not hold 32 hexadecimal digits") as caught:
        files.key()
    said = str(caught.value).replace(str(path), "")  # whose numbers are pytest's own
    assert not text.strip() or text.strip() not in said


def test_default_key_is_refused(files: KeyFiles, path: Path) -> None:
    path.write_text(DEFAULT_KEY.hex())
    with pytest.raises(ReaderError, match="SCBK-D"):
        files.key()


def test_missing_key_names_the_command(files: KeyFiles) -> None:
    with pytest.raises(ReaderError) as caught:
        files.key()
    assert "`lintel readers osdp-keyset front`" in caught.value.hint


def test_folder_in_the_place_of_a_key(files: KeyFiles, path: Path) -> None:
    path.unlink()
    path.mkdir()
    with pytest.raises(ReaderError, match="cannot be read"):
        files.key()


@pytest.mark.usefixtures("path")
def test_proposed_key_leaves_the_one_in_use(files: KeyFiles) -> None:
    files.propose(NEXT_KEY)
    assert (files.key(), files.candidates()) == (KEY, (NEXT_KEY, KEY))


def test_accepted_key_is_the_only_one(files: KeyFiles, path: Path) -> None:
    files.propose(NEXT_KEY)
    files.accept()
    assert (files.candidates(), [one.name for one in path.parent.iterdir()]) == ((NEXT_KEY,), ["front.key"])


@pytest.mark.usefixtures("path")
def test_withdrawn_key_is_gone(files: KeyFiles) -> None:
    files.propose(NEXT_KEY)
    files.withdraw()
    files.withdraw()
    assert files.candidates() == (KEY,)


def test_default_key_is_no_candidate(files: KeyFiles, path: Path) -> None:
    path.write_text(DEFAULT_KEY.hex())
    assert files.candidates() == ()


def test_full_disk_is_an_error_and_changes_nothing(
    files: KeyFiles, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("device.readers.osdp.keys.os.fsync", full)
    with pytest.raises(ReaderError, match="No space left on device"):
        files.propose(NEXT_KEY)
    assert ([one.name for one in path.parent.iterdir()], files.key()) == (["front.key"], KEY)


def test_key_is_in_no_repr() -> None:
    shown = repr(Peer("front", 0, KEY))
    assert not any(form in shown for form in (KEY.hex(), str(KEY), KEY.decode()))


@given(st.binary(min_size=16, max_size=16))
def test_every_key_comes_back(key: bytes) -> None:
    assert _parsed(key.hex() + "\n") == key


@given(st.text(max_size=80))
def test_whatever_is_in_a_file(text: str) -> None:
    key = _parsed(text)
    assert key is None or key.hex() == text.strip().lower()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_key_that_root_writes_belongs_to_whoever_owns_the_state(files: KeyFiles, tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    files.propose(KEY)
    files.accept()
    written = tmp_path / "osdp", tmp_path / "osdp" / "front.key"
    assert [(one.stat().st_uid, one.stat().st_gid) for one in written] == [(12345, 12345)] * 2


def test_folder_that_is_a_link_is_not_followed(tmp_path: Path, files: KeyFiles) -> None:
    """Whoever may write into the state folder must not have root hand anything over to them."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "osdp").symlink_to(elsewhere)
    with pytest.raises(ReaderError, match="cannot be written"):
        files.propose(KEY)
    assert list(elsewhere.iterdir()) == []
