"""Folders from strangers: what is read of them, and what is refused with a sentence."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from device.errors import CameraError, ImageError
from device.pad.clips import frames_of, person_of, sources_in
from device.pad.folder import Kept, PadStore, opened, read_frames, read_manifest
from device.pad.manifest import FrameRecord, PadFolder, Recorded
from tests.device.pictures import PORTRAIT, portrait, saved

FRAME = FrameRecord(at=0.0, box=(1.0, 2.0, 3.0, 4.0), yaw=0.5, live=0.9)
RECORDED = Recorded(
    name="print-0001", species="print", person="anna", hand="ben", recorded_at="2026-11-30T12:00:00", frames_sha256=""
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with opened(tmp_path / "pad", PadFolder()) as store:
        store.add(RECORDED, Kept((FRAME, FrameRecord(at=0.1, reason="no-face"))))
    return tmp_path / "pad"


def changed(folder: Path, **fields: Any) -> None:
    """Writes other fields into the manifest's only presentation."""
    manifest = json.loads((folder / "pad.json").read_text())
    manifest["presentations"][0].update(fields)
    (folder / "pad.json").write_text(json.dumps(manifest))


def test_folder_comes_back_as_it_was_written(folder: Path) -> None:
    (kept,) = read_manifest(folder).presentations
    assert (kept.name, kept.person, kept.hand, kept.clip_sha256) == ("print-0001", "anna", "ben", "")
    assert read_frames(folder, kept) == (FRAME, FrameRecord(at=0.1, reason="no-face"))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "../../etc/passwd"},
        {"name": "print-0001/../x"},
        {"name": "/print-0001"},
        {"species": "../live"},
        {"person": ""},
        {"person": "x" * 65},
        {"hand": "a\nb"},
        {"frames_sha256": "zz"},
        {"prompts": [{"at": -1.0, "ask": "turn-left"}]},
        {"prompts": [{"at": 1.0, "ask": "open-the-door"}]},
        {"references": -1},
        {"unknown": 1},
    ],
)
def test_manifest_that_breaks_its_contract_is_refused(folder: Path, fields: dict[str, Any]) -> None:
    changed(folder, **fields)
    with pytest.raises(ImageError, match="does not keep its contract"):
        read_manifest(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe{", b'{"pad_version": 2}', b"[" * 100_000, b"null"])
def test_what_is_no_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / "pad.json").write_bytes(content)
    with pytest.raises(ImageError, match="does not keep its contract"):
        read_manifest(folder)


def test_presentation_named_twice_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / "pad.json").read_text())
    manifest["presentations"] *= 2
    (folder / "pad.json").write_text(json.dumps(manifest))
    with pytest.raises(ImageError, match="twice"):
        read_manifest(folder)


def test_relabelled_presentation_is_refused(folder: Path) -> None:
    changed(folder, species="live")
    with pytest.raises(ImageError, match="not of the species 'live'"):
        read_manifest(folder)


def test_changed_frames_are_found(folder: Path) -> None:
    (kept,) = read_manifest(folder).presentations
    path = folder / "print-0001.json"
    path.write_bytes(path.read_bytes().replace(b"0.9", b"0.1"))
    with pytest.raises(ImageError, match="changed or damaged"):
        read_frames(folder, kept)


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [{"at": 1.0}, {"at": 1.0}],
        [{"at": 1.0}, {"at": 0.5}],
        [{"at": 1.0, "live": 1.5}],
        [{"at": -0.1}],
        [{"at": 1e9}],
        [{"at": 0.0, "embedding": [1.0]}],
    ],
)
def test_impossible_frames_are_refused(folder: Path, frames: list[dict[str, Any]]) -> None:
    content = json.dumps({"frames_version": 1, "frames": frames}).encode()
    (folder / "print-0001.json").write_bytes(content)
    changed(folder, frames_sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ImageError, match=r"contract|order"):
        read_frames(folder, read_manifest(folder).presentations[0])


@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "missing", "huge"])
def test_what_is_no_plain_file_is_refused(folder: Path, tmp_path: Path, kind: str) -> None:
    path = folder / "print-0001.json"
    path.unlink()
    if kind == "link":
        (tmp_path / "elsewhere").write_bytes(b"{}")
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "huge":
        with path.open("wb") as file:
            file.truncate(17 << 20)
    with pytest.raises(ImageError, match=r"Cannot read|not a file|expected at most"):
        read_frames(folder, read_manifest(folder).presentations[0])


def test_unfinished_file_counts_for_nothing_and_is_written_over(folder: Path) -> None:
    (folder / "print-0002.json").write_text("half")
    assert len(read_manifest(folder).presentations) == 1
    store = PadStore(folder, read_manifest(folder))
    assert store.next_name("print") == "print-0002"


def clips(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PORTRAIT + name.encode())
    return folder


def test_plain_folder_is_read_by_species(tmp_path: Path) -> None:
    clips(tmp_path, "live/anna-1.jpg", "live-stills/ben.jpg", "print/anna-2.jpg", "references/anna-1.jpg", "notes.jpg")
    clips(tmp_path, "empty/view.jpg", "live/notes.txt", "_old/x.jpg", "phone/.hidden")
    (tmp_path / "phone" / "linked.jpg").symlink_to(tmp_path / "notes.jpg")
    found = [(one.path.relative_to(tmp_path).as_posix(), one.species, one.person) for one in sources_in(tmp_path)]
    assert found == [
        ("live/anna-1.jpg", "live", "anna"),
        ("live-stills/ben.jpg", "live", "ben"),
        ("print/anna-2.jpg", "print", "anna"),
    ]


def test_copy_of_a_clip_has_the_same_hash(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "print").mkdir(exist_ok=True)
        (tmp_path / "print" / name).write_bytes(PORTRAIT)
    assert len({one.sha256 for one in sources_in(tmp_path)}) == 1


@pytest.mark.parametrize("name", ["", "file", "nothing"])
def test_folder_without_clips_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ImageError, match=r"no clips by species|Cannot read the folder"):
        sources_in(tmp_path / name)


def test_damaged_clip_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(PORTRAIT[:500])
    with pytest.raises(CameraError, match=r"a\.mp4"):
        list(frames_of(path))


def test_still_picture_is_held_with_a_sensors_noise(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(saved(portrait((960, 720)), "PNG"))
    frames = list(frames_of(path))
    assert (len(frames), round(frames[-1].captured_at, 2)) == (120, 7.93)
    assert frames[0].image.shape == (480, 640, 3)
    assert (frames[0].image != frames[1].image).any()


def test_person_is_a_clips_name_up_to_the_hyphen() -> None:
    assert [person_of(Path(name)) for name in ("live/p4-a.mp4", "p6.mp4")] == ["p4", "p6"]
