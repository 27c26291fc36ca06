"""The table of alignments: each chip has the points where its network's makers have them."""

import cv2
import numpy as np
import pytest

from convert.alignments import (
    ALIGNMENTS,
    alignment_named,
    arcface_alignment,
    dlib_alignment,
    openface_alignment,
    resized,
)
from convert.finder import Finder
from convert.representative_set import portraits_dir
from device.images import read_image
from device.vision.alignment import align
from device.vision.models import shipped_models_dir


@pytest.mark.parametrize(("name", "size_px"), [("dlib", 150), ("arcface", 112), ("openface", 96)])
def test_alignments_are_of_the_sizes_of_their_networks(name: str, size_px: int) -> None:
    assert alignment_named(name).size_px == size_px


def test_a_resized_chip_shows_the_same() -> None:
    image = read_image(portraits_dir() / "grace-hopper.jpg")
    landmarks, alignment = Finder(shipped_models_dir()).locate(image), arcface_alignment()
    half = cv2.resize(align(image, landmarks, resized(alignment, 224)), (112, 112), interpolation=cv2.INTER_AREA)
    assert np.abs(half.astype(int) - align(image, landmarks, alignment)).mean() < 3


@pytest.mark.parametrize("name", [name for name in ALIGNMENTS if not name.startswith("box-")])
def test_an_alignment_has_a_landmark_for_each_point_within_its_chip(name: str) -> None:
    alignment = alignment_named(name)
    inside = [0 < x < alignment.size_px and 0 < y < alignment.size_px for x, y in alignment.template]
    assert (len(inside) == len(alignment.landmarks) >= 2, all(inside)) == (True, True)


def test_dlib_s_template_is_symmetric_about_the_middle_of_the_chip() -> None:
    x = np.array([point[0] for point in dlib_alignment().template])
    assert np.abs(x[[0, 1]] + x[[2, 3]] - 148.5).max() < 1


def test_the_chip_is_that_of_arcface() -> None:
    alignment = arcface_alignment()
    assert (alignment.size_px, len(alignment.template), len(alignment.landmarks)) == (112, 5, 5)


def test_the_eyes_of_arcface_s_chip_are_level_and_above_the_mouth() -> None:
    (left_eye, right_eye, nose, *mouth) = arcface_alignment().template
    assert left_eye[0] < nose[0] < right_eye[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(y for _, y in mouth)


def test_a_chip_has_the_points_where_openface_has_them() -> None:
    assert np.allclose(openface_alignment().template, [(18.64, 16.25), (75.73, 15.18), (47.52, 49.39)], atol=0.01)


def test_face_is_found_by_eye_corners_and_nose_base() -> None:
    assert (openface_alignment().size_px, openface_alignment().landmarks) == (96, (33, 263, 2))
