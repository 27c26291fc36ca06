"""Which files of a folder were not read: each command names them, with the reason, the first few in text."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from convert.cli.main import cli
from convert.folders import left_out, listed, note_left_out
from device.vision.models import shipped_models_dir
from tests.device.pictures import portrait, saved

PORTRAITS = shipped_models_dir() / "portraits"
NOT_A_PICTURE, ELSEWHERE = "not a picture by the ending of its name", "not in a person's folder"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Two people with a good photo each, and all that lies about in such folders."""
    folder = tmp_path / "people"
    for name in ("eileen-collins", "grace-hopper"):
        (folder / name).mkdir(parents=True)
        for number in (1, 2):
            shutil.copy(PORTRAITS / f"{name}.jpg", folder / name / f"{number}.jpg")
    grace = folder / "grace-hopper"
    (grace / "old").mkdir()
    shutil.copy(PORTRAITS / "grace-hopper.jpg", grace / "old" / "3.jpg")
    shutil.copy(PORTRAITS / "grace-hopper.jpg", folder / "loose.jpg")
    (grace / "scan.tiff").write_bytes(saved(portrait(), "TIFF"))
    (grace / "moving.gif").write_bytes(saved(portrait(), "GIF"))
    (grace / "notes.txt").write_text("no picture")
    (grace / "Thumbs.db").write_bytes(b"thumbs")
    (grace / ".DS_Store").write_bytes(b"hidden")
    (grace / "empty.jpg").touch()
    (grace / "text.png").write_text("no picture")
    (grace / "scan.jpg").write_bytes(saved(portrait(), "TIFF"))
    return folder


def typed(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], standalone_mode=False)


def test_files_that_are_not_read_are_found_with_the_reason(people: Path) -> None:
    taken = [*people.glob("*/*.jpg"), *people.glob("*/*.png")]
    found = {path.relative_to(people).as_posix(): why for path, why in left_out(people, taken).items()}
    assert found == {
        "grace-hopper/moving.gif": NOT_A_PICTURE,
        "grace-hopper/notes.txt": NOT_A_PICTURE,
        "grace-hopper/old/3.jpg": ELSEWHERE,
        "grace-hopper/scan.tiff": NOT_A_PICTURE,
        "loose.jpg": ELSEWHERE,
    }


def test_nothing_is_said_of_a_folder_that_is_read_whole(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note_left_out(people / "eileen-collins", (people / "eileen-collins").iterdir())
    assert capsys.readouterr() == ("", "")


def test_files_are_noted_on_standard_error(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note_left_out(people, people.glob("*/*.jpg"))
    assert capsys.readouterr().err.startswith("Note: files left out: 6\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_folder_that_cannot_be_read_is_named(people: Path) -> None:
    (people / "grace-hopper" / "old").chmod(0)
    assert left_out(people, ())[people / "grace-hopper" / "old"] == "Permission denied"


@pytest.mark.parametrize(("count", "lines"), [(0, 1), (10, 11), (11, 12), (5000, 12)])
def test_long_list_is_cut(count: int, lines: int) -> None:
    said = listed("heading", {Path(str(number)): "why" for number in range(count)})
    assert (len(said), said[0]) == (lines, "heading")


def test_align_names_what_it_cannot_read(people: Path, tmp_path: Path) -> None:
    said = typed("align", people, tmp_path / "chips", "--json")
    document = json.loads(said.stdout)
    failures = {Path(each["photo"]).name: each["why"].rpartition("/")[2] for each in document["failures"]}
    assert (said.return_value, document["made"]) == (0, 4)
    assert failures == {
        "empty.jpg": "empty.jpg is empty.",
        "scan.jpg": "scan.jpg is a TIFF or a camera's raw picture, which cannot be read.",
        "text.png": "text.png is not an image that can be read.",
    }
    assert [Path(each["file"]).name for each in document["left_out"]] == [
        "moving.gif",
        "notes.txt",
        "3.jpg",
        "scan.tiff",
        "loose.jpg",
    ]


def test_align_names_it_in_text(people: Path, tmp_path: Path) -> None:
    said = typed("align", people, tmp_path / "chips").stdout
    assert "photos without a chip: 3\n" in said
    assert "files left out: 5\n" in said


def test_align_of_nothing_but_unreadable_files_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "photos" / "ada").mkdir(parents=True)
    (tmp_path / "photos" / "ada" / "empty.jpg").touch()
    said = typed("align", tmp_path / "photos", tmp_path / "chips")
    assert (said.return_value, "empty.jpg is empty." in said.stdout) == (1, True)


def test_cluster_names_what_it_cannot_read(people: Path) -> None:
    pytest.importorskip("sklearn")
    said = typed("cluster", people, "--json")
    document = json.loads(said.stdout)
    assert document["faces"] == 6
    assert sorted(Path(each["image"]).name for each in document["failures_to_acquire"]) == [
        "empty.jpg",
        "scan.jpg",
        "text.png",
    ]
    assert sorted(Path(each["file"]).name for each in document["left_out"]) == ["moving.gif", "notes.txt", "scan.tiff"]


def test_cluster_names_it_in_text(people: Path) -> None:
    pytest.importorskip("sklearn")
    said = typed("cluster", people).stdout
    assert "failures to acquire: 3 of 9 pictures\n" in said
    assert "files left out: 3\n" in said


def test_evaluation_notes_what_it_leaves_out(people: Path) -> None:
    said = typed("evaluate", "--images", people)
    assert "Note: files left out: 5\n" in said.stderr
    assert "Note: pictures without a face: 3 of 7\n" in said.stderr
