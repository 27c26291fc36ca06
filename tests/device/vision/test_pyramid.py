"""The squares laid over a large photo: every place is seen, a face is whole in one, and cut faces are left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import Box, Image
from device.vision.detector import Detection
from device.vision.pyramid import levels_over, look_closer

sides = st.integers(1, 13_000)


def detection(left: float, top: float, side: float, score: float = 0.9) -> Detection:
    return Detection(Box(left, top, side, side), (left, top), (left + side, top), score)


class Painted:
    """Stands in for the detector: each white patch is a face, of which the part in view is seen."""

    def __init__(self, score: float = 0.9) -> None:
        self.looks = 0
        self._score = score

    def once(self, image: Image) -> tuple[Detection, ...]:
        self.looks += 1
        rows, columns = np.nonzero(image[:, :, 0] > 128)
        if not rows.size or np.ptp(rows) < 20:
            return ()
        left, top, side = columns.min() - 1, rows.min() - 1, max(np.ptp(rows), np.ptp(columns)) + 2
        return (detection(float(left), float(top), float(side), self._score),)


def painted(shape: tuple[int, int], *faces: tuple[int, int, int]) -> Image:
    """Black, with a white square of each (left, top, side)."""
    image = np.zeros((*shape, 3), np.uint8)
    for left, top, side in faces:
        image[top : top + side, left : left + side] = 255
    return image


def seen(image: Image, detector: Painted, *, are_faces: bool = True) -> tuple[Detection, ...]:
    return look_closer(detector, image, smallest_px=80, is_face=lambda _face: are_faces, shown=lambda _share: None)


@given(height=sides, width=sides, smallest_px=st.floats(20, 200))
def test_squares_reach_from_end_to_end(height: int, width: int, smallest_px: float) -> None:
    for level in levels_over(height, width, smallest_px):
        lefts, tops = ({corner[axis] for corner in level.corners} for axis in (0, 1))
        assert (min(lefts), min(tops)) == (0, 0)
        assert max(lefts) + 128 >= level.shape[1]
        assert max(tops) + 128 >= level.shape[0]


@given(height=sides, width=sides, at=st.floats(0, 1), across=st.floats(0, 1))
def test_face_of_two_fifths_of_a_square_is_whole_in_one(height: int, width: int, at: float, across: float) -> None:
    for level in levels_over(height, width, 80):
        left, top = at * max(0.0, level.shape[1] - 51), across * max(0.0, level.shape[0] - 51)
        lefts, tops = ({corner[axis] for corner in level.corners} for axis in (0, 1))
        assert any(corner <= left <= corner + 77.5 for corner in lefts)
        assert any(corner <= top <= corner + 77.5 for corner in tops)


@given(height=sides, width=sides)
def test_each_level_looks_twice_as_closely(height: int, width: int) -> None:
    levels = [level.side for level in levels_over(height, width, 80)]
    assert levels[1:] == [side / 2 for side in levels[:-1]]


@pytest.mark.parametrize(("size", "closest"), [((480, 640), 400), ((3000, 4000), 400), ((9000, 12000), 400)])
def test_closest_look_is_at_five_times_the_smallest_face(size: tuple[int, int], closest: int) -> None:
    assert levels_over(*size, 80)[-1].side == closest


def test_picture_no_larger_than_five_faces_is_not_looked_at_closer() -> None:
    assert levels_over(400, 300, 80) == ()


@pytest.mark.parametrize("corner", [(0, 0), (1900, 0), (0, 1400), (1900, 1400), (777, 555)])
def test_face_is_found_where_it_is(corner: tuple[int, int]) -> None:
    (face,) = seen(painted((1500, 2000), (*corner, 100)), Painted())
    assert (face.box.center[0], face.box.center[1]) == pytest.approx((corner[0] + 50, corner[1] + 50), abs=8)


def test_face_that_two_squares_see_is_one() -> None:
    assert len(seen(painted((1500, 2000), (950, 700, 100)), Painted())) == 1


def test_two_faces_are_two() -> None:
    assert len(seen(painted((1500, 2000), (100, 100, 120), (1800, 1300, 90)), Painted())) == 2


def test_large_face_ends_the_search() -> None:
    near, far = Painted(), Painted()
    seen(painted((3000, 4000), (1000, 1000, 800)), near)
    seen(painted((3000, 4000), (1000, 1000, 100)), far)
    assert near.looks < far.looks / 4


def test_what_is_not_a_face_does_not_end_the_search() -> None:
    denied, empty = Painted(), Painted()
    assert seen(painted((3000, 4000), (1000, 1000, 800)), denied, are_faces=False) == ()
    seen(painted((3000, 4000)), empty)
    assert denied.looks == empty.looks


def test_what_only_resembles_a_face_is_not_taken() -> None:
    assert seen(painted((1500, 2000), (950, 700, 100)), Painted(score=0.69)) == ()


def test_progress_rises_to_the_end() -> None:
    shares: list[float] = []
    look_closer(Painted(), painted((1500, 2000)), smallest_px=80, is_face=lambda _face: True, shown=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
