"""`lintel-convert align`: the door's own chips out of photos; failures are told; nothing is written elsewhere."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from convert.alignments import alignment_named, dlib_alignment
from convert.cli.main import cli
from convert.finder import Finder
from convert.training.chips import Aligned, align_photos, photos_in, record_alignment
from device.commandline import run_command
from device.errors import ImageError
from device.images import read_image
from device.vision.models import shipped_models_dir

PORTRAITS = shipped_models_dir() / "portraits"


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(shipped_models_dir())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A portrait, a wall and a text that calls itself a picture, of two people."""
    folder = tmp_path / "photos"
    for name in ("eileen-collins", "grace-hopper"):
        (folder / name).mkdir(parents=True)
        shutil.copy(PORTRAITS / f"{name}.jpg", folder / name / "portrait.jpg")
    cv2.imwrite(str(folder / "grace-hopper" / "wall.png"), np.full((200, 200, 3), 128, np.uint8))
    (folder / "grace-hopper" / "text.jpg").write_text("no picture")
    (folder / "grace-hopper" / "notes.txt").write_text("not even by its name")
    return folder


@pytest.fixture
def aligned(photos: Path, finder: Finder, tmp_path: Path) -> Callable[..., Aligned]:
    def run(*, again: bool = False) -> Aligned:
        return align_photos(photos_in(photos, tmp_path / "chips"), finder, dlib_alignment(), lambda: None, again=again)

    return run


def test_chips_are_the_door_s(aligned: Callable[..., Aligned], portrait_chips: np.ndarray, tmp_path: Path) -> None:
    aligned()
    chips = [read_image(tmp_path / "chips" / name / "portrait.png") for name in ("eileen-collins", "grace-hopper")]
    assert np.array_equal(np.stack(chips), portrait_chips)


def test_a_photo_without_a_face_and_a_file_without_a_photo_are_told(
    aligned: Callable[..., Aligned], photos: Path
) -> None:
    failures = {path.relative_to(photos).as_posix(): why.rpartition("/")[2] for path, why in aligned().failures.items()}
    assert failures == {
        "grace-hopper/text.jpg": "text.jpg is not an image that can be read.",
        "grace-hopper/wall.png": "no face was found",
    }


def test_chips_that_are_there_are_kept(aligned: Callable[..., Aligned], tmp_path: Path) -> None:
    aligned()
    chip = tmp_path / "chips" / "grace-hopper" / "portrait.png"
    chip.write_bytes(b"kept")
    second = aligned()
    assert (second.made, second.kept, chip.read_bytes()) == (0, 2, b"kept")


def test_again_makes_them_anew(aligned: Callable[..., Aligned], tmp_path: Path) -> None:
    aligned()
    chip = tmp_path / "chips" / "grace-hopper" / "portrait.png"
    chip.write_bytes(b"gone")
    second = aligned(again=True)
    assert (second.made, second.kept, chip.read_bytes() != b"gone") == (2, 0, True)


def test_each_photo_is_counted(photos: Path, finder: Finder, tmp_path: Path) -> None:
    counted = []
    found = photos_in(photos, tmp_path / "chips")
    align_photos(found, finder, dlib_alignment(), lambda: counted.append(1))
    assert len(counted) == len(found) == 4


def test_nothing_but_chips_is_left(aligned: Callable[..., Aligned], tmp_path: Path) -> None:
    aligned()
    assert sorted(path.name for path in (tmp_path / "chips").rglob("*.*")) == ["portrait.png", "portrait.png"]


def test_photos_of_one_name_have_chips_of_two(photos: Path, tmp_path: Path) -> None:
    (photos / "grace-hopper" / "portrait.png").write_bytes(b"")
    names = [photo.chip.name for photo in photos_in(photos, tmp_path / "chips")]
    assert names == ["portrait.png", "portrait.jpg.png", "portrait.png.png", "text.png", "wall.png"]


def test_a_photo_behind_a_link_out_of_the_folder_is_a_failure(
    aligned: Callable[..., Aligned], photos: Path, tmp_path: Path
) -> None:
    shutil.copy(PORTRAITS / "grace-hopper.jpg", tmp_path / "secret.jpg")
    (photos / "eileen-collins" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    failures = aligned().failures
    assert "is a link out of" in failures[photos / "eileen-collins" / "link.jpg"]


def test_nothing_is_written_through_a_link_out_of_the_folder(
    aligned: Callable[..., Aligned], photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "chips").mkdir()
    (tmp_path / "chips" / "eileen-collins").symlink_to(tmp_path / "elsewhere")
    failures = aligned().failures
    assert "is a link out of" in failures[photos / "eileen-collins" / "portrait.jpg"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("out", [".", "photos", "photos/chips"])
def test_a_folder_in_the_other_is_refused(out: str, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="lie one in the other"):
        photos_in(photos, tmp_path / out)


@pytest.mark.parametrize(("make", "message"), [(True, "No photo in the subfolders"), (False, "Cannot read the folder")])
def test_a_folder_without_photos_is_refused(make: bool, message: str, tmp_path: Path) -> None:
    if make:
        (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match=message):
        photos_in(tmp_path / "empty", tmp_path / "chips")


def test_chips_of_two_alignments_do_not_mix(tmp_path: Path) -> None:
    record_alignment(dlib_alignment(), tmp_path)
    record_alignment(dlib_alignment(), tmp_path)
    with pytest.raises(ImageError, match="aligned in another way"):
        record_alignment(alignment_named("arcface"), tmp_path)


def test_the_command_makes_chips_of_another_size(photos: Path, tmp_path: Path) -> None:
    CliRunner().invoke(cli, ["align", str(photos), str(tmp_path / "chips"), "--size", "160"])
    assert read_image(tmp_path / "chips" / "eileen-collins" / "portrait.png").shape == (160, 160, 3)


def test_the_command_prints_json_alone_on_standard_output(photos: Path, tmp_path: Path) -> None:
    arguments = ["align", str(photos), str(tmp_path / "chips"), "--alignment", "arcface", "--json"]
    shown = CliRunner().invoke(cli, arguments)
    document = json.loads(shown.stdout)
    assert (document["made"], document["kept"], len(document["failures"])) == (2, 0, 2)
    assert read_image(tmp_path / "chips" / "eileen-collins" / "portrait.png").shape == (112, 112, 3)


def test_photos_without_any_face_are_the_answer_no(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for path in photos.glob("*/portrait.jpg"):
        path.unlink()
    assert run_command(cli, ["align", str(photos), str(tmp_path / "chips")]) == 1
    assert "photos without a chip: 2" in capfd.readouterr().out
