"""A recording of a person as they stood at a door, played as if they stood there now, and turned when asked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from device.errors import ScenarioError
from device.records import Image
from device.virtual.figures import Figure
from device.virtual.scene.motion import Prompt, Side
from device.virtual.scene.rooms import HEIGHT, WIDTH

SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm"})
REACTION_S = 0.3
"""From a prompt to the moment in which the recorded turn begins."""
_USUAL_FPS = 30.0


class Moving(Protocol):
    """A picture that changes with time."""

    @property
    def lasts_s(self) -> float:
        """From the first frame to the last."""

    def at(self, seconds: float) -> Image:
        """The frame of a moment, RGB uint8 [480, 640, 3]."""


class Live:
    """What another camera shows now, as a browser's: the frame that came last, whatever the moment."""

    def __init__(self, image: Image) -> None:
        self.lasts_s = 1.0
        self.show(image)

    def show(self, image: Image) -> None:
        """The next frame, RGB, of any size."""
        self._frame = fitted(image)

    def at(self, seconds: float) -> Image:  # noqa: ARG002 - as of any clip
        """The last frame."""
        return self._frame


class Clip:
    """The frames of a video file, in the camera's size. It keeps the file open, and the frame that was given last."""

    def __init__(self, path: Path) -> None:
        """Raises `ScenarioError` if nothing in the file can be read."""
        self._path = path
        self._open()
        self._rate = self._video.get(cv2.CAP_PROP_FPS) or _USUAL_FPS
        self._count = max(1, int(self._video.get(cv2.CAP_PROP_FRAME_COUNT)))

    @property
    def lasts_s(self) -> float:
        """From the first frame to the last."""
        return (self._count - 1) / self._rate

    def at(self, seconds: float) -> Image:
        """The frame of a moment, RGB uint8 [480, 640, 3]; the last one after the end."""
        wanted = min(max(int(seconds * self._rate + 1e-6), 0), self._count - 1)
        if wanted < self._index:
            self._open()
        while self._index < wanted and self._next():
            pass
        return self._frame

    def _open(self) -> None:
        self._video, self._index = cv2.VideoCapture(str(self._path)), -1
        if not self._next():
            raise ScenarioError(f"Cannot read the clip {self._path}.", hint="Take a video file that OpenCV reads.")

    def _next(self) -> bool:
        is_there, frame = self._video.read()
        if is_there:
            self._index += 1
            self._frame = fitted(np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8))
        return is_there


def is_clip(file: str) -> bool:
    """Whether a file's name says that it is a video."""
    return Path(file).suffix.lower() in SUFFIXES


def moment(figure: Figure, elapsed_s: float, prompts: Sequence[Prompt], lasts_s: float) -> float:
    """Which moment of its clip a figure shows, in seconds from the clip's begin.

    Before a prompt it plays to and fro in what comes before the first turn, so that nothing jumps.
    """
    marks = {Side.LEFT: figure.left_at_s, Side.RIGHT: figure.right_at_s}
    if prompts and (mark := marks[prompts[-1].side]) is not None:
        return max(0.0, mark - REACTION_S + elapsed_s - prompts[-1].at_s)
    ahead_s = min([lasts_s, *(mark - REACTION_S for mark in marks.values() if mark is not None)])
    if ahead_s <= 0:
        return 0.0
    into = elapsed_s % (2 * ahead_s)
    return min(into, 2 * ahead_s - into)


def fitted(image: Image) -> Image:
    """The middle of a picture, as large as fits, in the camera's size."""
    height, width = image.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    size = max(WIDTH, round(width * scale)), max(HEIGHT, round(height * scale))
    large = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size[0] - WIDTH) // 2, (size[1] - HEIGHT) // 2
    return np.ascontiguousarray(large[top : top + HEIGHT, left : left + WIDTH], np.uint8)
