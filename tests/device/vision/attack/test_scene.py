"""A learnt scene is seen beside a person's head, in other light too, and not behind a picture held before it."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.records import Box, Image
from device.vision.attack.learning import SceneLearner
from device.vision.attack.scene import Gray, Scene, SceneMatch, learnt, small

FACE = Box(270.0, 170.0, 100.0, 100.0)


def room(seed: int = 0) -> Image:
    """A view with things in it: rectangles of any size and shade, RGB [480, 640, 3]."""
    chance = np.random.default_rng(seed)
    picture = np.full((480, 640, 3), 120, np.uint8)
    for _ in range(120):
        x, y, width, height = (int(value) for value in chance.integers((0, 0, 10, 10), (640, 480, 120, 120)))
        shade = int(chance.integers(20, 235))
        cv2.rectangle(picture, (x, y), (x + width, y + height), (shade, shade, shade), -1)
    return picture


def seen(picture: Image, seed: int, *, sigma: float = 3.0) -> Image:
    """A frame of it with a sensor's noise."""
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)


def with_head(picture: Image) -> Image:
    """A person before it: a head and shoulders without any texture."""
    there = picture.copy()
    cv2.ellipse(there, (320, 220), (62, 80), 0, 0, 360, (170, 140, 120), -1)
    cv2.rectangle(there, (170, 310), (470, 480), (60, 60, 90), -1)
    return there


@pytest.fixture(scope="module")
def scene() -> Scene:
    return learnt([small(seen(room(), seed)) for seed in range(6)])


def around(scene: Scene, frame: Image) -> SceneMatch:
    return scene.match_around(small(frame), FACE, frame.shape[1])


def test_surroundings_of_a_person_are_seen(scene: Scene) -> None:
    match = around(scene, seen(with_head(room()), 9))
    assert match.known >= 20
    assert match.share >= 0.9


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_other_light_changes_little(scene: Scene, gamma: float) -> None:
    lit = np.asarray(255 * (with_head(room()) / 255) ** gamma, np.uint8)
    assert around(scene, seen(lit, 9)).share >= 0.75


def test_camera_that_moved_by_4_pixels_still_sees_them(scene: Scene) -> None:
    moved = np.roll(with_head(room()), (4, 4), (0, 1))
    assert around(scene, seen(moved, 9)).share >= 0.6


def test_picture_that_fills_the_view_hides_them(scene: Scene) -> None:
    assert around(scene, seen(with_head(room(1)), 9)).share < 0.3


def test_screen_held_before_the_camera_hides_them(scene: Scene) -> None:
    held, other = room(), with_head(room(1))
    held[60:420, 40:600] = other[60:420, 40:600]
    assert around(scene, seen(held, 9)).share < 0.3


def test_blank_wall_is_nothing_to_be_known_by() -> None:
    wall = np.full((480, 640, 3), 120, np.uint8)
    blank = learnt([small(seen(wall, seed)) for seed in range(6)])
    assert around(blank, seen(wall, 9)) == SceneMatch(0, 0)
    assert SceneMatch(0, 0).share == 1.0


def test_who_passed_once_is_not_in_the_scene() -> None:
    grays = [small(seen(with_head(room()) if number == 2 else room(), number)) for number in range(6)]
    assert learnt(grays).match(small(seen(room(), 9))).share >= 0.95


def test_picture_of_another_size_is_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match="expected a picture of"):
        scene.match(np.zeros((80, 160), np.uint8))


def test_nothing_can_be_learnt_from_nothing() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        learnt([])


sizes = st.tuples(st.integers(8, 60), st.just(160))


@given(sizes, st.integers(0, 2**32 - 1), st.floats(-50, 700), st.floats(-50, 500), st.floats(1, 600))
def test_no_more_is_seen_than_is_known(size: tuple[int, int], seed: int, x: float, y: float, width: float) -> None:
    chance = np.random.default_rng(seed)
    one, other = (np.asarray(chance.integers(0, 256, size), np.uint8) for _ in range(2))
    match = learnt([one]).match_around(other, Box(x, y, width, width), 640)
    assert 0 <= match.seen <= match.known
    assert 0.0 <= match.share <= 1.0


class Week:
    """A learner that is shown a view every so often."""

    def __init__(self, scene: Scene | None = None) -> None:
        self.learner, self.at, self.changes = SceneLearner(scene), 0.0, list[float]()

    def shows(self, picture: Image, seconds: float, *, every_s: float = 10.0) -> None:
        end, gray, chance = self.at + seconds, small(picture).astype(np.float32), np.random.default_rng(0)
        while self.at < end:
            noisy = np.asarray(np.clip(gray + chance.normal(0, 0.8, gray.shape), 0, 255), np.uint8)
            if self.learner.saw_empty(noisy, self.at):
                self.changes.append(self.at)
            self.at += every_s


def test_view_is_learnt_in_a_minute() -> None:
    week = Week()
    week.shows(room(), 50)
    assert week.learner.scene is None
    week.shows(room(), 10)
    assert week.learner.scene is not None


def test_glances_that_come_a_little_early_count() -> None:
    week = Week()
    week.shows(room(), 59, every_s=9.9)
    assert week.learner.scene is not None


def test_pictures_of_one_moment_are_no_scene() -> None:
    week = Week()
    week.shows(room(), 10, every_s=0.1)
    assert week.learner.scene is None


def test_turned_camera_is_learnt_again_after_five_minutes() -> None:
    week = Week()
    week.shows(room(), 100)
    week.shows(room(1), 300)
    assert (week.changes, week.learner.differs) == ([], True)
    week.shows(room(1), 100)
    assert (week.changes, week.learner.differs) == ([400.0], False)
    assert week.learner.scene is not None
    assert week.learner.scene.match(small(seen(room(1), 99))).share >= 0.95


def test_something_before_the_camera_for_four_minutes_changes_nothing() -> None:
    week = Week()
    week.shows(room(), 100)
    week.shows(room(1), 240)
    week.shows(room(), 10)
    assert (week.changes, week.learner.differs) == ([], False)
    assert week.learner.scene is not None
    assert week.learner.scene.match(small(seen(room(), 99))).share >= 0.95


def test_dusk_is_followed() -> None:
    week, view = Week(), room()
    for step in range(30):
        week.shows(np.asarray(view * (1 - 0.03 * step), np.uint8), 60)
    assert week.changes == []


def test_scene_of_before_the_start_counts_at_once() -> None:
    before: Gray = small(seen(room(), 0))
    week = Week(learnt([before]))
    week.shows(room(1), 10)
    assert week.learner.differs


def rotated(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(gray[::-1, ::-1])


def test_view_turned_over_is_another(scene: Scene) -> None:
    assert scene.match(rotated(small(seen(room(), 3)))).share < 0.3
