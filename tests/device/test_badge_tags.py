"""A badge's tag: the same for the same badge, and worth nothing without the key."""

import os
import stat
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.badge_tags import journal_key, known_key, tag_of
from device.records import Credential

BADGE = Credential("h10301", 17, 4242)
credentials = st.builds(
    Credential, st.sampled_from(["h10301", "csn4", "own:gym"]), st.integers(0, 255), st.integers(0, 2**32 - 1)
)
keys = st.binary(min_size=32, max_size=32)


@given(credentials, credentials, keys)
def test_tags_are_the_same_exactly_for_the_same_badge(one: Credential, other: Credential, key: bytes) -> None:
    assert (tag_of(one, key) == tag_of(other, key)) == (one == other)


@given(credentials, keys, keys)
def test_tag_depends_on_the_key(credential: Credential, key: bytes, other: bytes) -> None:
    assert (tag_of(credential, key) == tag_of(credential, other)) == (key == other)


def test_tag_says_the_format_and_eight_digits() -> None:
    format_name, _, digits = tag_of(BADGE, bytes(32)).partition("#")
    assert (format_name, len(digits), int(digits, 16) >= 0) == ("h10301", 8, True)


def test_key_stays(tmp_path: Path) -> None:
    first = journal_key(tmp_path)
    assert (len(first), journal_key(tmp_path), known_key(tmp_path)) == (32, first, first)


def test_key_is_for_the_service_alone(tmp_path: Path) -> None:
    journal_key(tmp_path)
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_each_store_has_a_key_of_its_own(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    assert journal_key(folders[0]) != journal_key(folders[1])


def test_reading_makes_no_key(tmp_path: Path) -> None:
    assert (known_key(tmp_path), list(tmp_path.iterdir())) == (None, [])


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_damaged_key_is_made_again(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal.key").write_bytes(content)
    key = journal_key(tmp_path)
    assert (len(key), known_key(tmp_path)) == (32, key)


def test_folder_that_cannot_be_written_to_gives_a_key_for_this_run(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert (len(journal_key(nowhere)), nowhere.exists()) == (32, False)


def test_disk_that_is_full_leaves_no_half_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        key = journal_key(tmp_path)
    assert (len(key), list(tmp_path.iterdir())) == (32, [])


def test_link_in_place_of_the_key_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(bytes(32))
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "journal.key").symlink_to(elsewhere)
    assert known_key(folder) is None
