"""The conditions of the quality gate: there, repeatable, and what their names say."""

from collections.abc import Mapping

import cv2
import numpy as np
import pytest

from convert.measuring.degradations import CONDITIONS, degrade
from device.images import read_image
from device.records import Image
from device.vision.landmarks import Landmarks
from device.vision.models import shipped_models_dir

WANTED = {
    *("clean", "mask-white", "mask-black", "mask-blue", "glasses", "mask-and-glasses", "half-black", "jpeg-5"),
    *("noise-10", "noise-15", "noise-20", "noise-25", "noise-40", "contrast-0.3", "contrast-0.15"),
    *("gain-0.45-noise-20", "turned-90", "turned-105", "turned-180", "mirrored", "turned-180-mirrored"),
}
WITH_NOISE = sorted(name for name in CONDITIONS if "noise" in name)


@pytest.fixture(scope="module")
def face() -> tuple[Image, Landmarks]:
    """A portrait 160 pixels wide with a made-up mesh: an oval with eyes and a mouth in their places."""
    path = shipped_models_dir() / "portraits" / "eileen-collins.jpg"
    picture = np.asarray(cv2.resize(read_image(path), (160, 160), interpolation=cv2.INTER_AREA), np.uint8)
    angles = np.linspace(0, 2 * np.pi, 468, endpoint=False)
    points = np.column_stack([80 + 40 * np.cos(angles), 80 + 50 * np.sin(angles)])
    places = {33: (55, 70), 133: (70, 70), 362: (90, 70), 263: (105, 70), 13: (80, 105), 197: (80, 78)}
    places |= {10: (80, 30), 152: (80, 130), 234: (40, 80), 454: (120, 80)}
    for index, place in places.items():
        points[index] = place
    return picture, Landmarks(points.astype(np.float32), 1.0)


def test_every_condition_asked_for_is_there() -> None:
    assert WANTED - CONDITIONS.keys() == set()


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_is_the_same_each_time(name: str, face: tuple[Image, Landmarks]) -> None:
    first, again = (degrade(name, *face, seed=1) for _ in range(2))
    assert np.array_equal(first, again)
    assert (first.shape, first.dtype) == (face[0].shape, np.dtype(np.uint8))


@pytest.mark.parametrize("name", WITH_NOISE)
def test_another_seed_has_other_noise(name: str, face: tuple[Image, Landmarks]) -> None:
    assert not np.array_equal(degrade(name, *face, seed=1), degrade(name, *face, seed=2))


@pytest.mark.parametrize("name", [name for name in CONDITIONS if name not in ("clean", "mirrored")])
def test_a_condition_changes_the_picture_and_not_the_original(name: str, face: tuple[Image, Landmarks]) -> None:
    before = face[0].copy()
    assert not np.array_equal(degrade(name, *face, seed=0), before)
    assert np.array_equal(face[0], before)


@pytest.mark.parametrize(("name", "sigma"), [("noise-10", 10), ("noise-25", 25)])
def test_noise_has_its_strength(name: str, sigma: float, face: tuple[Image, Landmarks]) -> None:
    gray = np.full((160, 160, 3), 128, np.uint8)
    assert degrade(name, gray, face[1], seed=0).std() == pytest.approx(sigma, rel=0.05)


CHANGED: Mapping[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "mask-white": ((110, 80), (50, 80)),
    "hand": ((105, 80), (70, 62)),
    "glasses": ((70, 62), (110, 80)),
    "half-black": ((80, 50), (80, 110)),
}
"""A pixel (row, column) that the condition changes, and one that it leaves alone."""


@pytest.mark.parametrize("name", CHANGED)
def test_a_cover_lies_where_its_name_says(name: str, face: tuple[Image, Landmarks]) -> None:
    changed, left_alone = CHANGED[name]
    worse = degrade(name, *face, seed=0)
    assert not np.array_equal(worse[changed], face[0][changed])
    assert np.array_equal(worse[left_alone], face[0][left_alone])
