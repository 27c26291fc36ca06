"""BlazeFace: its anchors and decoding, and what it finds in real pictures."""

from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import Box, Image
from device.virtual.figures import Figure, Place
from device.virtual.scene import Scene
from device.vision.detector import anchors, decode, letterbox, overlap, pieces, suppress
from device.vision.faces import FaceAnalyzer

unit = st.floats(0, 1, width=32)


def boxes(draw_from: np.random.Generator, n: int) -> np.ndarray:
    low = draw_from.random((n, 2), np.float32) * 0.8
    return np.hstack([low, low + 0.05 + 0.15 * draw_from.random((n, 2), np.float32), np.zeros((n, 12), np.float32)])


def test_there_are_896_anchors() -> None:
    assert anchors().shape == (896, 2)


def test_anchors_lie_at_cell_centers() -> None:
    assert np.allclose(
        anchors()[[0, 1, 2, 512]], [[1 / 32, 1 / 32], [1 / 32, 1 / 32], [3 / 32, 1 / 32], [1 / 16, 1 / 16]]
    )


@given(st.integers(1, 900), st.integers(1, 900))
def test_a_letterboxed_picture_keeps_its_proportions(height: int, width: int) -> None:
    square, scale = letterbox(np.full((height, width, 3), 200, np.uint8), 128)
    rows, columns = np.flatnonzero(square[:, 0, 0]), np.flatnonzero(square[0, :, 0])
    assert (len(rows), len(columns)) == (max(1, round(height * scale)), max(1, round(width * scale)))


def test_a_regressor_moves_the_box_off_its_anchor() -> None:
    regressors, logits = np.zeros((896, 16), np.float32), np.full(896, -100, np.float32)
    regressors[0, :4], logits[0] = (12.8, 0, 25.6, 12.8), 100
    rows, _ = decode(regressors, logits, anchors(), 128)
    assert np.allclose(
        rows[0, :4], np.array([1 / 32 + 0.1 - 0.1, 1 / 32 - 0.05, 1 / 32 + 0.2, 1 / 32 + 0.05]), atol=1e-6
    )


@pytest.mark.parametrize("logit", [-1e30, -100.0, 0.0, 100.0, 1e30])
def test_any_logit_becomes_a_score(logit: float) -> None:
    _, scores = decode(np.zeros((896, 16), np.float32), np.full(896, logit, np.float32), anchors(), 128)
    assert np.all((scores >= 0.5) & (scores <= 1))


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_suppression_leaves_only_the_allowed_overlap(seed: int, n: int) -> None:
    generator = np.random.default_rng(seed)
    kept = suppress(boxes(generator, n), generator.random(n, np.float32), 0.3)
    assert 1 <= len(kept) <= n


def test_the_same_box_many_times_is_one_face() -> None:
    one = boxes(np.random.default_rng(0), 1)
    ((merged, score),) = suppress(np.repeat(one, 5, axis=0), np.array([0.5, 0.9, 0.6, 0.7, 0.8], np.float32), 0.3)
    assert np.allclose(merged, one[0])
    assert score == pytest.approx(0.9)


@given(st.tuples(unit, unit), st.tuples(unit, unit))
def test_overlap_is_symmetric(a: tuple[float, float], b: tuple[float, float]) -> None:
    first, second = Box(*a, 0.5, 0.5), Box(*b, 0.5, 0.5)
    assert overlap(first, second) == pytest.approx(overlap(second, first))


def test_a_box_overlaps_itself_wholly() -> None:
    assert overlap(Box(1, 2, 3, 4), Box(1, 2, 3, 4)) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["eileen-collins", "grace-hopper"])
def test_a_portrait_has_one_face(analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str) -> None:
    assert len(analyzer.detector.detect(portraits[name])) == 1


def test_the_persons_right_eye_is_left_in_the_picture(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    (face,) = analyzer.detector.detect(portraits["grace-hopper"])
    assert face.right_eye[0] < face.left_eye[0]


@pytest.mark.parametrize("size", [0.5, 0.6, 0.7, 0.85, 1.0, 1.5, 2.0])
def test_a_face_is_found_near_and_far(analyzer: FaceAnalyzer, portraits: Mapping[str, Image], size: float) -> None:
    frame = Scene((Figure(image="eileen-collins", end=Place(y=0.5 + 0.2 * size, size=size)),), portraits).draw(0.0, 1)
    assert len(analyzer.detector.detect(frame)) == 1


def test_two_small_faces_side_by_side_are_both_found(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    figures = (
        Figure(image="eileen-collins", end=Place(x=0.4, size=0.6)),
        Figure(image="grace-hopper", end=Place(x=0.6, size=0.5)),
    )
    assert len(analyzer.detector.detect(Scene(figures, portraits).draw(0.0, 1))) == 2


def test_a_face_moves_with_the_picture(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    picture = portraits["grace-hopper"]
    (here,) = analyzer.detector.detect(picture)
    (there,) = analyzer.detector.detect(np.roll(picture, 40, axis=1))
    assert there.box.center[0] - here.box.center[0] == pytest.approx(40, abs=8)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3000), (480, 640), (3000, 2)])
def test_an_empty_picture_of_any_shape_has_no_face(analyzer: FaceAnalyzer, shape: tuple[int, int]) -> None:
    assert analyzer.detector.detect(np.full((*shape, 3), 90, np.uint8)) == ()


@given(st.integers(200, 500), st.integers(200, 500))
def test_pieces_lie_within_the_frame_and_reach_from_end_to_end(height: int, width: int) -> None:
    squares = list(pieces(height, width))
    assert all(left >= 0 and left + side <= width and top >= 0 and top + side <= height for left, top, side in squares)
    ends = [(left, left + side) if width >= height else (top, top + side) for left, top, side in squares]
    assert (min(ends)[0] == 0 and max(ends)[1] == max(height, width)) or height == width


def test_a_second_person_at_the_edge_is_seen(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
    smaller = cv2.resize(portraits["grace-hopper"], (300, 352), interpolation=cv2.INTER_AREA)
    both = np.hstack([portraits["eileen-collins"][:352], smaller])
    assert len(analyzer.detector.detect(both)) == 2


def test_a_strip_is_not_cut_into_pieces() -> None:
    assert list(pieces(1, 3000)) == list(pieces(10_000, 10)) == []
