"""The chips that the quantizer sees: the same every time, of every brightness, or the user's own."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.alignments import dlib_alignment
from convert.build import representative_chips
from convert.finder import Finder
from convert.representative_set import place_faces, portraits_dir, read_chips
from device.errors import ImageError
from device.vision.models import shipped_models_dir


@pytest.fixture(scope="module")
def chips() -> np.ndarray:
    return representative_chips(Finder(shipped_models_dir()), None)


def test_there_are_as_many_chips_of_each_portrait(chips: np.ndarray) -> None:
    assert (chips.shape, chips.dtype) == ((300, 150, 150, 3), np.dtype(np.uint8))


def test_chips_are_the_same_every_time(chips: np.ndarray) -> None:
    assert np.array_equal(representative_chips(Finder(shipped_models_dir()), None), chips)


def test_chips_are_all_different(chips: np.ndarray) -> None:
    assert len({chip.tobytes() for chip in chips}) == len(chips)


def test_chips_have_all_values_of_a_pixel(chips: np.ndarray) -> None:
    assert len(np.unique(chips)) == 256


@pytest.mark.parametrize("portrait", [0, 1])
def test_chips_are_dark_and_bright(portrait: int, chips: np.ndarray) -> None:
    brightness = chips[portrait * 150 :][:150].mean(axis=(1, 2, 3))
    assert (brightness.min() < 80, brightness.max() > 170) == (True, True)


def test_some_chips_are_gray(chips: np.ndarray) -> None:
    gray = (chips.max(axis=3) - chips.min(axis=3)).mean(axis=(1, 2)) < 6
    assert 0.15 < gray.mean() < 0.4


def test_a_user_s_own_chips_take_their_place(tmp_path: Path) -> None:
    mine = np.random.default_rng(0).integers(0, 256, (2, 150, 150, 3), np.uint8)
    for number, chip in enumerate(mine):
        cv2.imwrite(str(tmp_path / f"{number}.png"), chip[:, :, ::-1])
    assert np.array_equal(representative_chips(Finder(shipped_models_dir()), tmp_path), mine)


def test_a_chip_of_another_size_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wide.png"), np.zeros((150, 200, 3), np.uint8))
    with pytest.raises(ImageError, match=r"wide\.png has 200x150 pixels, expected an aligned chip of 150x150"):
        read_chips(tmp_path, 150)


def test_a_folder_without_chips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No image in the folder"):
        read_chips(tmp_path, 150)


def test_a_portrait_without_a_face_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((300, 300, 3), 128, np.uint8))
    with pytest.raises(ImageError, match=r"No face was found in .*wall\.png"):
        place_faces(tmp_path, Finder(shipped_models_dir()), dlib_alignment())


def test_portraits_are_placed_as_the_door_places_them(portrait_chips: np.ndarray) -> None:
    faces = place_faces(portraits_dir(), Finder(shipped_models_dir()), dlib_alignment())
    placed = [cv2.warpAffine(face.image, face.to_chip, (150, 150)) for face in faces]
    assert np.abs(np.stack(placed).astype(int) - portrait_chips).mean() < 1
