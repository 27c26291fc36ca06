"""Cameras that play files: images in turn, or a video clip, over and over, for simulation.

A file has no sensor, so each frame gets a sensor's noise: without it an image that is shown again would be a repeat,
which is not evidence.
"""

import functools
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from device.cameras.containers import extent
from device.cameras.turning import turned
from device.errors import CameraError, LintelError
from device.failures import in_words
from device.images import image_files, read_image
from device.ports import Clock
from device.records import Frame, Image

IMAGE_RATE_FPS = 10.0
FRAMES_MISSED = 1.5
"""Of how many mean frames the bytes may be missing at a clip's end: cameras that are switched off lose the last one."""
MIN_SHARE_SHOWN = 0.9
"""A clip of a kind that doesn't say its size is truncated if it ends before this share of its time."""
NOISE_LEVELS = 1.0
"""Standard deviation of the noise that is added, in levels of 0..255: that of a webcam by day."""
_NOISE_STEP = 31_337
"""How far along one long row of noise each frame takes its own."""


class FileCamera:
    """`Camera` that plays images at a steady rate, over and over, each with its own noise, stamped when it is given."""

    def __init__(self, play: Callable[[], Generator[Image]], rate_fps: float, clock: Clock) -> None:
        """`play` gives all images once."""
        self._given = 0
        self._trouble = ""
        self._play = play
        self._images = play()
        self._interval_s = 1.0 / rate_fps
        self._clock = clock
        self._next_at = clock.monotonic()

    def read(self, timeout_s: float) -> Frame | None:
        """The next image when its time has come. Raises `CameraError` or `ImageError` if the file is damaged; the next
        read starts over.
        """
        now = self._clock.monotonic()
        wait = max(0.0, self._next_at - now)
        self._clock.sleep(min(wait, timeout_s))
        if wait > timeout_s:
            return None
        captured_at = self._clock.monotonic()
        self._next_at = captured_at + self._interval_s
        self._given += 1
        return Frame(with_noise(self._next_image(), self._given), captured_at)

    def trouble(self) -> str:
        """What was wrong with the file when it was read last."""
        return self._trouble

    def close(self) -> None:
        """Closes the file."""
        self._images.close()

    def _next_image(self) -> Image:
        try:
            image = next(self._images, None)
            if image is None:
                self._images = self._play()
                image = next(self._images)
        except LintelError as error:
            self._trouble = error.message
            raise
        self._trouble = ""
        return image


def open_image_camera(path: Path, clock: Clock, *, rotate: Literal[0, 90, 180, 270] = 0) -> FileCamera:
    """One image, or those of a folder by name, over and over, turned clockwise by `rotate` degrees.

    Raises `ImageError` at once for a damaged file.
    """
    files = image_files(path) if path.is_dir() else (path,)
    first = read_image(files[0])
    return FileCamera(lambda: _turned(_images(first, files[1:]), rotate), IMAGE_RATE_FPS, clock)


def open_video_camera(path: Path, clock: Clock, *, rotate: Literal[0, 90, 180, 270] = 0) -> FileCamera:
    """A clip at its own frame rate, over and over, turned likewise. Raises `CameraError` if it cannot be read."""
    if not path.is_file():
        raise _unreadable(path, "there is no such file")
    capture = cv2.VideoCapture(str(path))
    try:
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        if not capture.isOpened() or not capture.read()[0]:
            raise _unreadable(path, "it is damaged, truncated, or in a format that OpenCV does not know")
    finally:
        capture.release()
    return FileCamera(lambda: _turned(video_frames(path), rotate), rate if 1.0 <= rate <= 240.0 else 25.0, clock)


def _turned(images: Generator[Image], degrees: Literal[0, 90, 180, 270]) -> Generator[Image]:
    with closing(images):
        for image in images:
            yield turned(image, degrees)


def _images(first: Image, others: tuple[Path, ...]) -> Generator[Image]:
    yield first
    for file in others:
        yield read_image(file)


def video_frames(path: Path) -> Generator[Image]:
    """The frames of a clip, RGB uint8, once. Raises `CameraError` at the end of one that is cut off."""
    capture = cv2.VideoCapture(str(path))
    try:
        announced_s = _announced_s(capture)
        decoded, last_s = 0, 0.0
        while True:
            good, image = capture.read()
            if not good:
                break
            decoded, last_s = decoded + 1, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            yield np.ascontiguousarray(image[:, :, ::-1])
    finally:
        capture.release()
    try:
        missing = _missing(path, decoded) or _missing_time(path, last_s, announced_s)
    except OSError as error:
        raise _unreadable(path, in_words(error)) from None
    if missing:
        raise _unreadable(path, f"it is truncated, {missing}")
    if decoded == 0:
        raise _unreadable(path, "it shows no frame")


def _announced_s(capture: cv2.VideoCapture) -> float:
    """How long a clip says it is, seconds; 0 if it doesn't."""
    frames, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    return float(frames / rate) if frames > 0 and rate > 0 else 0.0


def _missing(path: Path, decoded: int) -> str:
    """How much of a file is missing, in words, if more is than a frame."""
    found = extent(path)
    if found is None:
        return ""
    spared = FRAMES_MISSED * found.there / decoded if decoded else 0.0
    if found.whole - found.there <= spared:
        return ""
    return f"only {found.there} of its {found.whole} bytes are there"


def _missing_time(path: Path, last_s: float, announced_s: float) -> str:
    """How much is missing of what has no structure that says it."""
    if extent(path) is not None or last_s >= MIN_SHARE_SHOWN * announced_s:
        return ""
    return f"it ends after {last_s:.1f} of {announced_s:.1f} s"


def with_noise(image: Image, seed: int) -> Image:
    """The image with a sensor's noise: always the same for a seed, different for each of 100,000 seeds."""
    row = _noise(image.size)
    start = seed * _NOISE_STEP % (row.size - image.size)
    noisy = cv2.add(image, row[start : start + image.size].reshape(image.shape), dtype=cv2.CV_8U)
    return np.asarray(noisy, np.uint8)


@functools.lru_cache(maxsize=1)
def _noise(size: int) -> NDArray[np.int16]:
    drawn = np.random.default_rng(0).normal(0.0, NOISE_LEVELS, size + 200_003)
    return np.rint(drawn).astype(np.int16)


def _unreadable(path: Path, why: str) -> CameraError:
    return CameraError(f"Cannot play the clip {path}: {why}.", hint="Give an intact video file, such as MP4 or AVI.")
