"""The similarity transform and the chip it makes."""

import math
from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.vision.alignment import align, fit_similarity
from device.vision.landmarks import Landmarks
from device.vision.manifest import Alignment

coordinates = st.floats(-1000, 1000)
points = st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=8, unique=True).map(np.asarray)


def similarity(scale: float, angle: float, shift: tuple[float, float]) -> np.ndarray:
    a, b = scale * math.cos(angle), scale * math.sin(angle)
    return np.array([[a, -b, shift[0]], [b, a, shift[1]]])


def moved(transform: np.ndarray, source: np.ndarray) -> np.ndarray:
    return np.asarray(source @ transform[:, :2].T + transform[:, 2])


@given(points, st.floats(0.01, 100), st.floats(-math.pi, math.pi), st.tuples(coordinates, coordinates))
def test_any_similarity_is_found_again(
    source: NDArray[Any], scale: float, angle: float, shift: tuple[float, float]
) -> None:
    assume(np.ptp(source, axis=0).max() >= 1)
    target = moved(similarity(scale, angle, shift), source)
    assert np.allclose(
        moved(fit_similarity(source, target), source), target, atol=1e-5 * max(1.0, np.abs(target).max())
    )


@given(points, points)
def test_no_other_similarity_is_nearer_than_least_squares(source: NDArray[Any], target: NDArray[Any]) -> None:
    n = min(len(source), len(target))
    source, target = source[:n], target[:n]
    assume(np.ptp(source, axis=0).max() >= 1)
    rows = np.concatenate(
        [
            np.stack([source[:, 0], -source[:, 1], np.ones(n), np.zeros(n)], 1),
            np.stack([source[:, 1], source[:, 0], np.zeros(n), np.ones(n)], 1),
        ]
    )
    a, b, x, y = np.linalg.lstsq(rows, np.concatenate([target[:, 0], target[:, 1]]), rcond=None)[0]
    best = moved(np.array([[a, -b, x], [b, a, y]]), source)
    assert (
        np.linalg.norm(moved(fit_similarity(source, target), source) - target) <= np.linalg.norm(best - target) + 1e-4
    )


def test_a_mirror_image_is_never_fitted_by_reflection() -> None:
    source = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    assert np.linalg.det(fit_similarity(source, source * (-1, 1))[:, :2]) >= 0


def test_a_face_that_fits_the_template_is_cut_out_as_it_is() -> None:
    image = np.random.default_rng(1).integers(0, 255, (40, 50, 3), np.uint8)
    template = ((5.0, 5.0), (25.0, 5.0), (15.0, 20.0))
    landmarks = Landmarks(np.array(template, np.float32) + np.array((10, 4), np.float32), 1.0)
    chip = align(image, landmarks, Alignment(size_px=30, template=template, landmarks=(0, 1, 2)))
    assert np.array_equal(chip, image[4:34, 10:40])


def test_a_large_picture_is_averaged_and_not_sampled() -> None:
    stripes = np.zeros((800, 800, 3), np.uint8)
    stripes[:, ::2] = 255
    template = ((10.0, 10.0), (90.0, 10.0), (50.0, 90.0))
    landmarks = Landmarks(np.array(template, np.float32) * 8, 1.0)
    chip = align(stripes, landmarks, Alignment(size_px=100, template=template, landmarks=(0, 1, 2)))
    assert np.abs(chip[5:-5, 5:-5].astype(int) - 127).max() < 30
