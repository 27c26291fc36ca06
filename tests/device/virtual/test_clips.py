"""Clips of people as if they stood there: to and fro until the reader asks for a turn, then from that turn on."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from device.errors import ScenarioError
from device.virtual.figures import Figure, Thing
from device.virtual.scene import Clip, Prompt, Scene, Side, is_clip
from device.virtual.scene.clips import moment

FIGURE = Figure(image="x", thing=Thing.CLIP, left_at_s=2.3, right_at_s=5.0)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """Four seconds, ten frames a second; the brightness of a frame is four times its number."""
    video = cv2.VideoWriter(str(tmp_path / "x.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (160, 90))
    for number in range(40):
        video.write(np.full((90, 160, 3), 4 * number, np.uint8))
    video.release()
    return Clip(tmp_path / "x.avi")


@pytest.mark.parametrize(("at_s", "level"), [(0.0, 0), (1.0, 40), (0.5, 20), (3.9, 156), (9.0, 156)])
def test_frame_is_that_of_the_moment(clip: Clip, at_s: float, level: int) -> None:
    clip.at(2.0)
    frame = clip.at(at_s)
    assert frame.shape == (480, 640, 3)
    assert frame.mean() == pytest.approx(level, abs=2.0)


@pytest.mark.parametrize(("elapsed_s", "moment_s"), [(0.0, 0.0), (1.5, 1.5), (2.0, 2.0), (2.5, 1.5), (4.0, 0.0)])
def test_clip_plays_to_and_fro_until_it_is_asked(elapsed_s: float, moment_s: float) -> None:
    assert moment(FIGURE, elapsed_s, (), 10.0) == pytest.approx(moment_s)


@pytest.mark.parametrize(("side", "moment_s"), [(Side.LEFT, 2.3), (Side.RIGHT, 5.0)])
def test_turn_of_the_asked_side_begins_after_a_reaction(side: Side, moment_s: float) -> None:
    assert moment(FIGURE, 7.3, (Prompt(1.0, Side.LEFT), Prompt(7.0, side)), 10.0) == pytest.approx(moment_s)


def test_clip_without_that_turn_plays_on() -> None:
    figure = Figure(image="x", thing=Thing.CLIP)
    assert moment(figure, 3.0, (Prompt(2.0, Side.LEFT),), 10.0) == pytest.approx(3.0)


def test_clip_fills_the_view(clip: Clip) -> None:
    drawn = Scene((FIGURE,), {}, clips={"x": clip}, prompts=(Prompt(0.0, Side.LEFT),)).draw(1.0, 1)
    assert drawn[200:280, 280:360].mean() == pytest.approx(4 * 30, abs=6.0)


def test_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"no video")
    with pytest.raises(ScenarioError, match="Cannot read the clip"):
        Clip(tmp_path / "x.mp4")


@pytest.mark.parametrize(("file", "is_one"), [("a.MP4", True), ("portrait:grace-hopper", False), ("a.jpg", False)])
def test_clip_is_known_by_its_name(file: str, is_one: bool) -> None:
    assert is_clip(file) is is_one
