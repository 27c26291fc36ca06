"""Cameras that play files: images in turn, or a video clip, over and over."""

from collections.abc import Callable, Generator
from pathlib import Path

import cv2
import numpy as np

from device.errors import CameraError
from device.images import image_files, read_image
from device.ports import Clock
from device.records import Frame, Image

IMAGE_RATE_FPS = 10.0
MIN_SHARE_DECODED = 0.9
"""A clip that ends before this share of the frames it announces is truncated."""


class FileCamera:
    """`Camera` that plays images at a steady rate, over and over, each stamped when it is given."""

    def __init__(self, play: Callable[[], Generator[Image]], rate_fps: float, clock: Clock) -> None:
        """`play` gives all images once."""
        self._play = play
        self._images = play()
        self._interval_s = 1.0 / rate_fps
        self._clock = clock
        self._next_at = clock.monotonic()

    def read(self, timeout_s: float) -> Frame | None:
        """The next image when its time has come. Raises `CameraError` or `ImageError` if the file is damaged; the next
        read begins anew.
        """
        now = self._clock.monotonic()
        wait = max(0.0, self._next_at - now)
        self._clock.sleep(min(wait, timeout_s))
        if wait > timeout_s:
            return None
        captured_at = self._clock.monotonic()
        self._next_at = captured_at + self._interval_s
        return Frame(self._next_image(), captured_at)

    def close(self) -> None:
        """Closes the file."""
        self._images.close()

    def _next_image(self) -> Image:
        image = next(self._images, None)
        if image is None:
            self._images = self._play()
            image = next(self._images)
        return image


def open_image_camera(path: Path, clock: Clock) -> FileCamera:
    """One image, or those of a folder by name, over and over. Raises `ImageError` at once for a damaged file."""
    files = image_files(path) if path.is_dir() else (path,)
    first = read_image(files[0])
    return FileCamera(lambda: _images(first, files[1:]), IMAGE_RATE_FPS, clock)


def open_video_camera(path: Path, clock: Clock) -> FileCamera:
    """A clip at its own frame rate, over and over. Raises `CameraError` if it cannot be read."""
    if not path.is_file():
        raise _unreadable(path, "there is no such file")
    capture = cv2.VideoCapture(str(path))
    try:
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        if not capture.isOpened() or not capture.read()[0]:
            raise _unreadable(path, "it is damaged, truncated, or in a format that OpenCV does not know")
    finally:
        capture.release()
    return FileCamera(lambda: video_frames(path), rate if 1.0 <= rate <= 240.0 else 25.0, clock)


def _images(first: Image, others: tuple[Path, ...]) -> Generator[Image]:
    yield first
    for file in others:
        yield read_image(file)


def video_frames(path: Path) -> Generator[Image]:
    """The frames of a clip, RGB uint8, once. Raises `CameraError` when it ends before its announced length."""
    capture = cv2.VideoCapture(str(path))
    try:
        announced, decoded = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0
        while True:
            good, image = capture.read()
            if not good:
                break
            decoded += 1
            yield np.ascontiguousarray(image[:, :, ::-1])
    finally:
        capture.release()
    if decoded == 0 or decoded < MIN_SHARE_DECODED * announced:
        raise _unreadable(path, f"it is truncated, only {decoded} of its {announced} frames are there")


def _unreadable(path: Path, why: str) -> CameraError:
    return CameraError(f"Cannot play the clip {path}: {why}.", hint="Give an intact video file, such as MP4 or AVI.")
