"""Each measure on the shipped portraits, made worse in one way at a time."""

import math
from collections.abc import Callable, Mapping

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import Box, Image, Quality
from device.vision.faces import FaceAnalyzer
from device.vision.landmarks import Landmarks
from device.vision.quality.judging import measure
from device.vision.quality.pixels import blocks_in, blur, noise_in
from device.vision.quality.pose import pose, turn

Worsen = Callable[[Image], Image]


def quality_of(analyzer: FaceAnalyzer, picture: Image) -> Quality:
    (face,) = analyzer.detector.detect(picture)
    return measure(picture, face, analyzer.mesh.locate(picture, face))


def noisy(picture: Image, sigma: float) -> Image:
    noise = np.random.default_rng(5).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def compressed(picture: Image) -> Image:
    encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 5])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize("name", ["eileen-collins", "grace-hopper"])
@pytest.mark.parametrize(
    ("measured", "worsen"),
    [
        ("brightness", lambda p: (p * 0.4).astype(np.uint8)),
        ("contrast", lambda p: (p * 0.3 + 90).astype(np.uint8)),
        ("noise", lambda p: noisy(p, 30)),
        ("blocks", compressed),
        ("blur", lambda p: cv2.GaussianBlur(p, (0, 0), 4)),
        ("white", lambda p: np.clip(p * 3.0, 0, 255).astype(np.uint8)),
        ("black", lambda p: np.clip(p - 120.0, 0, 255).astype(np.uint8)),
    ],
)
def test_a_worse_picture_measures_worse(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str, measured: str, worsen: Worsen
) -> None:
    before, after = (quality_of(analyzer, each) for each in (portraits[name], worsen(portraits[name])))
    change = getattr(after, measured) - getattr(before, measured)
    assert (change < 0) is (measured in ("brightness", "contrast"))
    assert change != 0


@pytest.mark.parametrize("name", ["eileen-collins", "grace-hopper"])
def test_a_portrait_looks_into_the_camera(analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str) -> None:
    quality = quality_of(analyzer, portraits[name])
    assert max(abs(quality.yaw), abs(quality.pitch), abs(quality.roll)) < 25


@pytest.mark.parametrize("degrees", [-20, 20])
def test_a_turned_picture_has_that_roll(analyzer: FaceAnalyzer, portraits: Mapping[str, Image], degrees: float) -> None:
    picture = portraits["grace-hopper"]
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    turned = cv2.warpAffine(picture, cv2.getRotationMatrix2D(middle, -degrees, 1), picture.shape[1::-1])
    change = quality_of(analyzer, np.asarray(turned, np.uint8)).roll - quality_of(analyzer, picture).roll
    assert change == pytest.approx(degrees, abs=5)


@given(st.floats(-1.2, 1.2), st.floats(-0.6, 0.6))
def test_a_head_turned_in_space_has_that_pose(yaw: float, roll: float) -> None:
    flat = np.random.default_rng(1).normal(0, 30, (468, 3))
    for right, left in ((33, 263), (133, 362), (127, 356), (234, 454), (61, 291), (98, 327), (105, 334)):
        flat[right] = flat[left] * (-1, 1, 1) - (60, 0, 0)
    flat[10], flat[152] = (0, -80, 0), (0, 80, 0)
    about_y = [[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]]
    about_z = [[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
    spun = (flat @ np.array(about_y).T @ np.array(about_z).T).astype(np.float32)
    across = np.sign(sum(flat[left, 0] - flat[right, 0] for right, left in ((33, 263), (234, 454))))
    found = pose(Landmarks(spun[:, :2].copy(), 1.0, spun[:, 2].copy()))
    assert across > 0
    assert found[0] == pytest.approx(math.degrees(yaw), abs=0.1)
    assert found[2] == pytest.approx(math.degrees(roll), abs=0.1)


@given(st.floats(0, 3), st.floats(0, 6.3), st.floats(-300, 300))
def test_a_turn_does_not_depend_on_size_tilt_or_place(scale: float, angle: float, shift: float) -> None:
    points = np.zeros((468, 2), np.float32)
    points[33], points[263], points[1] = (-50, 0), (50, 0), (20, 40)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (0.1 + scale) * points @ rotation.T + shift
    assert turn(Landmarks(moved.astype(np.float32), 1.0)) == pytest.approx(0.2, abs=1e-3)


@pytest.mark.parametrize("sigma", [5.0, 10.0, 20.0])
def test_noise_is_measured_in_gray_levels(sigma: float) -> None:
    gray = np.repeat(np.random.default_rng(2).normal(128, sigma, (100, 100, 1)), 3, axis=2)
    measured = noise_in(Box(0, 0, 100, 100), np.clip(gray, 0, 255).astype(np.uint8))
    assert measured == pytest.approx(sigma, rel=0.1)


@given(st.integers(-300, 300), st.integers(-300, 300), st.integers(0, 300))
def test_a_box_beyond_the_picture_is_measured_without_error(left: int, top: int, size: int) -> None:
    picture = np.full((90, 120, 3), 128, np.uint8)
    box = Box(left, top, size, size)
    assert noise_in(box, picture) == 0.0
    assert math.isfinite(blocks_in(box, picture))


@pytest.mark.parametrize("contrast", [0.2, 0.5, 1.0])
def test_blur_does_not_depend_on_contrast(contrast: float) -> None:
    picture = np.random.default_rng(3).integers(0, 255, (30, 30), np.uint8)
    large = np.asarray(cv2.resize(picture, (150, 150), interpolation=cv2.INTER_LINEAR), np.uint8)
    assert blur((large * contrast).astype(np.uint8)) == pytest.approx(blur(large), abs=0.02)


def test_each_blurring_makes_a_face_more_blurred(portraits: Mapping[str, Image]) -> None:
    luma = cv2.cvtColor(portraits["grace-hopper"][100:400, 150:400], cv2.COLOR_RGB2GRAY)
    levels = [blur(np.asarray(cv2.GaussianBlur(luma, (0, 0), sigma), np.uint8)) for sigma in (0.1, 2, 4, 6, 8)]
    assert levels == sorted(levels)


@given(st.integers(0, 255))
def test_an_even_picture_has_a_finite_blur(level: int) -> None:
    assert 0 <= blur(np.full((150, 150), level, np.uint8)) <= 1
